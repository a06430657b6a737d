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
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class CounterTableTest {
  /** A day's first millisecond, so that windows of a minute and a day begin here. */
  private static final long MIDNIGHT = 20_000L * 86_400_000;

  private static final CounterKey MINUTE = key("calls", 60, Algorithm.FIXED);
  private static final CounterKey SLIDING = key("calls", 60, Algorithm.SLIDING);
  private static final CounterKey DAY = key("calls", 86_400, Algorithm.FIXED);

  // copies

  @Property(tries = 500)
  void copyThatTakesOverChangesIsAsTheTable(@ForAll Random random) {
    // Given
    CounterTable table = new CounterTable();
    CounterTable copy = new CounterTable();
    long now = MIDNIGHT;
    List<CounterKey> keys = List.of(MINUTE, SLIDING, key("other", 1, Algorithm.FIXED));

    for (int step = 0; step < 60; step++) {
      // When
      now += random.nextInt(3) == 0 ? random.nextInt(20_000) : random.nextInt(50);
      String id = "r" + random.nextInt(12);
      CounterKey key = keys.get(random.nextInt(keys.size()));
      table.noteChanges();
      boolean changed =
          switch (random.nextInt(4)) {
            case 0 -> table.settle(id, none(key), now);
            case 1 -> table.shrink(id, List.of(new Reservation.Hold(key, BigDecimal.ONE, 0)), now);
            case 2 -> {
              table.cancel(id, now);
              yield true;
            }
            default -> table.reserve(id, List.of(claim(key, 2, 20)), now) instanceof Reserved;
          };
      CounterTable.Contents changes = table.changes();
      if (changed) {
        copy.apply(changes);
      }

      // Then
      for (CounterKey each : keys) {
        assertThat(copy.usage(each, now).used())
            .isEqualByComparingTo(table.usage(each, now).used());
      }
      long at = now;
      assertThat(alive(copy, at)).isEqualTo(alive(table, at));
    }
  }

  private static HashSet<CounterTable.Remembered> alive(CounterTable table, long now) {
    HashSet<CounterTable.Remembered> alive = new HashSet<>(table.contents().reservations());
    alive.removeIf(one -> one.forgetAt() <= now);
    return alive;
  }

  // the number of a change

  @Test
  void numberGrowsWithWhatIsChargedOrGivenBackAndWithNothingElse() {
    // Given
    CounterTable table = new CounterTable();
    long none = table.contents().change();

    // When
    long reserved = changeAfter(table, () -> reserve(table, "a", DAY, MIDNIGHT));
    long again = changeAfter(table, () -> reserve(table, "b", DAY, MIDNIGHT));
    long settled = changeAfter(table, () -> table.settle("a", List.of(), MIDNIGHT));
    long refunded = changeAfter(table, () -> table.cancel("b", MIDNIGHT));

    // Then
    assertThat(none).isZero();
    assertThat(reserved).isPositive();
    assertThat(again).isGreaterThan(reserved);
    assertThat(settled).isEqualTo(again);
    assertThat(refunded).isGreaterThan(settled);
  }

  @Test
  void tableThatBeginsAnewLaterHasHigherNumbersThanItsPredecessor() {
    // Given a table of a thousand changes in a millisecond
    CounterTable before = new CounterTable();
    for (int i = 0; i < 1000; i++) {
      String id = "a" + i;
      changeAfter(before, () -> before.reserve(id, List.of(claim(DAY, 1, 9999)), MIDNIGHT));
    }

    // When
    CounterTable anew = new CounterTable();
    long change = changeAfter(anew, () -> reserve(anew, "b", DAY, MIDNIGHT + 1));

    // Then
    assertThat(change).isGreaterThan(before.contents().change());
  }

  @Test
  void copyHasTheNumberOfItsTableAndWhatIsMergedAHigherOneThanBoth() {
    // Given
    CounterTable table = new CounterTable();
    CounterTable copy = new CounterTable();
    table.noteChanges();
    reserve(table, "a", DAY, MIDNIGHT);
    copy.apply(table.changes());

    // When
    CounterTable merged = table.mergedWith(copy);

    // Then
    assertThat(copy.contents().change()).isEqualTo(table.contents().change());
    assertThat(new CounterTable(table.contents()).contents().change())
        .isEqualTo(table.contents().change());
    assertThat(merged.contents().change()).isGreaterThan(table.contents().change());
  }

  @Test
  void requestThatIsRepeatedIsToldToCopiesThatMissedIt() {
    // Given a change that no copy was told of
    CounterTable table = new CounterTable();
    CounterTable copy = new CounterTable();
    table.noteChanges();
    reserve(table, "a", DAY, MIDNIGHT);
    table.changes();

    // When
    table.noteChanges();
    reserve(table, "a", DAY, MIDNIGHT + 1);
    copy.apply(table.changes());

    // Then
    assertThat(copy.usage(DAY, MIDNIGHT + 1).used()).isEqualByComparingTo("1");
    assertThat(copy.settle("a", none(DAY), MIDNIGHT + 2)).isTrue();
  }

  @Test
  void whatLastsLeavesOutShortWindowsAndReservations() {
    // Given
    CounterTable table = new CounterTable();
    reserve(table, "a", DAY, MIDNIGHT);
    reserve(table, "b", MINUTE, MIDNIGHT);

    // When
    CounterTable.Contents lasting =
        table.contents().lastingLongerThan(Duration.ofSeconds(MINUTE.windowSeconds()));

    // Then
    assertThat(lasting.charged()).containsOnlyKeys(DAY);
    assertThat(lasting.reservations()).isEmpty();
    assertThat(lasting.endsAt()).isEqualTo(MIDNIGHT + 86_400_000);
  }

  private static long changeAfter(CounterTable table, Runnable step) {
    table.noteChanges();
    step.run();
    return table.changes().change();
  }

  // lost counts

  @Test
  void whatWasLostGivesNoRoomUntilItsWindowEnds() {
    // Given
    CounterTable table = new CounterTable(OptionalLong.of(MIDNIGHT + 30_000));

    // When // Then
    assertThat(reserve(table, "a", MINUTE, MIDNIGHT + 59_999)).isInstanceOf(Unavailable.class);
    assertThat(reserve(table, "b", MINUTE, MIDNIGHT + 60_000)).isInstanceOf(Reserved.class);
    assertThat(reserve(table, "c", DAY, MIDNIGHT + 60_000)).isInstanceOf(Unavailable.class);
    assertThat(reserve(table, "d", DAY, MIDNIGHT + 86_400_000)).isInstanceOf(Reserved.class);
  }

  @Test
  void whatWasLostOfASlidingLimitGivesNoRoomForALengthOfTheWindow() {
    // Given
    CounterTable table = new CounterTable(OptionalLong.of(MIDNIGHT + 30_000));

    // When // Then
    assertThat(reserve(table, "a", SLIDING, MIDNIGHT + 90_000)).isInstanceOf(Unavailable.class);
    assertThat(reserve(table, "b", SLIDING, MIDNIGHT + 91_000)).isInstanceOf(Reserved.class);
  }

  @Test
  void limitThatDeniesIsNamedBeforeOneThatDoesNot() {
    // Given
    CounterTable table = new CounterTable(OptionalLong.of(MIDNIGHT + 30_000));
    Claim lenient = new Claim(MINUTE, BigDecimal.ONE, BigDecimal.TEN, OnStoreLoss.ALLOW);
    Claim strict = claim(DAY, 1, 10);

    // When
    ReserveResult result = table.reserve("a", List.of(lenient, strict), MIDNIGHT + 31_000);

    // Then
    assertThat(result)
        .isInstanceOfSatisfying(Unavailable.class, lost -> assertThat(lost.key()).isEqualTo(DAY));
  }

  // two parts of a cluster that meet again

  @Test
  void mergedTableHoldsWhatEitherPartHasCharged() {
    // Given
    CounterTable one = new CounterTable();
    CounterTable other = new CounterTable();
    one.reserve("both", List.of(claim(MINUTE, 3, 10)), MIDNIGHT);
    other.reserve("both", List.of(claim(MINUTE, 3, 10)), MIDNIGHT);
    one.reserve("one", List.of(claim(MINUTE, 4, 10)), MIDNIGHT + 1);
    other.reserve("other", List.of(claim(DAY, 2, 10)), MIDNIGHT + 2);

    // When
    CounterTable merged = one.mergedWith(other);

    // Then
    assertThat(merged.usage(MINUTE, MIDNIGHT + 3).used()).isEqualByComparingTo("7");
    assertThat(merged.usage(DAY, MIDNIGHT + 3).used()).isEqualByComparingTo("2");
    assertThat(merged.settle("one", none(MINUTE), MIDNIGHT + 4)).isTrue();
    assertThat(merged.usage(MINUTE, MIDNIGHT + 5).used()).isEqualByComparingTo("3");
  }

  @Test
  void whatOnePartHasSettledIsSettled() {
    // Given
    CounterTable one = new CounterTable();
    CounterTable other = new CounterTable();
    one.reserve("r", List.of(claim(MINUTE, 3, 10)), MIDNIGHT);
    other.reserve("r", List.of(claim(MINUTE, 3, 10)), MIDNIGHT);
    one.settle("r", List.of(), MIDNIGHT + 1);

    // When // Then
    for (CounterTable merged : List.of(one.mergedWith(other), other.mergedWith(one))) {
      assertThat(merged.settle("r", none(MINUTE), MIDNIGHT + 2)).isFalse();
      assertThat(merged.usage(MINUTE, MIDNIGHT + 3).used()).isEqualByComparingTo("3");
    }
  }

  @Test
  void whatOnlyAPartThatWasCutOffStillHoldsIsNotGivenBack() {
    // Given a part that counted on, and one that holds what the first has no charge of
    CounterTable lives = new CounterTable();
    CounterTable cutOff = new CounterTable();
    lives.reserve("r", List.of(claim(MINUTE, 9, 10)), MIDNIGHT);
    cutOff.reserve("s", List.of(claim(MINUTE, 3, 10)), MIDNIGHT);

    // When
    CounterTable merged = lives.mergedWith(cutOff);
    merged.cancel("s", MIDNIGHT + 1);

    // Then
    assertThat(merged.usage(MINUTE, MIDNIGHT + 2).used()).isEqualByComparingTo("9");
  }

  @Test
  void partThatWasCutOffDoesNotHideThatCountsWereLost() {
    // Given
    CounterTable stale = new CounterTable();
    stale.reserve("r", List.of(claim(DAY, 9, 10)), MIDNIGHT);
    CounterTable blind = new CounterTable(OptionalLong.of(MIDNIGHT + 10));

    // When
    CounterTable merged = blind.mergedWith(stale);

    // Then
    assertThat(merged.knows(DAY, MIDNIGHT + 20)).isFalse();
    assertThat(merged.reserve("s", List.of(claim(DAY, 1, 10)), MIDNIGHT + 20))
        .isInstanceOf(Unavailable.class);
    assertThat(merged.reserve("t", List.of(claim(DAY, 2, 10)), MIDNIGHT + 20))
        .isInstanceOf(Exceeded.class);
  }

  // leases

  @Test
  void whoWantsMoreThanACallGetsAThirdOfWhatIsLeft() {
    // Given
    CounterTable table = new CounterTable();
    Claim many =
        new Claim(
            MINUTE,
            BigDecimal.valueOf(2),
            BigDecimal.valueOf(500),
            BigDecimal.valueOf(100),
            OnStoreLoss.DENY);

    // When
    Reserved first = (Reserved) table.reserve("a", List.of(many), MIDNIGHT + 40_000);
    Reserved second = (Reserved) table.reserve("b", List.of(many), MIDNIGHT + 40_000);

    // Then
    assertThat(first.reservation().holds().get(0).amount()).isEqualByComparingTo("32");
    assertThat(second.reservation().holds().get(0).amount()).isEqualByComparingTo("22");
    assertThat(first.spendWithin()).isEqualTo(Duration.ofSeconds(20));
  }

  @Test
  void shrinkingTwiceOrLateChangesNothing() {
    // Given
    CounterTable table = new CounterTable();
    table.reserve("r", List.of(claim(MINUTE, 10, 10)), MIDNIGHT);
    List<Reservation.Hold> four = List.of(new Reservation.Hold(MINUTE, BigDecimal.valueOf(4), 0));
    List<Reservation.Hold> seven = List.of(new Reservation.Hold(MINUTE, BigDecimal.valueOf(7), 0));

    // When
    boolean first = table.shrink("r", four, MIDNIGHT + 1);
    boolean again = table.shrink("r", four, MIDNIGHT + 2);
    boolean late = table.shrink("r", seven, MIDNIGHT + 3);

    // Then
    assertThat(first).isTrue();
    assertThat(again).isFalse();
    assertThat(late).isFalse();
    assertThat(table.usage(MINUTE, MIDNIGHT + 4).used()).isEqualByComparingTo("4");
    table.settle("r", none(MINUTE), MIDNIGHT + 5);
    assertThat(table.usage(MINUTE, MIDNIGHT + 6).used()).isEqualByComparingTo("0");
    assertThat(table.shrink("r", List.of(), MIDNIGHT + 7)).isFalse();
  }

  @Test
  void settlingThatOvertakesAPartGivenBackGivesThatBackToo() {
    // Given a lease of ten, of which four were spent, and one of these was given back
    CounterTable table = new CounterTable();
    table.reserve("r", List.of(claim(MINUTE, 10, 10)), MIDNIGHT);
    List<Reservation.Hold> four = List.of(new Reservation.Hold(MINUTE, BigDecimal.valueOf(4), 0));
    List<Reservation.Hold> three = List.of(new Reservation.Hold(MINUTE, BigDecimal.valueOf(3), 0));

    // When
    boolean settled = table.settle("r", three, MIDNIGHT + 1);
    boolean late = table.shrink("r", four, MIDNIGHT + 2);

    // Then
    assertThat(settled).isTrue();
    assertThat(late).isFalse();
    assertThat(table.usage(MINUTE, MIDNIGHT + 3).used()).isEqualByComparingTo("3");
  }

  /** Nothing that stays of a counter. */
  private static List<Reservation.Hold> none(CounterKey key) {
    return List.of(new Reservation.Hold(key, BigDecimal.ZERO, 0));
  }

  private static ReserveResult reserve(CounterTable table, String id, CounterKey key, long now) {
    return table.reserve(id, List.of(claim(key, 1, 10)), now);
  }

  private static CounterKey key(String counter, long seconds, Algorithm algorithm) {
    return new CounterKey(Scope.GRANT, "alice", counter, seconds, algorithm);
  }

  private static Claim claim(CounterKey key, int units, int max) {
    return new Claim(key, BigDecimal.valueOf(units), BigDecimal.valueOf(max), OnStoreLoss.DENY);
  }
}
