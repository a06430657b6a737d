package dev.tallygate.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.registry.Registry.Enforcement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FollowerTest {
  private final AtomicLong seconds = new AtomicLong(1_000);
  private final List<Long> enforced = new ArrayList<>();
  private final Follower follower =
      new Follower("node-a", Duration.ofSeconds(15), this::now, this::enforce);

  private long now() {
    return Duration.ofSeconds(seconds.get()).toNanos();
  }

  private void enforce(Edition edition) throws EditionRefused {
    if (edition.document().equals("bad")) {
      throw new EditionRefused("it is bad");
    }
    enforced.add(edition.revision());
  }

  @Test
  void servesNothingBeforeItIsSureOfTheNewest() {
    // When
    Optional<String> atFirst = follower.standing().outage();
    follower.enforce(new Edition(4, "ok"));
    Optional<String> unsure = follower.standing().outage();
    follower.confirmed(4, now());

    // Then
    assertThat(atFirst).contains("the newest revision is not known yet");
    assertThat(unsure).contains("the newest revision is not known yet");
    assertThat(follower.standing())
        .isEqualTo(new Registry.Standing(4, false, Optional.empty(), Optional.empty()));
  }

  @Test
  void stopsServingWhenItHasNotBeenSureForTooLongAndServesAgainOnceItIs() {
    // Given
    follower.enforce(new Edition(4, "ok"));
    follower.confirmed(4, now());
    seconds.addAndGet(15);
    assertThat(follower.standing().outage()).isEmpty();

    // When
    follower.unreachable("1 of 3 answered");
    seconds.incrementAndGet();

    // Then
    assertThat(follower.standing().outage())
        .contains("since 16 s it is not known whether revision 4 is the newest: 1 of 3 answered");
    follower.confirmed(4, now());
    assertThat(follower.standing().outage()).isEmpty();
  }

  @Test
  void readingThatFindsAnotherRevisionDoesNotMakeItSure() {
    // Given
    follower.enforce(new Edition(4, "ok"));

    // When
    follower.confirmed(5, now());

    // Then
    assertThat(follower.standing().outage()).isPresent();
  }

  @Test
  void olderEditionIsNeverEnforcedAgain() {
    // When
    follower.enforce(new Edition(4, "ok"));
    follower.enforce(new Edition(3, "ok"));
    Enforcement answer = follower.enforce(new Edition(4, "ok"));

    // Then
    assertThat(enforced).containsExactly(4L);
    assertThat(answer.revision()).isEqualTo(4);
  }

  @Test
  void editionThatCannotBeEnforcedLeavesWhatRunsAndIsSaid() {
    // Given
    follower.enforce(new Edition(4, "ok"));
    follower.confirmed(4, now());

    // When
    Enforcement answer = follower.enforce(new Edition(5, "bad"));

    // Then
    assertThat(answer)
        .isEqualTo(
            new Enforcement(
                "node-a", true, 4, Optional.of("revision 5 cannot be enforced: it is bad")));
    seconds.addAndGet(16);
    assertThat(follower.standing().outage().orElseThrow()).endsWith("it is bad");
    assertThat(follower.enforce(new Edition(6, "ok")).problem()).isEmpty();
  }

  @Test
  void emptyRegistryIsNamed() {
    // When
    follower.foundEmpty();

    // Then
    assertThat(follower.standing().isEmpty()).isTrue();
    assertThat(follower.standing().outage())
        .contains("the registry is empty; publish one with `tallygate publish`");
  }
}
