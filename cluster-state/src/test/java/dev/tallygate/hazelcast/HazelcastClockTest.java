package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.hazelcast.internal.util.Clock;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HazelcastClockTest {
  private static final long A_WHILE = Duration.ofSeconds(30).toMillis();

  @Test
  void hazelcastIsShownNoJumpOfTheMachinesClock() {
    // Given
    AtomicLong machineMillis = new AtomicLong(Duration.ofDays(20_000).toMillis());
    AtomicLong nanos = new AtomicLong();
    HazelcastClock clock = new HazelcastClock(machineMillis::get, nanos::get);
    long before = clock.currentTimeMillis();

    // When
    machineMillis.addAndGet(Duration.ofDays(1).toMillis());
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    long ahead = clock.currentTimeMillis();
    machineMillis.addAndGet(Duration.ofDays(-2).toMillis());
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    long behind = clock.currentTimeMillis();

    // Then
    assertThat(ahead).isEqualTo(before + 1_050);
    assertThat(behind).isEqualTo(ahead + 950);
  }

  @Test
  void hazelcastGoesByItInEveryProcessThatCounts() throws Exception {
    // When
    EmbeddedHazelcast.standaloneConfig();
    Field clock = Clock.class.getDeclaredField("CLOCK");
    clock.setAccessible(true);

    // Then
    assertThat(clock.get(null)).isExactlyInstanceOf(HazelcastClock.class);
    assertThat(Clock.currentTimeMillis()).isCloseTo(System.currentTimeMillis(), within(A_WHILE));
  }

  @Test
  void nodeThatStandsAloneGoesOnFromTheTimeOfItsPredecessorWhoseClockWasAhead() {
    // Given a counter that was used up by a clock a day ahead
    try (EmbeddedHazelcast alone = EmbeddedHazelcast.standalone()) {
      CounterKey key = new CounterKey(Scope.GRANT, "alice", "calls", 1, Algorithm.FIXED);
      Claim claim = new Claim(key, BigDecimal.ONE, BigDecimal.ONE, OnStoreLoss.DENY);
      CounterTable used = new CounterTable();
      used.reserve(
          "before", List.of(claim), System.currentTimeMillis() + Duration.ofDays(1).toMillis());
      alone.member().getMap(HazelcastCounterStore.MAP).put("GRANT:alice", used);

      // When // Then
      await()
          .atMost(Duration.ofMillis(A_WHILE))
          .until(() -> reserve(alone.counterStore(), claim) instanceof ReserveResult.Reserved);
    }
  }

  private static ReserveResult reserve(CounterStore store, Claim claim) {
    return store.reserve(UUID.randomUUID().toString(), List.of(claim)).toCompletableFuture().join();
  }
}
