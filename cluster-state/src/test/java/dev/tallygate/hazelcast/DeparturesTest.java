package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.registry.Registry.Late;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What is learnt of nodes that were lost before. */
class DeparturesTest {
  private final AtomicLong now = new AtomicLong(-5_000_000_000L);
  private final Departures departures = new Departures(Duration.ofSeconds(15), now::get);

  private static Departed lost(String member, String node, long agoMillis) {
    return new Departed(List.of(new Departed.Node(member, node, agoMillis)));
  }

  @Test
  void whatAnotherKnowsCountsFromWhenItWasLost() {
    // When
    departures.learn(lost("id", "gate-1", 5_000), Set.of("gate-2"));
    List<Late> before = departures.maybeServing();
    Departed told = departures.departed();
    now.addAndGet(Duration.ofMillis(10_001).toNanos());

    // Then
    assertThat(before)
        .containsExactly(
            new Late(
                "gate-1", "it was lost 5 s ago; if it still runs, it stops serving within 11 s"));
    assertThat(told).isEqualTo(lost("id", "gate-1", 5_000));
    assertThat(departures.maybeServing()).isEmpty();
  }

  @Test
  void nodeThatIsThereAgainIsNotLost() {
    // When
    departures.learn(lost("id", "gate-1", 0), Set.of("gate-1"));

    // Then
    assertThat(departures.maybeServing()).isEmpty();
  }

  @Test
  void whatWasSeenHereIsNotOverwritten() {
    // Given
    departures.learn(lost("id", "gate-1", 9_000), Set.of());

    // When
    departures.learn(lost("id", "gate-1", 1_000), Set.of());

    // Then
    assertThat(departures.departed()).isEqualTo(lost("id", "gate-1", 9_000));
  }
}
