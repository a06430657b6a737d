package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DecisionIdsTest {
  @Test
  void idsAreVersion7AndSortByTime() {
    // When
    UUID early = UUID.fromString(DecisionIds.next(1_700_000_000_000L));
    UUID late = UUID.fromString(DecisionIds.next(1_700_000_000_001L));

    // Then
    assertThat(early.version()).isEqualTo(7);
    assertThat(early.variant()).isEqualTo(2);
    assertThat(early.getMostSignificantBits() >>> 16).isEqualTo(1_700_000_000_000L);
    assertThat(early.toString()).isLessThan(late.toString());
  }

  @Test
  void idsOfOneMillisecondDiffer() {
    // When
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < 10_000; i++) {
      ids.add(DecisionIds.next(1));
    }

    // Then
    assertThat(ids).hasSize(10_000);
  }
}
