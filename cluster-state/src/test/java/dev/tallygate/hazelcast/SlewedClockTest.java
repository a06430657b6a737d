package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SlewedClockTest {
  private static final long NOON = 1_772_366_400_000L;

  private long clusterMillis = NOON;
  private long nanos;
  private final SlewedClock clock = new SlewedClock(() -> clusterMillis, () -> nanos);

  @Test
  void followsTheTimeOfTheCluster() {
    for (int second = 1; second <= 3_600; second++) {
      // When
      pass(1_000, 1_000);

      // Then
      assertThat(clock.millis()).isEqualTo(NOON + second * 1_000L);
    }
  }

  @Test
  void makesUpForAJumpForwardATwentiethAtATime() {
    // Given
    clusterMillis += 5_000;

    // When
    pass(60_000, 60_000);

    // Then
    assertThat(clock.millis()).isEqualTo(NOON + 63_000);
    pass(40_000, 40_000);
    assertThat(clock.millis()).isEqualTo(NOON + 105_000);
    pass(1_000, 1_000);
    assertThat(clock.millis()).isEqualTo(NOON + 106_000);
  }

  @Test
  void goesSlowerAfterAJumpBackAndNeverBack() {
    // Given
    clusterMillis -= 5_000;

    // When
    pass(60_000, 60_000);

    // Then
    assertThat(clock.millis()).isEqualTo(NOON + 57_000);
    pass(40_000, 40_000);
    assertThat(clock.millis()).isEqualTo(NOON + 95_000);
  }

  @Test
  void ofAProcessThatIsAloneJumpsAheadWhenItsMachineWakesAndNeverBack() {
    // Given
    SlewedClock alone = SlewedClock.thatJumpsAhead(() -> clusterMillis, () -> nanos);

    // When the machine sleeps for eight hours
    pass(10, TimeUnit.HOURS.toMillis(8));

    // Then
    assertThat(alone.millis()).isEqualTo(NOON + TimeUnit.HOURS.toMillis(8));
    pass(60_000, -TimeUnit.HOURS.toMillis(1));
    assertThat(alone.millis()).isEqualTo(NOON + TimeUnit.HOURS.toMillis(8) + 57_000);
  }

  @Property(tries = 300)
  void neverRunsAheadOrBehindByMoreThanATwentiethOfTheTimeThatPasses(@ForAll Random random) {
    // Given
    clusterMillis = NOON;
    SlewedClock any = new SlewedClock(() -> clusterMillis, () -> nanos);
    long before = any.millis();

    for (int step = 0; step < 200; step++) {
      // When
      long passed = random.nextInt(5_000);
      pass(passed, passed + (random.nextInt(5) == 0 ? random.nextInt(40_000) - 20_000 : 0));
      long now = any.millis();

      // Then
      assertThat(now - before).isBetween((long) (passed * 0.95) - 1, (long) (passed * 1.05) + 1);
      before = now;
    }
  }

  private void pass(long monotonicMillis, long clusterPassed) {
    nanos += TimeUnit.MILLISECONDS.toNanos(monotonicMillis);
    clusterMillis += clusterPassed;
  }
}
