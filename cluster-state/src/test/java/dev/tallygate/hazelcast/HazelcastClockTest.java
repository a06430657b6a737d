package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.hazelcast.internal.util.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HazelcastClockTest {
  private static final long A_WHILE = Duration.ofSeconds(30).toMillis();

  @Test
  void hazelcastIsShownNoJumpOfTheMachinesClock() {
    // Given
    AtomicLong offMillis = new AtomicLong();
    HazelcastClock clock = new HazelcastClock(() -> System.currentTimeMillis() + offMillis.get());
    long before = clock.currentTimeMillis();

    // When
    offMillis.set(Duration.ofDays(1).toMillis());
    long ahead = clock.currentTimeMillis();
    offMillis.set(Duration.ofDays(-1).toMillis());
    long behind = clock.currentTimeMillis();

    // Then
    assertThat(ahead).isBetween(before, before + A_WHILE);
    assertThat(behind).isBetween(ahead, ahead + A_WHILE);
  }

  @Test
  void hazelcastGoesByItInEveryProcessThatCounts() {
    // When
    EmbeddedHazelcast.standaloneConfig();

    // Then
    assertThat(System.getProperty("com.hazelcast.clock.impl"))
        .isEqualTo(HazelcastClock.class.getName());
    assertThat(Clock.currentTimeMillis()).isCloseTo(System.currentTimeMillis(), within(A_WHILE));
  }
}
