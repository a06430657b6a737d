package dev.tallygate.counters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every {@link CounterStore} must pass, by the numbers of its MUSTs. A store's own test
 * extends this class.
 */
public abstract class CounterStoreContract {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final long MINUTE = 60;
  private static final long DAY = 86_400;
  private static final AtomicLong ids = new AtomicLong();

  protected final ManualClock clock = new ManualClock(NOON);
  private CounterStore store;

  /** An empty store whose windows go by this clock. Made anew for each test and each try. */
  protected abstract CounterStore newStore(InstantSource clock);

  /** Counters and reservations that the store keeps in memory. */
  protected abstract int entriesIn(CounterStore store);

  private synchronized CounterStore store() {
    if (store == null) {
      store = newStore(clock);
    }
    return store;
  }

  // MUST 1: all or none

  @Test
  void callsFindRoomUpToTheMaximumInclusively() {
    // Given
    CounterKey key = fixed("calls", MINUTE);

    // When
    List<ReserveResult> results = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      results.add(reserve(claim(key, "1", "10")));
    }

    // Then
    assertThat(results.subList(0, 10)).allMatch(Reserved.class::isInstance);
    assertThat(results.get(10)).isInstanceOf(Exceeded.class);
    assertUsed(key, "10");
  }

  @Test
  void refusedReservationLeavesEveryCountAsItWas() {
    // Given
    CounterKey roomy = fixed("roomy", MINUTE);
    CounterKey tight = fixed("tight", MINUTE);
    reserved(claim(tight, "1", "1"));

    // When
    ReserveResult result = reserve(claim(roomy, "5", "100"), claim(tight, "1", "1"));

    // Then
    assertThat(result)
        .isInstanceOfSatisfying(Exceeded.class, e -> assertThat(e.key()).isEqualTo(tight));
    assertUsed(roomy, "0");
    assertUsed(tight, "1");
  }

  @ParameterizedTest
  @EnumSource(Scope.class)
  void refusalByAnyScopeLeavesTheOtherScopesAsTheyWere(Scope usedUp) {
    // Given
    List<Claim> claims = new ArrayList<>();
    for (Scope scope : Scope.values()) {
      claims.add(
          claim(new CounterKey(scope, "s-" + scope, "calls", MINUTE, Algorithm.FIXED), "1", "1"));
    }
    Claim blocked = claims.get(usedUp.ordinal());
    reserved(blocked);

    // When
    ReserveResult result = reserve(claims.toArray(Claim[]::new));

    // Then
    assertThat(result)
        .isInstanceOfSatisfying(Exceeded.class, e -> assertThat(e.key()).isEqualTo(blocked.key()));
    for (Claim claim : claims) {
      assertUsed(claim.key(), claim == blocked ? "1" : "0");
    }
  }

  @Test
  void reservationHoldsEveryScopeAtOnce() {
    // Given
    List<Claim> claims = new ArrayList<>();
    for (Scope scope : Scope.values()) {
      claims.add(
          claim(new CounterKey(scope, "s-" + scope, "calls", MINUTE, Algorithm.FIXED), "2", "9"));
    }

    // When
    Reservation reservation = reserved(claims.toArray(Claim[]::new));

    // Then
    assertThat(reservation.holds()).hasSize(Scope.values().length);
    claims.forEach(claim -> assertUsed(claim.key(), "2"));
  }

  @Test
  void refusalNamesTheClaimThatWaitsLongest() {
    // Given
    CounterKey minute = fixed("calls", MINUTE);
    CounterKey day = fixed("calls", DAY);
    reserved(claim(minute, "1", "1"), claim(day, "1", "1"));

    // When
    Exceeded refusal = exceeded(claim(minute, "1", "1"), claim(day, "1", "1"));

    // Then
    assertThat(refusal.key()).isEqualTo(day);
    assertThat(refusal.retryAfter()).contains(Duration.ofHours(12));
  }

  @Test
  void reservationWithoutClaimsHoldsNothing() {
    // When
    ReserveResult result = join(store().reserve(newId(), List.of()));

    // Then
    assertThat(result)
        .isInstanceOfSatisfying(Reserved.class, r -> assertThat(r.reservation().holds()).isEmpty());
    assertThat(entriesIn(store())).isZero();
  }

  @Test
  void twoClaimsOfOneCounterAreRefusedAsAMistake() {
    // Given
    Claim claim = claim(fixed("calls", MINUTE), "1", "10");

    // When // Then
    assertThatThrownBy(() -> store().reserve(newId(), List.of(claim, claim)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("two claims of one counter");
  }

  // MUST 2: never more than the maximum

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void eightThreadsTogetherAreAdmittedExactlyTheMaximum(Algorithm algorithm) throws Exception {
    // Given
    int max = 500;
    CounterKey key = new CounterKey(Scope.GRANT, "g", "calls", MINUTE, algorithm);
    CounterKey other = new CounterKey(Scope.SERVER, "s", "calls", MINUTE, algorithm);

    // When
    int admitted =
        inEightThreads(
            () -> {
              int mine = 0;
              for (int i = 0; i < 100; i++) {
                if (reserve(claim(key, "1", "" + max), claim(other, "1", "100000"))
                    instanceof Reserved) {
                  mine++;
                }
              }
              return mine;
            });

    // Then
    assertThat(admitted).isEqualTo(max);
    assertUsed(key, "" + max);
    assertUsed(other, "" + max);
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void whatEightThreadsReserveAndGiveBackAtRandomAddsUpAndNeverExceedsTheMaximum(
      Algorithm algorithm) throws Exception {
    // Given
    BigDecimal max = new BigDecimal("25");
    List<CounterKey> keys = new ArrayList<>();
    for (Scope scope : Scope.values()) {
      keys.add(new CounterKey(scope, "s", "calls", MINUTE, algorithm));
      keys.add(new CounterKey(scope, "t", "calls", DAY, algorithm));
    }
    Map<CounterKey, BigDecimal> held = new ConcurrentHashMap<>();
    AtomicLong seeds = new AtomicLong(7);

    // When
    int overfull =
        inEightThreads(
            () -> {
              Random random = new Random(seeds.getAndIncrement());
              Deque<Reservation> open = new ArrayDeque<>();
              int seenAbove = 0;
              for (int i = 0; i < 150; i++) {
                List<Claim> claims = new ArrayList<>();
                for (CounterKey key : keys) {
                  if (random.nextInt(3) == 0) {
                    claims.add(claim(key, "" + random.nextInt(5) * 0.5, max.toPlainString()));
                  }
                }
                if (!claims.isEmpty()
                    && reserve(claims.toArray(Claim[]::new)) instanceof Reserved reserved) {
                  open.add(reserved.reservation());
                  claims.forEach(claim -> held.merge(claim.key(), claim.amount(), BigDecimal::add));
                }
                if (open.size() > 2) {
                  Reservation ended = open.remove();
                  List<Reservation.Hold> refunded =
                      ended.holds().stream().filter(hold -> random.nextInt(8) > 0).toList();
                  settle(
                      ended,
                      refunded.stream().map(Reservation.Hold::key).toArray(CounterKey[]::new));
                  refunded.forEach(
                      hold -> held.merge(hold.key(), hold.amount().negate(), BigDecimal::add));
                }
                CounterKey any = keys.get(random.nextInt(keys.size()));
                seenAbove += join(store().usage(any)).used().compareTo(max) > 0 ? 1 : 0;
              }
              return seenAbove;
            });

    // Then
    assertThat(overfull).isZero();
    assertThat(held).hasSize(keys.size());
    held.forEach((key, units) -> assertUsed(key, units.toPlainString()));
  }

  @Test
  void eachClaimIsHeldToItsOwnMaximum() {
    // Given two policies that name one counter
    CounterKey key = fixed("shared", MINUTE);
    reserved(claim(key, "4", "10"));

    // When
    Exceeded stricter = exceeded(claim(key, "1", "4"));
    ReserveResult looser = reserve(claim(key, "6", "10"));

    // Then
    assertThat(stricter.used()).isEqualByComparingTo("4");
    assertThat(looser).isInstanceOf(Reserved.class);
    assertThat(reserve(claim(key, "1", "20"))).isInstanceOf(Reserved.class);
    assertUsed(key, "11");
  }

  @Test
  void zeroUnitsFindRoomInAFullWindowButNotInAnOverfullOne() {
    // Given
    CounterKey key = fixed("calls", MINUTE);
    reserved(claim(key, "10", "10"));

    // When // Then
    assertThat(reserve(claim(key, "0", "10"))).isInstanceOf(Reserved.class);
    assertThat(exceeded(claim(key, "0", "9")).retryAfter()).contains(Duration.ofMinutes(1));
  }

  @Test
  void maximumOfZeroAdmitsOnlyZero() {
    // Given
    CounterKey key = fixed("never", MINUTE);

    // When // Then
    assertThat(reserve(claim(key, "0", "0"))).isInstanceOf(Reserved.class);
    assertThat(exceeded(claim(key, "0.000000001", "0")).retryAfter()).isEmpty();
  }

  // MUST 3: windows

  @Test
  void fixedWindowIsAlignedToUtc() {
    // Given
    CounterKey key = fixed("calls", MINUTE);
    clock.set(NOON.plusMillis(59_999));
    reserved(claim(key, "1", "1"));
    Exceeded refused = exceeded(claim(key, "1", "1"));

    // When
    clock.set(NOON.plusMillis(60_000));

    // Then
    assertThat(refused.retryAfter()).contains(Duration.ofMillis(1));
    assertThat(reserve(claim(key, "1", "1"))).isInstanceOf(Reserved.class);
  }

  @Test
  void fixedWindowOfAnyLengthBeginsAtAMultipleOfItSinceTheEpoch() {
    // Given
    long seconds = 7;
    CounterKey key = fixed("calls", seconds);
    long next = (NOON.getEpochSecond() / seconds + 1) * seconds;
    reserved(claim(key, "1", "1"));

    // When
    Exceeded refused = exceeded(claim(key, "1", "1"));

    // Then
    assertThat(refused.retryAfter()).contains(Duration.between(NOON, Instant.ofEpochSecond(next)));
  }

  @Property(tries = 150)
  void fixedCounterDecidesAsALogOfTheWindowDoes(@ForAll("schedules") Schedule schedule) {
    // Given
    clock.set(NOON);
    CounterStore fresh = newStore(clock);
    CounterKey key = fixed("calls", schedule.windowSeconds());
    List<Admitted> log = new ArrayList<>();

    for (Step step : schedule.steps()) {
      // When
      clock.advance(Duration.ofMillis(step.afterMillis()));
      long now = clock.millis();
      ReserveResult result =
          join(fresh.reserve(newId(), List.of(claim(key, step.units(), schedule.max()))));

      // Then
      long windowStart = now - Math.floorMod(now, schedule.windowMillis());
      boolean room = sum(log, windowStart, now) + step.units() <= schedule.max();
      assertThat(result instanceof Reserved).isEqualTo(room);
      if (room) {
        log.add(new Admitted(now, step.units()));
      }
    }
  }

  @Property(tries = 300)
  void slidingCounterNeverHoldsMoreThanTheMaximumInAnyIntervalAndRefusesEarlyByOneSubWindowAtMost(
      @ForAll("schedules") Schedule schedule) {
    // Given
    clock.set(NOON);
    CounterStore fresh = newStore(clock);
    CounterKey key = sliding("calls", schedule.windowSeconds());
    long window = schedule.windowMillis();
    long subWindow = (window + 59) / 60;
    List<Admitted> log = new ArrayList<>();

    for (Step step : schedule.steps()) {
      // When
      clock.advance(Duration.ofMillis(step.afterMillis()));
      long now = clock.millis();
      ReserveResult result =
          join(fresh.reserve(newId(), List.of(claim(key, step.units(), schedule.max()))));

      // Then
      if (result instanceof Reserved) {
        log.add(new Admitted(now, step.units()));
        assertThat(sum(log, now - window, now)).isLessThanOrEqualTo(schedule.max());
      } else {
        assertThat(sum(log, now - window - subWindow, now) + step.units())
            .isGreaterThan(schedule.max());
      }
    }
  }

  @Test
  void slidingCounterRefusesTheBurstAcrossAWindowsEndThatAFixedOneAdmits() {
    // Given
    CounterKey fixed = fixed("calls", MINUTE);
    CounterKey sliding = sliding("calls", MINUTE);
    clock.set(NOON.minusMillis(1));
    reserved(claim(fixed, "10", "10"), claim(sliding, "10", "10"));

    // When
    clock.set(NOON);

    // Then
    assertThat(reserve(claim(fixed, "10", "10"))).isInstanceOf(Reserved.class);
    assertThat(reserve(claim(sliding, "1", "10"))).isInstanceOf(Exceeded.class);
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void retryAfterIsExactToTheMillisecond(Algorithm algorithm) {
    // Given
    for (long seconds : new long[] {1, 7, 60, 100, 86_400}) {
      for (long startOffset : new long[] {0, 1, 16, 17, 999, 12_345}) {
        clock.advance(Duration.ofDays(3));
        clock.advance(Duration.ofMillis(startOffset));
        CounterKey key = new CounterKey(Scope.GRANT, "g" + startOffset, "c", seconds, algorithm);
        reserved(claim(key, "3", "5"));
        clock.advance(Duration.ofMillis(seconds * 13));
        reserve(claim(key, "2", "5"));
        Exceeded refused = exceeded(claim(key, "4", "5"));

        // When
        clock.advance(refused.retryAfter().orElseThrow().minusMillis(1));
        ReserveResult tooEarly = reserve(claim(key, "4", "5"));
        clock.advance(Duration.ofMillis(1));
        ReserveResult onTime = reserve(claim(key, "4", "5"));

        // Then
        assertThat(tooEarly)
            .isInstanceOfSatisfying(
                Exceeded.class, e -> assertThat(e.retryAfter()).contains(Duration.ofMillis(1)));
        assertThat(onTime).isInstanceOf(Reserved.class);
      }
    }
  }

  @Property(tries = 150)
  void slidingRetryAfterIsExactWhateverCameBefore(@ForAll("schedules") Schedule schedule) {
    // Given
    clock.set(NOON);
    CounterStore fresh = newStore(clock);
    CounterKey key = sliding("calls", schedule.windowSeconds());
    for (Step step : schedule.steps()) {
      clock.advance(Duration.ofMillis(step.afterMillis()));
      join(fresh.reserve(newId(), List.of(claim(key, step.units(), schedule.max()))));
    }
    Claim last = claim(key, schedule.max(), schedule.max());
    ReserveResult result = join(fresh.reserve(newId(), List.of(last)));
    if (result instanceof Exceeded refused) {
      // When
      clock.advance(refused.retryAfter().orElseThrow().minusMillis(1));
      ReserveResult tooEarly = join(fresh.reserve(newId(), List.of(last)));
      clock.advance(Duration.ofMillis(1));
      ReserveResult onTime = join(fresh.reserve(newId(), List.of(last)));

      // Then
      assertThat(tooEarly).isInstanceOf(Exceeded.class);
      assertThat(onTime).isInstanceOf(Reserved.class);
    }
  }

  @Test
  void claimOfMoreThanItsMaximumIsToldThatItNeverFindsRoom() {
    // When
    Exceeded refused = exceeded(claim(fixed("spend", MINUTE), "10.01", "10"));

    // Then
    assertThat(refused.retryAfter()).isEqualTo(Optional.empty());
    assertThat(refused.used()).isEqualByComparingTo("0");
  }

  // MUST 4: a clock that steps back

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void clockThatStepsBackGoesOnCountingInTheNewestWindow(Algorithm algorithm) {
    // Given
    CounterKey key = new CounterKey(Scope.GRANT, "g", "calls", MINUTE, algorithm);
    reserved(claim(key, "1", "1"));

    // When
    clock.advance(Duration.ofMinutes(-5));

    // Then
    Exceeded refused = exceeded(claim(key, "1", "1"));
    assertThat(refused.used()).isEqualByComparingTo("1");
    assertThat(refused.retryAfter().orElseThrow()).isGreaterThan(Duration.ofMinutes(5));
    clock.advance(refused.retryAfter().orElseThrow());
    assertThat(reserve(claim(key, "1", "1"))).isInstanceOf(Reserved.class);
  }

  @Test
  void clockThatStepsBackOpensNoEarlierWindowAgain() {
    // Given
    CounterKey key = fixed("calls", MINUTE);
    reserved(claim(key, "10", "10"));
    clock.advance(Duration.ofMinutes(1));
    reserved(claim(key, "1", "10"));

    // When
    clock.advance(Duration.ofMinutes(-1));
    reserved(claim(key, "9", "10"));

    // Then
    assertThat(reserve(claim(key, "1", "10"))).isInstanceOf(Exceeded.class);
    clock.advance(Duration.ofMinutes(1));
    assertThat(reserve(claim(key, "1", "10"))).isInstanceOf(Exceeded.class);
  }

  // MUST 5: settled once

  @Test
  void settleTakesEffectOnce() {
    // Given
    CounterKey key = fixed("calls", MINUTE);
    reserved(claim(key, "5", "10"));
    Reservation reservation = reserved(claim(key, "1", "10"));

    // When
    boolean first = settle(reservation, key);
    boolean second = settle(reservation, key);

    // Then
    assertThat(first).isTrue();
    assertThat(second).isFalse();
    assertUsed(key, "5");
  }

  @Test
  void refundAfterKeepingChangesNothing() {
    // Given
    CounterKey key = fixed("calls", DAY);
    Reservation reservation = reserved(claim(key, "1", "10"));
    settle(reservation);

    // When
    boolean atOnce = settle(reservation, key);
    clock.advance(CounterTable.REMEMBERED.plusSeconds(1));
    boolean later = settle(reservation, key);

    // Then
    assertThat(atOnce).isFalse();
    assertThat(later).isFalse();
    assertUsed(key, "1");
  }

  @Test
  void oneOfManySettlersWinsAndItsRefundsAloneHappen() throws Exception {
    for (int round = 0; round < 50; round++) {
      // Given
      CounterKey grant = new CounterKey(Scope.GRANT, "g" + round, "calls", DAY, Algorithm.FIXED);
      CounterKey server =
          new CounterKey(Scope.SERVER, "s" + round, "calls", MINUTE, Algorithm.FIXED);
      Reservation reservation = reserved(claim(grant, "1", "10"), claim(server, "1", "10"));

      // When
      int winners = inEightThreads(() -> settle(reservation, grant, server) ? 1 : 0);

      // Then
      assertThat(winners).isEqualTo(1);
      assertUsed(grant, "0");
      assertUsed(server, "0");
    }
  }

  @Test
  void settlingAnUnknownReservationChangesNothing() {
    // Given
    CounterKey key = fixed("calls", MINUTE);
    reserved(claim(key, "3", "10"));
    long window = NOON.getEpochSecond() / MINUTE;
    Reservation unknown =
        new Reservation(newId(), List.of(new Reservation.Hold(key, BigDecimal.ONE, window)));

    // When // Then
    assertThat(settle(unknown, key)).isFalse();
    assertUsed(key, "3");
  }

  @Test
  void repeatedReserveHoldsNothingMoreAndAnswersTheSame() {
    // Given
    CounterKey key = fixed("calls", DAY);
    String id = newId();
    List<Claim> claims = List.of(claim(key, "1", "1"));
    ReserveResult first = join(store().reserve(id, claims));

    // When
    ReserveResult repeated = join(store().reserve(id, claims));
    clock.advance(Duration.ofHours(1));
    ReserveResult muchLater = join(store().reserve(id, claims));
    settle(((Reserved) first).reservation());
    ReserveResult afterSettling = join(store().reserve(id, claims));

    // Then
    assertThat(List.of(repeated, muchLater, afterSettling))
        .allSatisfy(
            answer ->
                assertThat(((Reserved) answer).reservation())
                    .isEqualTo(((Reserved) first).reservation()));
    assertUsed(key, "1");
  }

  // MUST 6: refunds

  @Test
  void refundMakesRoomAgain() {
    // Given
    CounterKey key = fixed("calls", MINUTE);
    Reservation reservation = reserved(claim(key, "1", "1"));

    // When
    settle(reservation, key);

    // Then
    assertThat(reserve(claim(key, "1", "1"))).isInstanceOf(Reserved.class);
  }

  @Test
  void onlyTheCountersNamedAreRefunded() {
    // Given
    CounterKey kept = fixed("kept", MINUTE);
    CounterKey refunded = fixed("refunded", MINUTE);
    Reservation reservation = reserved(claim(kept, "1", "1"), claim(refunded, "1", "1"));

    // When
    settle(reservation, refunded);

    // Then
    assertUsed(kept, "1");
    assertUsed(refunded, "0");
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void refundNeverCreditsAnotherWindow(Algorithm algorithm) {
    for (long seconds : new long[] {1, 5, MINUTE, DAY}) {
      // Given
      CounterKey key = new CounterKey(Scope.GRANT, "g", "calls", seconds, algorithm);
      Reservation early = reserved(claim(key, "4", "10"));
      clock.advance(Duration.ofMillis(seconds * 1000 * 61 / 60 + 1));
      reserved(claim(key, "6", "10"));

      // When
      settle(early, key);

      // Then
      assertUsed(key, "6");
    }
  }

  @Test
  void slidingRefundGoesToTheSubWindowThatWasCharged() {
    // Given
    CounterKey key = sliding("calls", MINUTE);
    Reservation early = reserved(claim(key, "4", "10"));
    clock.advance(Duration.ofSeconds(30));
    reserved(claim(key, "6", "10"));

    // When
    settle(early, key);

    // Then
    assertUsed(key, "6");
    clock.advance(Duration.ofSeconds(31));
    assertUsed(key, "6");
    clock.advance(Duration.ofSeconds(30));
    assertUsed(key, "0");
  }

  @Test
  void refundsAcrossScopesFollowEachCountersOwnWindow() {
    // Given
    CounterKey minute = fixed("calls", MINUTE);
    CounterKey day = new CounterKey(Scope.SERVER, "s", "calls", DAY, Algorithm.FIXED);
    Reservation reservation = reserved(claim(minute, "1", "10"), claim(day, "1", "10"));
    clock.advance(Duration.ofMinutes(2));
    reserved(claim(minute, "1", "10"));

    // When
    boolean ended = settle(reservation, minute, day);

    // Then
    assertThat(ended).isTrue();
    assertUsed(minute, "1");
    assertUsed(day, "0");
  }

  // MUST 7: exact decimals

  @Test
  void manySmallAmountsAddUpExactly() {
    // Given
    CounterKey key = fixed("spend", DAY);

    // When
    for (int i = 0; i < 2000; i++) {
      reserved(claim(key, "0.005", "10"));
    }

    // Then
    assertUsed(key, "10");
    assertThat(reserve(claim(key, "0.000000001", "10"))).isInstanceOf(Exceeded.class);
  }

  @Test
  void hugeAmountsStayExact() {
    // Given
    CounterKey key = fixed("spend", MINUTE);
    String huge = "1" + "0".repeat(63);
    String hugeAndABit = "1" + "0".repeat(63) + ".000000001";

    // When // Then
    reserved(claim(key, huge, hugeAndABit));
    assertThat(reserve(claim(key, "0.000000002", hugeAndABit))).isInstanceOf(Exceeded.class);
    reserved(claim(key, "0.000000001", hugeAndABit));
    assertUsed(key, hugeAndABit);
  }

  @Test
  void exponentNotationCountsByValue() {
    // Given
    CounterKey key = fixed("spend", MINUTE);

    // When
    reserved(claim(key, "1E+3", "1000.0"));

    // Then
    assertUsed(key, "1000");
    assertThat(reserve(claim(key, "1", "1E3"))).isInstanceOf(Exceeded.class);
  }

  // usage

  @Test
  void usageTellsHowLongTheWindowLasts() {
    // Given
    CounterKey key = fixed("calls", MINUTE);
    CounterKey sliding = sliding("calls", MINUTE);
    clock.advance(Duration.ofSeconds(18));
    reserved(claim(key, "3", "10"), claim(sliding, "3", "10"));

    // When
    CounterStore.Usage usage = join(store().usage(key));
    CounterStore.Usage slidingUsage = join(store().usage(sliding));

    // Then
    assertThat(usage.windowLeft()).isEqualTo(Duration.ofSeconds(42));
    assertThat(slidingUsage.used()).isEqualByComparingTo("3");
    assertThat(slidingUsage.windowLeft()).isEqualTo(Duration.ofSeconds(61));
  }

  @Test
  void countersDifferByEveryPartOfTheirIdentity() {
    // Given
    CounterKey key = new CounterKey(Scope.GRANT, "a", "calls", MINUTE, Algorithm.FIXED);
    reserved(claim(key, "1", "1"));

    // When // Then
    for (CounterKey other :
        List.of(
            new CounterKey(Scope.SERVER, "a", "calls", MINUTE, Algorithm.FIXED),
            new CounterKey(Scope.GRANT, "b", "calls", MINUTE, Algorithm.FIXED),
            new CounterKey(Scope.GRANT, "a", "Calls", MINUTE, Algorithm.FIXED),
            new CounterKey(Scope.GRANT, "a", "calls", 61, Algorithm.FIXED),
            new CounterKey(Scope.GRANT, "a", "calls", MINUTE, Algorithm.SLIDING))) {
      assertUsed(other, "0");
      assertThat(reserve(claim(other, "1", "1"))).isInstanceOf(Reserved.class);
    }
  }

  // memory

  @Test
  void memoryIsBoundedAfterManyWindows() {
    // Given
    int live = (int) CounterTable.REMEMBERED.toSeconds() + 3;

    // When
    for (int i = 0; i < 2000; i++) {
      Reservation reservation =
          reserved(
              claim(fixed("calls-" + i, 1), "1", "1"),
              claim(sliding("calls", 1), "1", "10"),
              claim(fixed("total", DAY), "1", "100000"));
      settle(reservation);
      clock.advance(Duration.ofSeconds(1));
    }

    // Then
    assertThat(entriesIn(store())).isLessThan(Math.max(64, 2 * (2 * live + 2)) + 4);
    assertUsed(fixed("total", DAY), "2000");
  }

  /** A call: how long after the one before, and what it costs. */
  protected record Step(long afterMillis, int units) {}

  /** Calls against one counter. */
  protected record Schedule(long windowSeconds, int max, List<Step> steps) {
    long windowMillis() {
      return windowSeconds * 1000;
    }
  }

  private record Admitted(long at, int units) {}

  @Provide
  Arbitrary<Schedule> schedules() {
    Arbitrary<Long> windows = Arbitraries.of(1L, 2L, 7L, 60L, 61L, 3600L);
    Arbitrary<Integer> maxima = Arbitraries.integers().between(1, 12);
    return Combinators.combine(windows, maxima)
        .as(
            (window, max) -> {
              long length = window * 1000;
              // Steps of about a sub-window and of about a window, where the boundaries are.
              Arbitrary<Long> gaps =
                  Arbitraries.oneOf(
                      Arbitraries.longs().between(0, 3),
                      Arbitraries.longs().between(0, length / 20),
                      Arbitraries.longs().between(length - length / 30, length + length / 30),
                      Arbitraries.longs().between(0, length / 4));
              return Combinators.combine(gaps, Arbitraries.integers().between(0, Math.min(max, 4)))
                  .as(Step::new)
                  .list()
                  .ofMinSize(1)
                  .ofMaxSize(60)
                  .map(steps -> new Schedule(window, max, steps));
            })
        .flatMap(schedule -> schedule);
  }

  /** Units admitted in a closed interval. */
  private static int sum(List<Admitted> log, long from, long to) {
    return log.stream()
        .filter(one -> one.at() >= from && one.at() <= to)
        .mapToInt(Admitted::units)
        .sum();
  }

  private static CounterKey fixed(String counter, long seconds) {
    return new CounterKey(Scope.GRANT, "alice", counter, seconds, Algorithm.FIXED);
  }

  private static CounterKey sliding(String counter, long seconds) {
    return new CounterKey(Scope.GRANT, "alice", counter, seconds, Algorithm.SLIDING);
  }

  private static Claim claim(CounterKey key, String amount, String max) {
    return new Claim(key, new BigDecimal(amount), new BigDecimal(max), OnStoreLoss.DENY);
  }

  private static Claim claim(CounterKey key, int amount, int max) {
    return new Claim(key, BigDecimal.valueOf(amount), BigDecimal.valueOf(max), OnStoreLoss.DENY);
  }

  private static String newId() {
    return "r" + ids.incrementAndGet();
  }

  private ReserveResult reserve(Claim... claims) {
    return join(store().reserve(newId(), List.of(claims)));
  }

  private Reservation reserved(Claim... claims) {
    ReserveResult result = reserve(claims);
    assertThat(result).isInstanceOf(Reserved.class);
    return ((Reserved) result).reservation();
  }

  private Exceeded exceeded(Claim... claims) {
    ReserveResult result = reserve(claims);
    assertThat(result).isInstanceOf(Exceeded.class);
    return (Exceeded) result;
  }

  private boolean settle(Reservation reservation, CounterKey... refunded) {
    return join(store().settle(reservation, reservation.unitsOf(Set.of(refunded))));
  }

  private void assertUsed(CounterKey key, String units) {
    assertThat(join(store().usage(key)).used()).isEqualByComparingTo(units);
  }

  private static int inEightThreads(Callable<Integer> work) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Callable<Integer>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        all.add(work);
      }
      int sum = 0;
      for (Future<Integer> one : threads.invokeAll(all)) {
        sum += one.get(60, TimeUnit.SECONDS);
      }
      return sum;
    } finally {
      threads.shutdownNow();
    }
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
  }
}
