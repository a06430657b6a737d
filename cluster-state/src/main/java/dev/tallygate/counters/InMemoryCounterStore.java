package dev.tallygate.counters;

import java.math.BigDecimal;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Counts in this process alone: the reference that other stores are held to, and the local count of
 * a node that has lost the shared one.
 *
 * <p>Thread-safe by one lock, held for a microsecond or so. Counts are lost with the process.
 */
public final class InMemoryCounterStore implements CounterStore {
  private final InstantSource clock;
  private final CounterTable table = new CounterTable();

  public InMemoryCounterStore(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public CompletionStage<ReserveResult> reserve(String reservationId, List<Claim> claims) {
    if (claims.isEmpty()) {
      return CompletableFuture.completedFuture(
          new ReserveResult.Reserved(
              new Reservation(reservationId, List.of()), CounterStore.ANY_TIME));
    }
    synchronized (table) {
      return CompletableFuture.completedFuture(
          table.reserve(reservationId, claims, clock.millis()));
    }
  }

  @Override
  public CompletionStage<Boolean> settle(
      Reservation reservation, Map<CounterKey, BigDecimal> givenBack) {
    synchronized (table) {
      return CompletableFuture.completedFuture(
          table.settle(reservation.id(), reservation.holdsAfter(givenBack), clock.millis()));
    }
  }

  @Override
  public CompletionStage<Boolean> shrink(Reservation smaller) {
    synchronized (table) {
      return CompletableFuture.completedFuture(
          table.shrink(smaller.id(), smaller.holds(), clock.millis()));
    }
  }

  @Override
  public CompletionStage<Usage> usage(CounterKey key) {
    synchronized (table) {
      return CompletableFuture.completedFuture(table.usage(key, clock.millis()));
    }
  }

  /** Counters and reservations in memory. */
  int size() {
    synchronized (table) {
      return table.size();
    }
  }

  @Override
  public void close() {}
}
