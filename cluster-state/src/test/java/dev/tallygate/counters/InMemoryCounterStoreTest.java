package dev.tallygate.counters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InMemoryCounterStoreTest extends CounterStoreContract {
  @Override
  protected CounterStore newStore(InstantSource clock) {
    return new InMemoryCounterStore(clock);
  }

  @Override
  protected int entriesIn(CounterStore store) {
    return ((InMemoryCounterStore) store).size();
  }

  @Test
  void subjectsThatAreNeverSeenAgainAreForgotten() {
    // Given
    ManualClock clock = new ManualClock(Instant.parse("2026-03-01T12:00:00Z"));
    InMemoryCounterStore store = new InMemoryCounterStore(clock);

    // When
    for (int i = 0; i < 5000; i++) {
      CounterKey key = new CounterKey(Scope.SESSION, "s" + i, "calls", 1, Algorithm.FIXED);
      store.reserve(
          "r" + i, List.of(new Claim(key, BigDecimal.ONE, BigDecimal.ONE, OnStoreLoss.DENY)));
      clock.advance(Duration.ofSeconds(1));
    }

    // Then
    assertThat(store.size()).isLessThan(70);
  }

  @Test
  void settledReservationsAreForgottenWhenTheirTimeIsOver() {
    // Given
    ManualClock clock = new ManualClock(Instant.parse("2026-03-01T12:00:00Z"));
    InMemoryCounterStore store = new InMemoryCounterStore(clock);
    for (int i = 0; i < 5000; i++) {
      settleOne(store, "r" + i);
    }

    // When
    clock.advance(CounterTable.REMEMBERED);
    settleOne(store, "last");

    // Then
    int counterAndLast = 2;
    assertThat(store.size()).isEqualTo(counterAndLast);
  }

  private static void settleOne(CounterStore store, String id) {
    CounterKey key = new CounterKey(Scope.GRANT, "g", "calls", 86_400, Algorithm.FIXED);
    Claim claim = new Claim(key, BigDecimal.ONE, BigDecimal.valueOf(9999), OnStoreLoss.DENY);
    store
        .reserve(id, List.of(claim))
        .thenCompose(
            result -> store.settle(((ReserveResult.Reserved) result).reservation(), Map.of()))
        .toCompletableFuture()
        .join();
  }
}
