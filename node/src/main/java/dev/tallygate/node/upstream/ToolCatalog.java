package dev.tallygate.node.upstream;

import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The tools that a server is known to have, so that a name which it does not have and one that is
 * hidden are answered alike.
 *
 * <p>Known are the tools of the gate's own listing, and those of lists that passed to clients: some
 * servers show a tool only to clients with certain capabilities. Thread-safe.
 */
public final class ToolCatalog {
  /** How often strangers' guesses may make the gate ask the server again. */
  static final Duration REFRESH_AT_MOST_EVERY = Duration.ofSeconds(5);

  private static final int MAX_OBSERVED = 10_000;

  private final LongSupplier nanos;
  private final Set<String> observed = ConcurrentHashMap.newKeySet();
  private volatile Set<String> listed = Set.of();
  private volatile boolean everListed;
  private final AtomicLong lastListing;

  public ToolCatalog(LongSupplier nanos) {
    this.nanos = nanos;
    this.lastListing = new AtomicLong(nanos.getAsLong() - REFRESH_AT_MOST_EVERY.toNanos());
  }

  public boolean knows(String tool) {
    return listed.contains(tool) || observed.contains(tool);
  }

  /** Whether the gate has had the server's list at all. */
  public boolean isKnown() {
    return everListed;
  }

  /** Takes note of tools that a list on its way to a client held. */
  public void observe(Collection<String> names) {
    if (observed.size() + names.size() > MAX_OBSERVED) {
      observed.clear();
    }
    names.stream().limit(MAX_OBSERVED).forEach(observed::add);
  }

  /** Whether the caller should list the server's tools now; says so to one caller at a time. */
  boolean claimListing() {
    long last = lastListing.get();
    long now = nanos.getAsLong();
    return now - last >= REFRESH_AT_MOST_EVERY.toNanos() && lastListing.compareAndSet(last, now);
  }

  void listed(Collection<String> names) {
    listed = Set.copyOf(names);
    everListed = true;
  }
}
