package dev.tallygate.sessions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What every {@link SessionStore} must pass. A store's own test extends this class, and says which
 * nodes there are; where there is one, all that crosses nodes stays on it.
 */
public abstract class SessionStoreContract {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Of this test alone, since stores are shared by tests. */
  private final String alice = "alice-" + UUID.randomUUID();

  private final String bob = "bob-" + UUID.randomUUID();
  private final SessionKey key = key("s");

  /** The store as the node of that number has it; numbers beyond the last begin anew. */
  protected abstract SessionStore node(int number);

  /** Lets time pass for all nodes. */
  protected abstract void pass(Duration time);

  private SessionKey key(String id) {
    return new SessionKey("server", id + " of " + alice);
  }

  private static Opening by(String grantId) {
    return new Opening(grantId, Set.of("roots"));
  }

  protected static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
  }

  private KnownSession open(int node, SessionKey opened, String grantId) {
    return join(node(node).open(opened, by(grantId))).orElseThrow();
  }

  private Optional<KnownSession> find(int node, SessionKey wanted, String grantId) {
    return join(node(node).find(wanted, grantId));
  }

  private static Notes questions(String... ids) {
    return new Notes(List.of(), List.of(), List.of(ids));
  }

  private static Notes events(String... ids) {
    return new Notes(List.of(), List.of(ids), List.of());
  }

  @Test
  void sessionIsFoundByItsOwnerOnItsServerOnEveryNode() {
    // When
    open(0, key, alice);

    // Then
    for (int node = 0; node < 3; node++) {
      KnownSession found = find(node, key, alice).orElseThrow();
      assertThat(found.key()).isEqualTo(key);
      assertThat(found.opening()).isEqualTo(by(alice));
      assertThat(find(node, key, bob)).isEmpty();
      assertThat(find(node, new SessionKey("other", key.id()), alice)).isEmpty();
      assertThat(find(node, key("other"), alice)).isEmpty();
    }
  }

  @Test
  void ownerIsFoundWhereAnotherWasRefused() {
    // Given
    open(0, key, alice);

    // When
    assertThat(find(1, key, bob)).isEmpty();

    // Then
    assertThat(find(1, key, alice)).isPresent();
    assertThat(find(1, key, bob)).isEmpty();
  }

  @Test
  void idOfAnotherGrantIsNotTakenOver() {
    // Given
    open(0, key, alice);

    // When
    Optional<KnownSession> taken = join(node(1).open(key, by(bob)));

    // Then
    assertThat(taken).isEmpty();
    assertThat(find(1, key, bob)).isEmpty();
    assertThat(find(1, key, alice)).isPresent();
    open(1, new SessionKey("other", key.id()), bob);
  }

  @Test
  void idThatTheServerGivesItsOwnerAgainBeginsAnew() {
    // Given
    KnownSession before = open(0, key, alice);
    join(node(0).note(before, questions("1")));

    // When
    KnownSession again = open(1, key, alice);

    // Then
    assertThat(join(node(0).answer(again, "1"))).isFalse();
    join(node(1).end(again));
    open(1, key, bob);
  }

  @Test
  void endedSessionIsGoneFromEveryNodeAndItsIdIsFree() {
    // Given
    open(0, key, alice);
    for (int node = 0; node < 3; node++) {
      assertThat(find(node, key, alice)).isPresent();
    }

    // When
    join(node(1).end(find(1, key, alice).orElseThrow()));

    // Then
    assertThat(find(1, key, alice)).isEmpty();
    for (int node = 0; node < 3; node++) {
      int at = node;
      await().atMost(PATIENCE).until(() -> find(at, key, alice).isEmpty());
    }
    open(2, key, bob);
  }

  @Test
  void whatIsOverEndsNothingOfItsSuccessor() {
    // Given
    KnownSession over = open(0, key, alice);
    join(node(0).end(over));
    KnownSession successor = open(1, key, bob);

    // When
    join(node(0).note(over, questions("q")));
    join(node(0).end(over));

    // Then
    assertThat(find(1, key, bob)).isPresent();
    assertThat(join(node(1).answer(successor, "q"))).isFalse();
    assertThat(join(node(0).answer(over, "q"))).isFalse();
    assertThat(join(node(0).resume(over, "e"))).isEmpty();
  }

  @Test
  void questionIsAnsweredOnceOnWhateverNode() {
    // Given
    KnownSession session = open(0, key, alice);
    assertThat(join(node(1).answer(session, "\"q\""))).isFalse();

    // When
    join(node(0).note(session, questions("\"q\"", "1")));

    // Then
    assertThat(join(node(1).answer(session, "q"))).isFalse();
    assertThat(join(node(1).answer(session, "\"q\""))).isTrue();
    assertThat(join(node(0).answer(session, "\"q\""))).isFalse();
    assertThat(join(node(2).answer(session, "\"q\""))).isFalse();
    assertThat(join(node(2).answer(session, "1"))).isTrue();
  }

  @Test
  void ofManyAnswersAtOnceOneIsTheAnswer() {
    // Given
    KnownSession session = open(0, key, alice);
    List<String> asked = IntStream.range(0, 50).mapToObj(Integer::toString).toList();
    join(node(0).note(session, questions(asked.toArray(String[]::new))));

    // When
    List<List<CompletableFuture<Boolean>>> answers = new ArrayList<>();
    for (String question : asked) {
      answers.add(
          IntStream.range(0, 6)
              .mapToObj(at -> node(at).answer(session, question).toCompletableFuture())
              .toList());
    }

    // Then
    for (List<CompletableFuture<Boolean>> ofOne : answers) {
      assertThat(ofOne.stream().filter(SessionStoreContract::join).count()).isEqualTo(1);
    }
  }

  @Test
  void questionsAreBounded() {
    // Given
    KnownSession session = open(0, key, alice);

    // When
    join(
        node(0)
            .note(
                session,
                questions(
                    IntStream.rangeClosed(0, SessionState.MAX_QUESTIONS)
                        .mapToObj(Integer::toString)
                        .toArray(String[]::new))));

    // Then
    assertThat(join(node(1).answer(session, "999"))).isTrue();
    assertThat(join(node(1).answer(session, "1000"))).isFalse();
  }

  @Test
  void streamIsResumedFromAnEventOfTheSessionOnEveryNode() {
    // Given
    KnownSession session = open(0, key, alice);
    KnownSession second = open(0, key("second"), alice);

    // When
    join(node(0).note(session, new Notes(List.of("3", "TOOLS 3"), List.of("e1", "e2"), List.of())));

    // Then
    for (int node = 0; node < 3; node++) {
      Resumption resumption = join(node(node).resume(session, "e1")).orElseThrow();
      assertThat(resumption.requests().contains("3")).isTrue();
      assertThat(resumption.requests().contains("TOOLS 3")).isTrue();
      assertThat(resumption.requests().contains("4")).isFalse();
      assertThat(join(node(node).resume(session, "e3"))).isEmpty();
      assertThat(join(node(node).resume(second, "e1"))).isEmpty();
    }
  }

  @Test
  void eventsOfLongAgoAreForgotten() {
    // Given
    KnownSession session = open(0, key, alice);

    // When
    for (int i = 0; i < RecentIds.MAX; i += 64) {
      join(
          node(i)
              .note(
                  session,
                  events(
                      IntStream.range(i, i + 64).mapToObj(e -> "e" + e).toArray(String[]::new))));
    }
    join(node(0).note(session, events("last")));

    // Then
    assertThat(join(node(1).resume(session, "e0"))).isEmpty();
    assertThat(join(node(1).resume(session, "e1"))).isPresent();
    assertThat(join(node(1).resume(session, "last"))).isPresent();
  }

  @Test
  void grantHasRoomForSoManySessionsAndGetsItBack() {
    // Given
    KnownSession first = open(0, key, alice);
    for (int i = 1; i < SessionStore.MAX_PER_GRANT; i++) {
      open(i, key("s" + i), alice);
    }

    // Then
    assertThat(join(node(0).open(key("more"), by(alice)))).isEmpty();
    assertThat(find(0, key("more"), alice)).isEmpty();
    open(0, key("more"), bob);
    open(1, key("s7"), alice);
    join(node(1).end(first));
    join(node(1).end(first));
    open(2, key, alice);
    assertThat(join(node(0).open(key("s1000"), by(alice)))).isEmpty();
  }

  @Test
  void silentSessionsEndAndMakeRoom() {
    // Given
    for (int i = 0; i < SessionStore.MAX_PER_GRANT; i++) {
      open(i, key("s" + i), alice);
    }
    pass(SessionStore.MAX_IDLE.minusMinutes(5));
    assertThat(find(1, key("s7"), alice)).isPresent();
    pass(Duration.ofMinutes(10));

    // When
    open(1, key("new"), alice);

    // Then
    assertThat(find(2, key("s7"), alice)).isPresent();
    assertThat(find(2, key("s8"), alice)).isEmpty();
  }

  @Test
  void sessionsEndWithTheirGrant() {
    // Given
    open(0, key, alice);
    open(1, key("bobs"), bob);
    assertThat(find(2, key, alice)).isPresent();
    node(0).retainOnly(Set.of(alice, bob));

    // When
    node(0).retainOnly(Set.of(bob));

    // Then
    for (int node = 0; node < 3; node++) {
      int at = node;
      await().atMost(PATIENCE).until(() -> find(at, key, alice).isEmpty());
      assertThat(find(at, key("bobs"), bob)).isPresent();
    }
    await().atMost(PATIENCE).until(() -> join(node(1).open(key, by(bob))).isPresent());
  }
}
