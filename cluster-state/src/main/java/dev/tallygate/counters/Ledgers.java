package dev.tallygate.counters;

import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntSupplier;

/**
 * The ledgers of a node, one for each of its event loops, so that no two of them wait for each
 * other: each leases for itself what it spends. What the node counts by itself, while the shared
 * count cannot be had, they count together.
 *
 * <p>{@link #tidy} must be called some times a second. Thread-safe; never blocks.
 */
public final class Ledgers {
  private final CounterStore shared;
  private final InMemoryCounterStore share;
  private final IntSupplier nodes;
  private final List<LeasingCounterStore> leasing = new CopyOnWriteArrayList<>();

  /**
   * @param shared the count of all nodes; the caller closes it
   * @param nodes how many nodes share a limit, 1 or more
   * @param clock for what the node counts by itself
   */
  public Ledgers(CounterStore shared, IntSupplier nodes, InstantSource clock) {
    this.shared = shared;
    this.share = new InMemoryCounterStore(clock);
    this.nodes = nodes;
  }

  /** A ledger for one more event loop. */
  public Ledger open() {
    LeasingCounterStore leases = new LeasingCounterStore(shared);
    leasing.add(leases);
    return new Ledger(leases, share, nodes);
  }

  /** Gives back what is leased and not used. */
  public void tidy() {
    leasing.forEach(LeasingCounterStore::tidy);
  }

  /** Gives back all that is leased and not spent; completes when that is done. */
  public CompletionStage<Void> giveBackAll() {
    return CompletableFuture.allOf(
        leasing.stream()
            .map(leases -> leases.giveBackAll().toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new));
  }
}
