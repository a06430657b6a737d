package dev.tallygate.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CpuUseTest {
  @Test
  void busyIsAllButIdleAndGuests() {
    // Given: user nice system idle iowait irq softirq steal guest guest_nice
    String stat = "cpu  100 10 50 9999 888 1 2 37 100 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n";

    // When, Then: guest time is in user time already
    assertThat(CpuUse.busy(stat)).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void othersAreWhatTheMachineDidBesidesThis() {
    // Given: two seconds in which the machine was busy for 3 s and this for 2 s of them
    CpuUse before = use(0, 100, 40);
    CpuUse after = use(2_000_000_000L, 103, 42);

    // When, Then
    assertThat(after.othersSince(before)).contains(0.5);
  }

  @Test
  void busyCoresAreThoseOfAll() {
    // Given: two seconds in which the machine was busy for 3 s
    CpuUse before = use(0, 100, 40);
    CpuUse after = use(2_000_000_000L, 103, 42);

    // When, Then
    assertThat(after.coresBusySince(before)).hasValue(1.5);
  }

  @Test
  void othersAreUnknownWhereTheSystemDoesNotTell() {
    // Given
    CpuUse before = new CpuUse(0, Optional.empty(), Duration.ZERO);

    // When, Then
    assertThat(use(1, 1, 1).othersSince(before)).isEmpty();
  }

  private static CpuUse use(long nanos, long machineSeconds, long ownSeconds) {
    return new CpuUse(
        nanos, Optional.of(Duration.ofSeconds(machineSeconds)), Duration.ofSeconds(ownSeconds));
  }
}
