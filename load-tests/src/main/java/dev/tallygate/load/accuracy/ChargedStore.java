package dev.tallygate.load.accuracy;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.policy.Algorithm;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The cluster's store, with a log of the units that it charged, for leases and for single calls,
 * and of those that it got back in time. Thread-safe.
 */
final class ChargedStore implements CounterStore {
  /** Units held, and until when they free room where they are given back. */
  private record Holding(Column.Subject of, Reservation.Hold hold, long untilNanos) {
    Holding with(BigDecimal units) {
      return new Holding(of, new Reservation.Hold(hold.key(), units, hold.window()), untilNanos);
    }

    UnitLog.Entry entry(BigDecimal units) {
      return new UnitLog.Entry(of.column(), of.number(), hold.window(), units.longValueExact());
    }
  }

  private final CounterStore store;
  private final UnitLog charged;
  private final Map<String, Holding> holdings = new ConcurrentHashMap<>();

  ChargedStore(CounterStore store, UnitLog charged) {
    this.store = store;
    this.charged = charged;
  }

  @Override
  public CompletionStage<ReserveResult> reserve(String reservationId, List<Claim> claims) {
    return store
        .reserve(reservationId, claims)
        .thenApply(
            result -> {
              if (result instanceof Reserved reserved) {
                note(reserved);
              }
              return result;
            });
  }

  private void note(Reserved reserved) {
    Reservation.Hold hold = reserved.reservation().holds().get(0);
    Column.Subject.of(hold.key().subject())
        .ifPresent(
            of -> {
              // A sliding counter frees what is given back as long as it is charged.
              long chargedFor =
                  hold.key().algorithm() == Algorithm.SLIDING ? hold.key().windowSeconds() : 0;
              long untilNanos =
                  System.nanoTime()
                      + reserved.spendWithin().toNanos()
                      + TimeUnit.SECONDS.toNanos(chargedFor);
              Holding holding = new Holding(of, hold, untilNanos);
              charged.add(holding.entry(hold.amount()));
              holdings.put(reserved.reservation().id(), holding);
            });
  }

  @Override
  public CompletionStage<Boolean> settle(
      Reservation reservation, Map<CounterKey, BigDecimal> givenBack) {
    Holding held = holdings.remove(reservation.id());
    CompletionStage<Boolean> settled = store.settle(reservation, givenBack);
    if (held == null) {
      return settled;
    }
    BigDecimal back = givenBack.getOrDefault(held.hold().key(), BigDecimal.ZERO);
    return settled.thenApply(done -> freed(held, back.min(held.hold().amount()), done));
  }

  @Override
  public CompletionStage<Boolean> shrink(Reservation smaller) {
    Holding held = holdings.get(smaller.id());
    CompletionStage<Boolean> shrunk = store.shrink(smaller);
    if (held == null) {
      return shrunk;
    }
    BigDecimal kept = smaller.holds().get(0).amount().min(held.hold().amount());
    holdings.put(smaller.id(), held.with(kept));
    return shrunk.thenApply(done -> freed(held, held.hold().amount().subtract(kept), done));
  }

  private boolean freed(Holding held, BigDecimal units, boolean done) {
    if (done && units.signum() > 0 && System.nanoTime() - held.untilNanos() < 0) {
      charged.add(held.entry(units.negate()));
    }
    return done;
  }

  @Override
  public CompletionStage<Usage> usage(CounterKey key) {
    return store.usage(key);
  }

  @Override
  public void close() {
    store.close();
  }
}
