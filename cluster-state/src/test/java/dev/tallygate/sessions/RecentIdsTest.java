package dev.tallygate.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RecentIdsTest {
  private final RecentIds ids = new RecentIds();

  @Test
  void lastOnesAreKnownAndOlderOnesForgotten() {
    // When
    for (int i = 0; i < RecentIds.MAX + 3; i++) {
      ids.add("e" + i);
      assertThat(ids.contains("e" + i)).isTrue();
    }

    // Then
    for (int i = 0; i < RecentIds.MAX + 3; i++) {
      assertThat(ids.contains("e" + i)).as("e" + i).isEqualTo(i >= 3);
    }
  }

  @Test
  void nothingIsKnownAtFirst() {
    assertThat(ids.contains("")).isFalse();
    assertThat(ids.contains("e0")).isFalse();
  }

  @Test
  void idsAreComparedWhole() {
    // When
    ids.add("event-1");

    // Then
    assertThat(ids.contains("event-")).isFalse();
    assertThat(ids.contains("Event-1")).isFalse();
    assertThat(ids.contains("event-10")).isFalse();
  }

  @Test
  void whatIsRememberedCanBeWrittenDownAndReadBack() {
    for (int count : new int[] {0, 1, 8, 9, 40, RecentIds.MAX, RecentIds.MAX + 3}) {
      // Given
      RecentIds written = new RecentIds();
      for (int i = 0; i < count; i++) {
        written.add("e" + i);
      }

      // When
      RecentIds read = RecentIds.of(RecentIds.MAX, written.digests());
      read.add("next");
      written.add("next");

      // Then
      assertThat(read.digests()).isEqualTo(written.digests());
      assertThat(read.contains("e0")).isEqualTo(written.contains("e0"));
    }
  }
}
