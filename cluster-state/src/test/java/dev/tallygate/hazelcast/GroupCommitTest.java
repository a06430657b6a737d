package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.map.EntryProcessor;
import dev.tallygate.counters.CounterTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Which steps go to their owner together. */
class GroupCommitTest {
  private static final Duration WANTED_FOR = Duration.ofSeconds(2);

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final List<Sent> sent = new CopyOnWriteArrayList<>();
  private final GroupCommit groups = new GroupCommit(new Sending(), WANTED_FOR, now::get);

  private record Sent(
      String subject, List<TableStep<?>> steps, CompletableFuture<StepGroup.Answers> answer) {
    void answer(Object... each) {
      answer.complete(new StepGroup.Answers(Arrays.asList(each)));
    }
  }

  private final class Sending implements Steps {
    @Override
    @SuppressWarnings("unchecked") // only groups are sent here
    public <R> CompletableFuture<R> take(
        String subject, EntryProcessor<String, CounterTable, R> step) {
      CompletableFuture<StepGroup.Answers> answer = new CompletableFuture<>();
      sent.add(new Sent(subject, ((StepGroup) step).steps, answer));
      return (CompletableFuture<R>) answer;
    }
  }

  private static TableStep<Boolean> step(int number) {
    return new TableStep.Settle("r-" + number, List.of());
  }

  private void awaitSent(int count) {
    await().untilAsserted(() -> assertThat(sent).hasSize(count));
  }

  @Test
  void stepsThatComeWhileOneIsOnItsWayGoTogetherAfterIt() {
    // Given
    CompletableFuture<Boolean> first = groups.take("a", step(1));
    CompletableFuture<Boolean> second = groups.take("a", step(2));
    CompletableFuture<Boolean> third = groups.take("a", step(3));
    assertThat(sent).extracting(Sent::steps).containsExactly(List.of(step(1)));

    // When
    sent.get(0).answer(true);
    awaitSent(2);
    sent.get(1).answer(false, true);

    // Then
    assertThat(sent.get(1).steps()).containsExactly(step(2), step(3));
    assertThat(first.join()).isTrue();
    assertThat(second.join()).isFalse();
    assertThat(third.join()).isTrue();
  }

  @Test
  void stepWaitsForNoneOfAnotherSubject() {
    // When
    groups.take("a", step(1));
    groups.take("b", step(2));

    // Then
    assertThat(sent).extracting(Sent::subject).containsExactly("a", "b");
  }

  @Test
  void stepThatFindsNoneOnItsWayGoesAtOnce() {
    // Given
    groups.take("a", step(1));
    sent.get(0).answer(true);

    // When
    groups.take("a", step(2));

    // Then
    assertThat(sent).extracting(Sent::steps).containsExactly(List.of(step(1)), List.of(step(2)));
  }

  @Test
  void whatFailsAsAWholeFailsForEachAndHoldsUpNoOther() {
    // Given
    groups.take("a", step(1));
    CompletableFuture<Boolean> second = groups.take("a", step(2));
    CompletableFuture<Boolean> third = groups.take("a", step(3));
    sent.get(0).answer(true);
    awaitSent(2);
    CompletableFuture<Boolean> fourth = groups.take("a", step(4));

    // When
    sent.get(1).answer().completeExceptionally(new IllegalStateException("no copy"));
    awaitSent(3);
    sent.get(2).answer(true);

    // Then
    assertThatThrownBy(second::join).hasMessageContaining("no copy");
    assertThatThrownBy(third::join).hasMessageContaining("no copy");
    assertThat(fourth.join()).isTrue();
  }

  @Test
  void stepThatFailsForItselfFailsAlone() {
    // Given
    groups.take("a", step(1));
    CompletableFuture<Boolean> second = groups.take("a", step(2));
    CompletableFuture<Boolean> third = groups.take("a", step(3));
    sent.get(0).answer(true);
    awaitSent(2);

    // When
    sent.get(1).answer(new StepGroup.Failed("wrong"), true);

    // Then
    assertThatThrownBy(second::join).hasMessageContaining("wrong");
    assertThat(third.join()).isTrue();
  }

  @Test
  void noStepsWaitLongForAnAnswerThatStaysAway() {
    // Given
    CompletableFuture<Boolean> first = groups.take("a", step(1));
    CompletableFuture<Boolean> second = groups.take("a", step(2));

    // When
    now.addAndGet(GroupCommit.UNANSWERED.toNanos() + 1);
    CompletableFuture<Boolean> third = groups.take("a", step(3));

    // Then
    assertThat(sent.get(1).steps()).containsExactly(step(2), step(3));
    CompletableFuture<Boolean> fourth = groups.take("a", step(4));
    sent.get(0).answer(true);
    assertThat(first.join()).isTrue();
    assertThat(sent).hasSize(2);
    sent.get(1).answer(true, true);
    awaitSent(3);
    assertThat(sent.get(2).steps()).containsExactly(step(4));
    assertThat(List.of(second.join(), third.join())).containsExactly(true, true);
    assertThat(fourth).isNotDone();
  }

  @Test
  void stepThatNobodyWaitsForAnyMoreIsNotSent() {
    // Given
    groups.take("a", step(1));
    CompletableFuture<Boolean> second = groups.take("a", step(2));
    now.addAndGet(WANTED_FOR.toNanos() + 1);

    // When
    groups.take("a", step(3));

    // Then
    assertThat(sent.get(1).steps()).containsExactly(step(3));
    assertThatThrownBy(second::join).hasCauseInstanceOf(TimeoutException.class);
  }

  @Test
  void subjectGoesOnWhereNobodyWaitsForAnyOfItsSteps() {
    // Given
    groups.take("a", step(1));
    CompletableFuture<Boolean> second = groups.take("a", step(2));
    now.addAndGet(WANTED_FOR.toNanos() + 1);

    // When
    sent.get(0).answer(true);

    // Then
    assertThatThrownBy(second::join).hasCauseInstanceOf(TimeoutException.class);
    await()
        .untilAsserted(
            () -> {
              int before = sent.size();
              groups.take("a", step(3));
              assertThat(sent).hasSize(before + 1);
            });
  }

  @Test
  void groupIsBounded() {
    // Given
    groups.take("a", step(0));
    for (int i = 1; i <= GroupCommit.MOST_IN_A_GROUP + 1; i++) {
      groups.take("a", step(i));
    }

    // When
    sent.get(0).answer(true);
    awaitSent(2);

    // Then
    assertThat(sent.get(1).steps()).hasSize(GroupCommit.MOST_IN_A_GROUP);
  }

  @Test
  void stepBeyondThoseThatMayWaitFails() {
    // Given
    groups.take("a", step(0));
    List<CompletableFuture<Boolean>> waiting = new ArrayList<>();
    for (int i = 0; i < GroupCommit.MOST_WAITING; i++) {
      waiting.add(groups.take("a", step(i)));
    }

    // When
    CompletableFuture<Boolean> oneMore = groups.take("a", step(-1));

    // Then
    assertThatThrownBy(oneMore::join).hasMessageContaining("too many steps wait for a");
    assertThat(waiting).noneMatch(CompletableFuture::isDone);
  }
}
