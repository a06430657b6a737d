package dev.tallygate.counters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class LeasingCounterStoreTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final long MINUTE = 60;
  private static final long DAY = 86_400;

  private final ManualClock clock = new ManualClock(NOON);
  private final LongSupplier nanos = LeasingCounterStoreContractTest.monotonic(clock);
  private final Owner owner = new Owner(new InMemoryCounterStore(clock));
  private final LeasingCounterStore store =
      new LeasingCounterStore(owner, nanos, 50, Runnable::run);
  private int ids;

  // asking seldom

  @Test
  void callsAgainstALargeLimitSeldomAskTheOwner() {
    // Given
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);

    // When a call comes every half millisecond
    int admitted = 0;
    for (int i = 0; i < 100_000; i++) {
      if (i % 2 == 0) {
        clock.advance(Duration.ofMillis(1));
      }
      admitted += reserve(store, key, 1, 100_000) instanceof Reserved ? 1 : 0;
    }

    // Then
    assertThat(admitted).isEqualTo(100_000);
    assertThat(owner.asked).isLessThan(1_000);
  }

  @Test
  void limitThatIsGoodForFewCallsIsCountedCallByCall() {
    // Given
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);

    // When
    for (int i = 0; i < 20; i++) {
      reserve(store, key, 1, 10);
    }

    // Then
    assertThat(owner.asked).isEqualTo(20);
    assertThat(owner.wanted).containsOnly(BigDecimal.ONE);
  }

  @Test
  void refusalOfALargeLimitIsRememberedForAMoment() {
    // Given
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);
    reserve(store, key, 100, 100);
    reserve(store, key, 1, 100);
    int asked = owner.asked;

    // When
    clock.advance(Duration.ofMillis(40));
    ReserveResult soon = reserve(store, key, 1, 100);
    int askedSoon = owner.asked;
    clock.advance(LeasedCounter.DRY);
    reserve(store, key, 1, 100);

    // Then
    assertThat(soon)
        .isInstanceOfSatisfying(
            Exceeded.class,
            refusal -> assertThat(refusal.retryAfter()).contains(Duration.ofMillis(59_960)));
    assertThat(askedSoon).isEqualTo(asked);
    assertThat(owner.asked).isEqualTo(asked + 1);
  }

  // never more than the maximum, and nothing lost

  @Test
  void oneHolderSpendsALimitToItsLastUnit() {
    // Given
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);

    // When
    int admitted = 0;
    for (int i = 0; i < 3_000; i++) {
      admitted += reserve(store, key, 1, 1_000) instanceof Reserved ? 1 : 0;
      clock.advance(Duration.ofMillis(1));
    }

    // Then
    assertThat(admitted).isEqualTo(1_000);
  }

  @Test
  void whatOneHolderLeavesReachesTheOther() {
    // Given a holder that had many calls and has none any more
    LeasingCounterStore other = new LeasingCounterStore(owner, nanos, 50, Runnable::run);
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);
    int admitted = 0;
    for (int i = 0; i < 400; i++) {
      admitted += reserve(store, key, 1, 1_000) instanceof Reserved ? 1 : 0;
      clock.advance(Duration.ofMillis(1));
    }

    // When
    clock.advance(LeasedCounter.IDLE.multipliedBy(2));
    store.tidy();
    for (int i = 0; i < 2_000; i++) {
      admitted += reserve(other, key, 1, 1_000) instanceof Reserved ? 1 : 0;
      clock.advance(Duration.ofMillis(1));
    }

    // Then
    assertThat(admitted).isEqualTo(1_000);
  }

  @Property(tries = 300)
  void holdersTogetherNeverAdmitMoreThanTheMaximumInAWindow(@ForAll Random random) {
    // Given
    ManualClock time = new ManualClock(NOON);
    InMemoryCounterStore counts = new InMemoryCounterStore(time);
    List<LeasingCounterStore> holders = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      holders.add(
          new LeasingCounterStore(
              counts, LeasingCounterStoreContractTest.monotonic(time), 2, Runnable::run));
    }
    long seconds = List.of(1L, 7L, MINUTE).get(random.nextInt(3));
    CounterKey key = key("calls", seconds, Algorithm.FIXED);
    int max = 4 + random.nextInt(60);
    Deque<Admitted> open = new ArrayDeque<>();
    Map<Long, BigDecimal> net = new java.util.HashMap<>();

    // When
    for (int step = 0; step < 400; step++) {
      LeasingCounterStore holder = holders.get(random.nextInt(3));
      switch (random.nextInt(8)) {
        case 0 -> time.advance(Duration.ofMillis(random.nextInt(400)));
        case 1 -> time.advance(Duration.ofMillis(random.nextInt((int) seconds * 500)));
        case 2 -> holder.tidy();
        case 3 -> {
          if (!open.isEmpty()) {
            Admitted ended = open.remove();
            boolean back = random.nextBoolean();
            ended.holder.settle(
                ended.reservation,
                back ? ended.reservation.unitsOf(java.util.Set.of(key)) : Map.of());
            if (back) {
              net.merge(ended.window, ended.units.negate(), BigDecimal::add);
            }
          }
        }
        default -> {
          int units = 1 + random.nextInt(3);
          if (reserve(holder, key, units, max) instanceof Reserved reserved) {
            long window = time.millis() / (seconds * 1000);
            open.add(
                new Admitted(holder, reserved.reservation(), window, BigDecimal.valueOf(units)));
            net.merge(window, BigDecimal.valueOf(units), BigDecimal::add);

            // Then
            assertThat(net.get(window)).isLessThanOrEqualTo(BigDecimal.valueOf(max));
          }
        }
      }
    }
  }

  private record Admitted(
      LeasingCounterStore holder, Reservation reservation, long window, BigDecimal units) {}

  @Property(tries = 200)
  void holdersTogetherNeverAdmitMoreThanTheMaximumInAnySlidingInterval(@ForAll Random random) {
    // Given
    ManualClock time = new ManualClock(NOON);
    InMemoryCounterStore counts = new InMemoryCounterStore(time);
    List<LeasingCounterStore> holders = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      holders.add(
          new LeasingCounterStore(
              counts, LeasingCounterStoreContractTest.monotonic(time), 2, Runnable::run));
    }
    CounterKey key = key("calls", MINUTE, Algorithm.SLIDING);
    int max = 4 + random.nextInt(40);
    Deque<Long> admitted = new ArrayDeque<>();

    // When
    for (int step = 0; step < 600; step++) {
      LeasingCounterStore holder = holders.get(random.nextInt(3));
      switch (random.nextInt(8)) {
        case 0 -> time.advance(Duration.ofMillis(random.nextInt(1_500)));
        case 1 -> time.advance(Duration.ofMillis(random.nextInt(30_000)));
        case 2 -> holder.tidy();
        default -> {
          if (reserve(holder, key, 1, max) instanceof Reserved) {
            admitted.add(time.millis());
            while (admitted.peek() <= time.millis() - 60_000) {
              admitted.remove();
            }

            // Then
            assertThat(admitted).hasSizeLessThanOrEqualTo(max);
          }
        }
      }
    }
  }

  // windows

  @Test
  void leaseIsNotSpentInTheNextWindow() {
    // Given a lease of many units just before the window ends
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);
    clock.advance(Duration.ofSeconds(58));
    for (int i = 0; i < 300; i++) {
      reserve(store, key, 1, 1_000);
    }
    clock.advance(Duration.ofSeconds(2));

    // When
    int admitted = 0;
    for (int i = 0; i < 2_000; i++) {
      admitted += reserve(store, key, 1, 1_000) instanceof Reserved ? 1 : 0;
      clock.advance(Duration.ofMillis(1));
    }

    // Then
    assertThat(admitted).isEqualTo(1_000);
    assertThat(used(owner, key)).isEqualTo(1_000);
  }

  @Test
  void leaseThatComesTooLateIsGivenBackAndAskedForAnew() {
    // Given
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);
    clock.advance(Duration.ofSeconds(50));
    owner.holdBack = true;
    CompletableFuture<ReserveResult> call = start(store, key, 1, 1_000);
    owner.holdBack = false;

    // When the answer is on its way until the next window
    clock.advance(Duration.ofSeconds(15));
    owner.heldBack.remove().run();

    // Then
    Reserved reserved = (Reserved) call.join();
    assertThat(reserved.reservation().holds().get(0).window()).isEqualTo(clock.millis() / 60_000);
    assertThat(used(owner, key)).isEqualTo(1);
  }

  // refunds

  @Test
  void refundMakesRoomElsewhereAlthoughItsLeaseWasGivenBack() {
    // Given
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);
    for (int i = 0; i < 300; i++) {
      reserve(store, key, 1, 1_000);
    }
    Reservation call = ((Reserved) reserve(store, key, 1, 1_000)).reservation();
    clock.advance(LeasedCounter.IDLE.multipliedBy(2));
    store.tidy();
    int before = used(owner, key);

    // When
    store.settle(call, Map.of(key, BigDecimal.ONE));
    store.giveBackAll();

    // Then
    assertThat(before).isEqualTo(301);
    assertThat(used(owner, key)).isEqualTo(300);
  }

  @Test
  void callThatEndsBeforeTheOwnerHearsOfTheRestGivesBackAll() {
    // Given an owner that hears of what is given back of a lease after the lease has ended
    Deque<Reservation> late = new ArrayDeque<>();
    CounterStore slow =
        new ForwardingCounterStore(owner) {
          @Override
          public CompletionStage<Boolean> shrink(Reservation smaller) {
            late.add(smaller);
            return new CompletableFuture<>();
          }
        };
    LeasingCounterStore holder = new LeasingCounterStore(slow, nanos, 50, Runnable::run);
    CounterKey key = key("calls", DAY, Algorithm.FIXED);
    Reservation call = ((Reserved) reserve(holder, key, 1, 1_000)).reservation();
    holder.giveBackAll();

    // When
    holder.settle(call, Map.of());
    late.forEach(owner::shrink);

    // Then
    assertThat(late).isNotEmpty();
    assertThat(used(owner, key)).isEqualTo(1);
  }

  @Test
  void unitsInPiecesAreGatheredBeforeACallThatNeedsThemAllIsRefused() {
    // Given two pieces that are left of two leases, each too small
    LeasingCounterStore eager = new LeasingCounterStore(owner, nanos, 1, Runnable::run);
    CounterKey key = key("tokens", MINUTE, Algorithm.FIXED);
    Reservation one = ((Reserved) reserve(eager, key, 60, 100)).reservation();
    Reservation two = ((Reserved) reserve(eager, key, 40, 100)).reservation();
    eager.settle(one, Map.of(key, BigDecimal.valueOf(60)));
    eager.settle(two, Map.of(key, BigDecimal.valueOf(40)));
    int before = used(owner, key);

    // When // Then
    assertThat(before).isEqualTo(100);
    assertThat(reserve(eager, key, 100, 100)).isInstanceOf(Reserved.class);
    assertThat(reserve(eager, key, 1, 100)).isInstanceOf(Exceeded.class);
  }

  // all or none

  @Test
  void refusalByOneCounterPutsBackWhatOthersHeld() {
    // Given
    CounterKey roomy = key("roomy", MINUTE, Algorithm.FIXED);
    CounterKey few = key("few", MINUTE, Algorithm.FIXED);
    Claim one = claim(roomy, 1, 1_000);
    join(store.reserve("a", List.of(one, claim(few, 1, 1))));

    // When
    ReserveResult refused = join(store.reserve("b", List.of(one, claim(few, 1, 1))));
    store.giveBackAll();

    // Then
    assertThat(refused)
        .isInstanceOfSatisfying(Exceeded.class, e -> assertThat(e.key()).isEqualTo(few));
    assertThat(used(owner, roomy)).isEqualTo(1);
  }

  // the owner away

  @Test
  void leasedUnitsAreSpentWhileTheOwnerIsAwayAndNothingBeyondThem() {
    // Given
    CounterKey key = key("calls", MINUTE, Algorithm.FIXED);
    for (int i = 0; i < 200; i++) {
      reserve(store, key, 1, 1_000);
      clock.advance(Duration.ofMillis(1));
    }
    int leased = used(owner, key);

    // When
    owner.away = true;
    int admitted = 200;
    ReserveResult last = null;
    for (int i = 0; i < 1_000; i++) {
      last = reserve(store, key, 1, 1_000);
      admitted += last instanceof Reserved ? 1 : 0;
    }

    // Then
    assertThat(leased).isGreaterThan(200);
    assertThat(admitted).isEqualTo(leased);
    assertThat(last).isInstanceOf(Unavailable.class);
  }

  @Test
  void allThatIsNotSpentIsGivenBackAtTheEnd() {
    // Given
    CounterKey key = key("calls", 86_400, Algorithm.FIXED);
    for (int i = 0; i < 200; i++) {
      reserve(store, key, 1, 100_000);
      clock.advance(Duration.ofMillis(1));
    }
    int leased = used(owner, key);

    // When
    store.giveBackAll().toCompletableFuture().join();

    // Then
    assertThat(leased).isGreaterThan(200);
    assertThat(used(owner, key)).isEqualTo(200);
  }

  // memory

  @Test
  void countersThatAreNoLongerUsedAreForgotten() {
    // Given
    for (int i = 0; i < 300; i++) {
      Reservation call =
          ((Reserved) reserve(store, key("calls-" + i, MINUTE, Algorithm.FIXED), 1, 1_000))
              .reservation();
      store.settle(call, Map.of());
    }

    // When
    clock.advance(LeasedCounter.IDLE.multipliedBy(2));
    store.tidy();

    // Then
    assertThat(store.size()).isZero();
  }

  private static CounterKey key(String counter, long seconds, Algorithm algorithm) {
    return new CounterKey(Scope.GRANT, "alice", counter, seconds, algorithm);
  }

  private static Claim claim(CounterKey key, int units, int max) {
    return new Claim(key, BigDecimal.valueOf(units), BigDecimal.valueOf(max), OnStoreLoss.DENY);
  }

  private CompletableFuture<ReserveResult> start(
      CounterStore from, CounterKey key, int units, int max) {
    return from.reserve(
            "r" + System.identityHashCode(from) + ids++, List.of(claim(key, units, max)))
        .toCompletableFuture();
  }

  private ReserveResult reserve(CounterStore from, CounterKey key, int units, int max) {
    return start(from, key, units, max).join();
  }

  private static int used(CounterStore counts, CounterKey key) {
    return join(counts.usage(key)).used().intValueExact();
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  /** An owner that is asked over a wire which a test can cut, or make slow. */
  private static final class Owner extends SlowCounterStore {
    private final List<BigDecimal> wanted = new ArrayList<>();
    private int asked;
    private boolean away;

    Owner(CounterStore counts) {
      super(counts);
    }

    @Override
    public CompletionStage<ReserveResult> reserve(String id, List<Claim> claims) {
      asked++;
      wanted.add(claims.get(0).wanted());
      return away
          ? CompletableFuture.completedFuture(new Unavailable(claims.get(0).key(), "away"))
          : super.reserve(id, claims);
    }
  }
}
