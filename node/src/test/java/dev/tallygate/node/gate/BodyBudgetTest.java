package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BodyBudgetTest {
  private static final long KIB = 1024;

  private final BodyBudget budget = new BodyBudget(1024 * KIB);

  @Test
  void largeBodiesLeaveTheLastQuarterToSmallOnes() {
    // When
    boolean first = budget.take(500 * KIB, 0);
    boolean second = budget.take(268 * KIB, 0);
    boolean third = budget.take(65 * KIB, 0);
    boolean small = budget.take(64 * KIB, 0);

    // Then
    assertThat(first).isTrue();
    assertThat(second).isTrue();
    assertThat(third).isFalse();
    assertThat(small).isTrue();
  }

  @Test
  void smallBodiesHaveABoundToo() {
    // Given
    for (int i = 0; i < 16; i++) {
      assertThat(budget.take(64 * KIB, 0)).isTrue();
    }

    // Then
    assertThat(budget.take(1, 0)).isFalse();
    budget.giveBack(1);
    assertThat(budget.take(1, 0)).isTrue();
  }

  @Test
  void anyOneBodyIsHeldWhereThereIsNoOther() {
    // When
    boolean alone = budget.take(4096 * KIB, 0);
    boolean more = budget.take(KIB, 4096 * KIB);
    boolean other = budget.take(1, 0);

    // Then
    assertThat(alone).isTrue();
    assertThat(more).isTrue();
    assertThat(other).isFalse();
  }

  @Test
  void bodyThatGrowsInPiecesBecomesLarge() {
    // Given
    assertThat(budget.take(700 * KIB, 0)).isTrue();
    assertThat(budget.take(64 * KIB, 0)).isTrue();

    // Then
    assertThat(budget.take(8 * KIB, 64 * KIB)).isFalse();
    assertThat(budget.take(8 * KIB, 0)).isTrue();
  }
}
