package dev.tallygate.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class RoundsTest {
  @Test
  void medianIsTheMiddleWhateverTheOrder() {
    assertThat(Rounds.median(9, 1, 5)).isEqualTo(5);
    assertThat(Rounds.median(8, 2, 4, 100)).isEqualTo(6);
    assertThat(Rounds.median(3)).isEqualTo(3);
  }

  @Test
  void medianLeavesTheRoundsInTheirOrder() {
    // Given
    double[] rounds = {3, 1, 2};

    // When
    Rounds.median(rounds);

    // Then
    assertThat(rounds).containsExactly(3, 1, 2);
  }

  @Test
  void addedIsComparedWithinARound() {
    // Given: a machine that was slow in the second round, for both
    List<Double> baseline = List.of(1.0, 50.0, 2.0);
    List<Double> rounds = List.of(1.5, 50.5, 3.0);

    // When, Then: the medians themselves differ by 1.0
    assertThat(Rounds.medianAdded(rounds, baseline, one -> one)).isEqualTo(0.5);
    assertThat(Rounds.medianRatio(rounds, baseline, one -> one)).isEqualTo(1.5);
  }

  @Test
  void noRoundsHaveNoMedian() {
    assertThatThrownBy(() -> Rounds.median()).isInstanceOf(IllegalArgumentException.class);
  }
}
