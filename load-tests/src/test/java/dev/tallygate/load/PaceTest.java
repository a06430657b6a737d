package dev.tallygate.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PaceTest {
  private static final long MILLI = 1_000_000;

  @Test
  void callsOfAllConnectionsAreEvenlySpaced() {
    // Given
    Pace pace = new Pace(5_000, 1_000, 4);

    // When
    List<Long> due =
        LongStream.range(0, 3)
            .boxed()
            .flatMap(turn -> IntStream.range(0, 4).mapToObj(c -> pace.dueNanos(c, turn)))
            .toList();

    // Then
    assertThat(due)
        .isEqualTo(LongStream.range(0, 12).mapToObj(call -> 5_000 + call * MILLI).toList());
  }

  @Test
  void rateThatDoesNotDivideASecondDoesNotDrift() {
    // Given
    Pace pace = new Pace(0, 3_000, 7);

    // When
    long due = pace.dueNanos(0, 3_000L * 3_600);

    // Then: 75,600,000 calls and 25,200 s later, to the nanosecond
    assertThat(due).isEqualTo(25_200L * 1_000_000_000);
  }

  @Test
  void callThatHadToWaitIsChargedForTheWait() {
    // Given: one connection, a call a second's hundredth, and a server that halts for 100 ms
    Pace pace = new Pace(0, 100, 1);

    // When: the first answer comes after 100 ms, the others follow in 1 ms each
    List<Long> latencies =
        LongStream.range(0, 4)
            .mapToObj(turn -> pace.latencyNanos(0, turn, (100 + turn) * MILLI))
            .toList();

    // Then
    assertThat(latencies).containsExactly(100 * MILLI, 91 * MILLI, 82 * MILLI, 73 * MILLI);
  }

  @Test
  void paceWithoutCallsIsRefused() {
    assertThatThrownBy(() -> new Pace(0, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Pace(0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
  }
}
