package dev.tallygate.load.limits;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;

/** The cluster's store, and how often it was asked. */
record CountedStore(CounterStore store, LongAdder calls) implements CounterStore {
  CountedStore(CounterStore store) {
    this(store, new LongAdder());
  }

  @Override
  public CompletionStage<ReserveResult> reserve(String reservationId, List<Claim> claims) {
    calls.increment();
    return store.reserve(reservationId, claims);
  }

  @Override
  public CompletionStage<Boolean> settle(
      Reservation reservation, Map<CounterKey, BigDecimal> givenBack) {
    calls.increment();
    return store.settle(reservation, givenBack);
  }

  @Override
  public CompletionStage<Boolean> shrink(Reservation smaller) {
    calls.increment();
    return store.shrink(smaller);
  }

  @Override
  public CompletionStage<Usage> usage(CounterKey key) {
    calls.increment();
    return store.usage(key);
  }

  @Override
  public void close() {
    store.close();
  }
}
