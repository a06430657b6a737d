package dev.tallygate.node.upstream;

import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
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

  /** How soon the gate asks again after the server did not answer. */
  static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private static final int MAX_OBSERVED = 10_000;

  private final LongSupplier nanos;
  private final Set<String> observed = ConcurrentHashMap.newKeySet();
  private volatile Set<String> listed = Set.of();
  private volatile boolean everListed;
  private CompletableFuture<Void> listing = CompletableFuture.completedFuture(null);
  private long nextListing;

  public ToolCatalog(LongSupplier nanos) {
    this.nanos = nanos;
    this.nextListing = nanos.getAsLong();
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

  /**
   * One caller's part in a listing.
   *
   * @param mine whether the caller is to list the server's tools, and then to say {@link #listed}
   *     or {@link #failed}; one caller at a time is
   * @param over completes when the listing under way, whosever it is, has ended
   */
  record Turn(boolean mine, CompletionStage<Void> over) {}

  /** The listing under way; a new one if none is and the last was long enough ago. */
  synchronized Turn turn() {
    boolean due = listing.isDone() && nanos.getAsLong() - nextListing >= 0;
    if (due) {
      listing = new CompletableFuture<>();
    }
    return new Turn(due, listing.minimalCompletionStage());
  }

  void listed(Collection<String> names) {
    listed = Set.copyOf(names);
    everListed = true;
    end(REFRESH_AT_MOST_EVERY);
  }

  void failed() {
    end(RETRY_AFTER);
  }

  private void end(Duration pause) {
    CompletableFuture<Void> ended;
    synchronized (this) {
      ended = listing;
      nextListing = nanos.getAsLong() + pause.toNanos();
    }
    ended.complete(null);
  }
}
