package dev.tallygate.sessions;

import dev.tallygate.registry.Sha256;
import java.util.Arrays;

/**
 * The last ids of a kind that were seen; older ones are forgotten. Of each only 64 bits of its
 * digest are held, so that ids of any length take the same room. Thread-safe.
 */
public final class RecentIds {
  /** How many are remembered. */
  public static final int MAX = 1024;

  private static final int FIRST = 8;

  private final int max;
  private long[] ring = new long[FIRST];
  private int next;
  private int size;

  /** Remembers {@value #MAX}. */
  public RecentIds() {
    this(MAX);
  }

  /**
   * @param max how many are remembered, 8 or more
   */
  public RecentIds(int max) {
    this.max = max;
  }

  /**
   * @param digests the oldest first
   */
  public static RecentIds of(int max, long[] digests) {
    RecentIds ids = new RecentIds(max);
    for (long digest : digests) {
      ids.add(digest);
    }
    return ids;
  }

  public void add(String id) {
    add(digest(id));
  }

  /** Adds an id by its {@link #digest}. */
  public synchronized void add(long digest) {
    if (size == ring.length && ring.length < max) {
      ring = Arrays.copyOf(ring, Math.min(max, ring.length * 4));
      next = size;
    }
    ring[next] = digest;
    next = (next + 1) % ring.length;
    size = Math.min(size + 1, ring.length);
  }

  public boolean contains(String id) {
    return contains(digest(id));
  }

  /** Whether an id of that {@link #digest} is among them. */
  public synchronized boolean contains(long digest) {
    for (int i = 0; i < size; i++) {
      if (ring[i] == digest) {
        return true;
      }
    }
    return false;
  }

  /** Digests of all that are remembered, the oldest first. */
  public synchronized long[] digests() {
    long[] all = new long[size];
    for (int i = 0; i < size; i++) {
      all[i] = ring[(next - size + i + ring.length) % ring.length];
    }
    return all;
  }

  /** What is held of an id. */
  public static long digest(String id) {
    return Long.parseUnsignedLong(Sha256.of(id).hex(), 0, 16, 16);
  }
}
