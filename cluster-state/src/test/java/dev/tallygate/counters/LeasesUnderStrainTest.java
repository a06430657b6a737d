package dev.tallygate.counters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.tallygate.counters.LedgerResult.Held;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Refund;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** SlowCounterStore answers, trickles after bursts, and threads that are held up. */
class LeasesUnderStrainTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Subjects ALICE = new Subjects("alice", Optional.empty(), "payments");

  private final ManualClock clock = new ManualClock(NOON);
  private final LongSupplier nanos = LeasingCounterStoreContractTest.monotonic(clock);
  private final SlowCounterStore owner = new SlowCounterStore(new InMemoryCounterStore(clock));
  private int ids;

  /** Two calls a second, and four go out in one second. */
  @Test
  void callIsNotLetThroughByUnitsOfAWindowThatHasEnded() {
    // Given
    Ledger ledger = new Ledger(new LeasingCounterStore(owner, nanos, 50, Runnable::run), 1, clock);
    List<Charge> charges = List.of(charge("few", Scope.GRANT, 1, "2"));
    owner.holdBack = true;
    clock.advance(Duration.ofMillis(900));
    CompletableFuture<LedgerResult> early = start(ledger, charges);
    CompletableFuture<LedgerResult> other = start(ledger, charges);

    // When their answers take 1.2 s, which is within what a step may take
    clock.advance(Duration.ofMillis(1200));
    owner.holdBack = false;
    int inThisSecond = start(ledger, charges).join() instanceof Held ? 1 : 0;
    inThisSecond += start(ledger, charges).join() instanceof Held ? 1 : 0;
    owner.releaseAll();
    inThisSecond += early.join() instanceof Held ? 1 : 0;
    inThisSecond += other.join() instanceof Held ? 1 : 0;

    // Then
    assertThat(inThisSecond).isLessThanOrEqualTo(2);
  }

  /** Leased units outlive their window while a call waits for a limit that is counted exactly. */
  @Test
  void leasedUnitsAreNotSpentAfterTheirWindowWhileAnotherLimitIsWaitedFor() {
    // Given units at hand of a large limit
    LeasingCounterStore store = new LeasingCounterStore(owner, nanos, 50, Runnable::run);
    Ledger ledger = new Ledger(store, 1, clock);
    Charge large = charge("large", Scope.GRANT, 1, "100");
    Charge small = charge("small", Scope.SERVER, 3600, "10");
    clock.advance(Duration.ofMillis(500));
    start(ledger, List.of(large)).join();

    // When
    owner.holdBack = true;
    CompletableFuture<LedgerResult> call = start(ledger, List.of(large, small));
    clock.advance(Duration.ofMillis(1500));
    owner.holdBack = false;
    owner.releaseAll();

    // Then what it holds is of the window that it is let through in, if it is
    if (call.join() instanceof Held held) {
      assertThat(held.shared().orElseThrow().holds())
          .filteredOn(hold -> hold.key().windowSeconds() == 1)
          .allSatisfy(hold -> assertThat(hold.window()).isEqualTo(clock.millis() / 1000));
    }
  }

  /** What is said in limits.md: for a third of a second at most. */
  @Test
  void trickleDoesNotKeepWhatABurstLeased() {
    // Given a holder that had a burst and has five calls a second since
    LeasingCounterStore one = new LeasingCounterStore(owner, nanos, 50, Runnable::run);
    LeasingCounterStore other = new LeasingCounterStore(owner, nanos, 50, Runnable::run);
    CounterKey key = key("calls", 86_400);
    int admitted = 0;
    for (int i = 0; i < 600; i++) {
      admitted += reserve(one, key, 1, 2_000) instanceof Reserved ? 1 : 0;
      if (i % 4 == 0) {
        clock.advance(Duration.ofMillis(1));
      }
    }
    ReserveResult last = null;
    for (int i = 0; i < 3_000 && !(last instanceof Exceeded); i++) {
      last = reserve(other, key, 1, 2_000);
      admitted += last instanceof Reserved ? 1 : 0;
    }

    // When it has five calls a second for five seconds, and the other wants all that is left
    for (int i = 0; i < 25; i++) {
      admitted += reserve(one, key, 1, 2_000) instanceof Reserved ? 1 : 0;
      for (int half = 0; half < 2; half++) {
        clock.advance(Duration.ofMillis(100));
        one.tidy();
        other.tidy();
        do {
          last = reserve(other, key, 1, 2_000);
          admitted += last instanceof Reserved ? 1 : 0;
        } while (last instanceof Reserved);
      }
    }

    // Then
    assertThat(admitted).as("let through after 5 s; the other is told %s", last).isEqualTo(2_000);
  }

  /** A counter is looked after before it is in the map, where its thread is held up in between. */
  @Test
  void tidyBearsACounterThatIsAboutToBe() throws Exception {
    // Given a thread that is held up for 300 ms where it makes a counter
    AtomicInteger asked = new AtomicInteger();
    AtomicInteger hookAt = new AtomicInteger(Integer.MAX_VALUE);
    LeasingCounterStore[] store = new LeasingCounterStore[1];
    Throwable[] thrown = new Throwable[1];
    LongSupplier held =
        () -> {
          if (asked.incrementAndGet() == hookAt.get()) {
            clock.advance(Duration.ofMillis(300));
            Thread tidying =
                new Thread(
                    () -> {
                      try {
                        store[0].tidy();
                      } catch (Throwable e) {
                        thrown[0] = e;
                      }
                    });
            tidying.start();
            try {
              tidying.join();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
          return nanos.getAsLong();
        };
    store[0] = new LeasingCounterStore(owner, held, 50, Runnable::run);

    // When: in reserve one reading is for tidyIfDue, the second is the counter's
    hookAt.set(asked.get() + 2);
    assertThatCode(() -> reserve(store[0], key("calls", 60), 1, 1_000)).doesNotThrowAnyException();
    clock.advance(Duration.ofSeconds(5));
    store[0].tidy();
    store[0].tidy();

    // Then
    assertThat(thrown[0]).isNull();
  }

  /** At the end of a process nobody tidies any more. */
  @Test
  void leaseThatComesAfterAllWasGivenBackIsGivenBackToo() {
    // Given the next lease on its way
    LeasingCounterStore store = new LeasingCounterStore(owner, nanos, 50, Runnable::run);
    CounterKey key = key("calls", 86_400);
    int spent = 0;
    for (int i = 0; i < 300 && owner.heldBack.isEmpty(); i++) {
      owner.holdBack = i > 20;
      CompletableFuture<ReserveResult> call = start(store, key, 1, 1_000);
      spent += call.isDone() ? 1 : 0;
      clock.advance(Duration.ofMillis(1));
    }
    owner.holdBack = false;

    // When
    store.close();
    owner.releaseAll();

    // Then
    assertThat(used(key)).isLessThanOrEqualTo(spent + 1);
  }

  private static Charge charge(String counter, Scope scope, long seconds, String max) {
    return new Charge(
        scope,
        counter,
        seconds,
        Algorithm.FIXED,
        BigDecimal.ONE,
        new BigDecimal(max),
        Refund.NEVER,
        OnStoreLoss.DENY,
        "rule",
        Optional.empty());
  }

  private static CounterKey key(String counter, long seconds) {
    return new CounterKey(Scope.GRANT, "alice", counter, seconds, Algorithm.FIXED);
  }

  private static CompletableFuture<LedgerResult> start(Ledger ledger, List<Charge> charges) {
    return ledger.reserve(charges, ALICE).toCompletableFuture();
  }

  private CompletableFuture<ReserveResult> start(
      CounterStore from, CounterKey key, int units, int max) {
    Claim claim =
        new Claim(key, BigDecimal.valueOf(units), BigDecimal.valueOf(max), OnStoreLoss.DENY);
    return from.reserve("r" + System.identityHashCode(from) + ids++, List.of(claim))
        .toCompletableFuture();
  }

  private ReserveResult reserve(CounterStore from, CounterKey key, int units, int max) {
    return start(from, key, units, max).join();
  }

  private int used(CounterKey key) {
    return owner.usage(key).toCompletableFuture().join().used().intValueExact();
  }
}
