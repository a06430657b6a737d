package dev.tallygate.load.limits;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

class DriveTest {
  @Test
  void eachCounterIsUsedOnceWhereNoTimeIsSet() {
    // Given
    Set<Integer> used = ConcurrentHashMap.newKeySet();
    Limiter limiter =
        (counter, loop) -> {
          used.add(counter);
          return CompletableFuture.supplyAsync(() -> true, loop);
        };

    // When
    Drive.Outcome outcome;
    try (Drive drive = new Drive(2)) {
      outcome = drive.run(new Drive.Order("any", 100, 1_001, 16, 0, 0), List.of(limiter, limiter));
    }

    // Then
    assertThat(used).hasSize(1_001).allMatch(counter -> counter >= 100 && counter < 1_101);
    assertThat(outcome.admitted()).isEqualTo(1_001);
  }

  @Test
  void everyDecisionIsCountedByWhatItWas() {
    // Given
    Limiter limiter =
        (counter, loop) ->
            switch (counter % 3) {
              case 0 -> Limiter.ADMITTED;
              case 1 -> Limiter.REFUSED;
              default -> CompletableFuture.failedStage(new IllegalStateException("lost"));
            };

    // When
    Drive.Outcome outcome;
    try (Drive drive = new Drive(1)) {
      outcome = drive.run(new Drive.Order("any", 0, 30, 4, 0, 0), List.of(limiter));
    }

    // Then
    assertThat(outcome.admitted()).isEqualTo(10);
    assertThat(outcome.refused()).isEqualTo(10);
    assertThat(outcome.failed()).isEqualTo(10);
    assertThat(outcome.failure()).contains("lost");
  }
}
