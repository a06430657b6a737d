package dev.tallygate.load.accuracy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.policy.Algorithm;
import java.util.List;
import org.junit.jupiter.api.Test;

class CellTest {
  private static final Column FIXED = new Column(Algorithm.FIXED, 10, 1);
  private static final Column SLIDING = new Column(Algorithm.SLIDING, 10, 1);
  private static final Cell.Rest REST = new Cell.Rest(0, 0, 0);

  /** Windows 1 and 2, of which each lasts 10 s. */
  private static final Cell.Span SPAN = new Cell.Span(10, 10_000, 30_000);

  @Test
  void moreThanTheMaximumOfAFixedWindowIsTooMany() {
    // Given
    List<UnitLog.Entry> admitted = List.of(units(1, 12), units(2, 9));

    // When
    Cell cell = Cell.of(FIXED, admitted, admitted, SPAN, REST);

    // Then
    assertThat(cell.over()).isEqualTo(2);
    assertThat(cell.used()).isEqualTo(0.95);
  }

  @Test
  void windowsThatTouchAreCountedEachForItself() {
    // Given
    List<UnitLog.Entry> admitted = List.of(units(1, 10), units(2, 10));

    // When, Then
    assertThat(Cell.of(FIXED, admitted, admitted, SPAN, REST).over()).isZero();
  }

  @Test
  void worstIntervalOfASlidingLimitCountsWhereverItBegins() {
    // Given: 60ths of windows, of which an interval of a window touches 61
    List<UnitLog.Entry> within = List.of(units(100, 6), units(160, 6));
    List<UnitLog.Entry> apart = List.of(units(100, 6), units(161, 6));

    // When, Then
    assertThat(Cell.of(SLIDING, within, within, SPAN, REST).over()).isEqualTo(2);
    assertThat(Cell.of(SLIDING, apart, apart, SPAN, REST).over()).isZero();
  }

  @Test
  void lostIsWhatWasChargedInWholeWindowsAndNeitherUsedNorGivenBack() {
    // Given: seven charged in window 1, one of them given back, and five that no call went by in
    // window 3, which the run did not see to its end
    List<UnitLog.Entry> charged = List.of(units(1, 7), units(1, 1).negated(), units(3, 5));
    List<UnitLog.Entry> admitted = List.of(units(1, 4));

    // When, Then
    assertThat(Cell.of(FIXED, admitted, charged, SPAN, REST).lost()).isEqualTo(2);
  }

  @Test
  void partUsedIsUnknownWhereNoWindowLayWhollyInTheRun() {
    // Given
    Cell.Span brief = new Cell.Span(10, 11_000, 29_000);

    // When, Then
    assertThat(Cell.of(FIXED, List.of(), List.of(), brief, REST).used()).isNaN();
  }

  private static UnitLog.Entry units(long window, long units) {
    return new UnitLog.Entry(0, 0, window, units);
  }
}
