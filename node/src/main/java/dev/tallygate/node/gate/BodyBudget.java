package dev.tallygate.node.gate;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes of bodies a node holds at one time, of requests or of answers, so that a burst of
 * large ones ends in refusals and not in an exhausted heap.
 *
 * <p>A large body leaves the last quarter to small ones: calls with files do not keep other calls
 * out. Where no body is held any one is, whatever its length. Thread-safe.
 */
final class BodyBudget {
  static final long SMALL_BYTES = 64 * 1024;

  /** A body is held as it came, as it was read and, for a moment, in its canonical form. */
  private static final int HEAP_SHARE = 16;

  private final long max;
  private final AtomicLong held = new AtomicLong();

  BodyBudget(long max) {
    this.max = max;
  }

  /** A budget that the heap of this process can bear. */
  static BodyBudget ofHeap() {
    return new BodyBudget(Runtime.getRuntime().maxMemory() / HEAP_SHARE);
  }

  /** What large bodies may take together, in bytes. */
  long forLarge() {
    return max / 4 * 3;
  }

  /**
   * Takes {@code bytes} more for a body of which {@code already} are taken.
   *
   * @return false where there is no room; nothing is taken then
   */
  boolean take(long bytes, long already) {
    long limit = already + bytes > SMALL_BYTES ? forLarge() : max;
    long before = held.getAndUpdate(now -> hasRoom(now, bytes, already, limit) ? now + bytes : now);
    return hasRoom(before, bytes, already, limit);
  }

  private static boolean hasRoom(long now, long bytes, long already, long limit) {
    return now == already || now + bytes <= limit;
  }

  void giveBack(long bytes) {
    held.addAndGet(-bytes);
  }

  /** What one body holds, which grows and shrinks. Used on one thread at a time. */
  final class Share {
    private long bytes;

    /**
     * Holds {@code now} bytes in place of those before.
     *
     * @return false where there is no room; then nothing changes
     */
    boolean hold(long now) {
      if (now > bytes && !take(now - bytes, bytes)) {
        return false;
      }
      if (now < bytes) {
        giveBack(bytes - now);
      }
      bytes = now;
      return true;
    }
  }
}
