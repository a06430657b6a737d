package dev.tallygate.counters;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** A store that asks another one; tests change what they want to be different. */
class ForwardingCounterStore implements CounterStore {
  private final CounterStore counts;

  ForwardingCounterStore(CounterStore counts) {
    this.counts = counts;
  }

  @Override
  public CompletionStage<ReserveResult> reserve(String id, List<Claim> claims) {
    return counts.reserve(id, claims);
  }

  @Override
  public CompletionStage<Boolean> settle(
      Reservation reservation, Map<CounterKey, BigDecimal> givenBack) {
    return counts.settle(reservation, givenBack);
  }

  @Override
  public CompletionStage<Boolean> shrink(Reservation smaller) {
    return counts.shrink(smaller);
  }

  @Override
  public CompletionStage<Usage> usage(CounterKey key) {
    return counts.usage(key);
  }

  @Override
  public void close() {
    counts.close();
  }
}
