package dev.tallygate.counters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.counters.LedgerResult.Held;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Refund;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Whatever calls come and go: what is counted is what was reserved and not given back. */
class LedgerPropertiesTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Subjects SUBJECTS =
      new Subjects("alice", Optional.of("session-1"), "payments");
  private static final List<String> COUNTERS = List.of("a", "b");
  private static final List<String> AMOUNTS = List.of("0", "1", "0.005", "2.50", "7");

  @Property(tries = 500)
  void refundNeverExceedsItsReservation(@ForAll Random random) {
    // Given
    ManualClock clock = new ManualClock(NOON);
    InMemoryCounterStore store = new InMemoryCounterStore(clock);
    Ledger ledger = new Ledger(store, 1, clock);
    List<Held> held = new ArrayList<>();

    for (int steps = 0; steps < 40; steps++) {
      int step = random.nextInt(5);
      if (step < 2 || held.isEmpty()) {
        if (join(ledger.reserve(charges(random), SUBJECTS)) instanceof Held call) {
          held.add(call);
        }
      } else if (step == 2) {
        clock.advance(Duration.ofSeconds(random.nextInt(25)));
      } else {
        // When
        Map<CounterKey, BigDecimal> before = used(store);
        Held call = held.get(random.nextInt(held.size()));
        Outcome outcome = Outcome.values()[random.nextInt(Outcome.values().length)];
        join(ledger.settle(call, outcome));

        // Then
        used(store)
            .forEach(
                (key, after) -> {
                  BigDecimal given = before.get(key).subtract(after);
                  assertThat(after).isNotNegative();
                  assertThat(given)
                      .isNotNegative()
                      .isLessThanOrEqualTo(refundable(call, key, outcome));
                });
      }
    }
  }

  @Property(tries = 500)
  void countIsTheSumOfWhatWasNotGivenBack(@ForAll Random random) {
    // Given
    ManualClock clock = new ManualClock(NOON);
    InMemoryCounterStore store = new InMemoryCounterStore(clock);
    Ledger ledger = new Ledger(store, 1, clock);
    List<Held> held = new ArrayList<>();
    Map<Held, Outcome> settled = new LinkedHashMap<>();

    // When
    for (int steps = 0; steps < 40; steps++) {
      if (random.nextBoolean() || held.isEmpty()) {
        if (join(ledger.reserve(charges(random), SUBJECTS)) instanceof Held call) {
          held.add(call);
        }
      } else {
        Held call = held.get(random.nextInt(held.size()));
        Outcome outcome = Outcome.values()[random.nextInt(Outcome.values().length)];
        join(ledger.settle(call, outcome));
        settled.putIfAbsent(call, outcome);
      }
    }

    // Then
    used(store)
        .forEach(
            (key, used) -> {
              BigDecimal kept = BigDecimal.ZERO;
              for (Held call : held) {
                Charge charge = call.charges().get(key);
                if (charge != null) {
                  BigDecimal back =
                      settled.containsKey(call)
                          ? refundable(call, key, settled.get(call))
                          : BigDecimal.ZERO;
                  kept = kept.add(charge.amount()).subtract(back);
                }
              }
              assertThat(used).isEqualByComparingTo(kept);
            });
  }

  /** What a first settling gives back; zero where the call holds nothing of the counter. */
  private static BigDecimal refundable(Held call, CounterKey key, Outcome outcome) {
    Charge charge = call.charges().get(key);
    return charge != null && outcome.refunds(charge.refund()) ? charge.amount() : BigDecimal.ZERO;
  }

  private static Map<CounterKey, BigDecimal> used(InMemoryCounterStore store) {
    Map<CounterKey, BigDecimal> used = new LinkedHashMap<>();
    for (String counter : COUNTERS) {
      for (Algorithm algorithm : Algorithm.values()) {
        CounterKey key = new CounterKey(Scope.GRANT, "alice", counter, 60, algorithm);
        used.put(key, join(store.usage(key)).used());
      }
    }
    return used;
  }

  private static List<Charge> charges(Random random) {
    List<Charge> charges = new ArrayList<>();
    for (String counter : COUNTERS) {
      charges.add(
          new Charge(
              Scope.GRANT,
              counter,
              60,
              Algorithm.values()[random.nextInt(Algorithm.values().length)],
              new BigDecimal(AMOUNTS.get(random.nextInt(AMOUNTS.size()))),
              new BigDecimal(20),
              Refund.values()[random.nextInt(Refund.values().length)],
              OnStoreLoss.DENY,
              "/all_tools/limits/0",
              Optional.empty()));
    }
    return charges;
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
