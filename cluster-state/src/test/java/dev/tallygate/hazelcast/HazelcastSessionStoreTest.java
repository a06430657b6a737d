package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.map.IMap;
import dev.tallygate.sessions.Digests;
import dev.tallygate.sessions.KnownSession;
import dev.tallygate.sessions.Notes;
import dev.tallygate.sessions.Opening;
import dev.tallygate.sessions.SessionKey;
import dev.tallygate.sessions.SessionStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the contract of sessions does not say, and members that are lost can break. */
class HazelcastSessionStoreTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Opening ALICES = new Opening("alice", Set.of());

  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
  }

  private <T extends AutoCloseable> T opened(T part) {
    opened.add(0, part);
    return part;
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
  }

  private static SessionKey key(int i) {
    return new SessionKey("server", "s" + i);
  }

  @Test
  void nothingIsForgottenWhenAMemberEndsWithoutWarning() {
    // Given
    SessionMembers members = opened(new SessionMembers(3));
    for (int i = 0; i < 60; i++) {
      KnownSession session = join(members.sessions(0).open(key(i), ALICES)).orElseThrow();
      join(
          members
              .sessions(1)
              .note(session, new Notes(List.of("r"), List.of("e"), List.of("q", "p"))));
      assertThat(join(members.sessions(2).answer(session, "p"))).isTrue();
    }

    // When
    members.kill(0);

    // Then
    for (int i = 0; i < 60; i++) {
      SessionKey key = key(i);
      SessionStore node = members.sessions(1 + i % 2);
      await()
          .atMost(PATIENCE)
          .ignoreExceptions()
          .until(() -> join(node.find(key, "alice")).isPresent());
      KnownSession session = join(node.find(key, "alice")).orElseThrow();
      assertThat(join(node.find(key, "bob"))).isEmpty();
      assertThat(join(node.resume(session, "e")).orElseThrow().requests().contains("r")).isTrue();
      assertThat(join(node.answer(session, "p"))).isFalse();
      assertThat(join(node.answer(session, "q"))).isTrue();
      assertThat(join(node.answer(session, "q"))).isFalse();
    }
  }

  @Test
  void withoutAQuorumANodeGoesOnWithSessionsThatItKnowsAndNothingElse() throws Exception {
    // Given
    TestCluster cluster = new TestCluster(2);
    EmbeddedHazelcast one = opened(EmbeddedHazelcast.start(cluster.member(0)));
    EmbeddedHazelcast other = opened(EmbeddedHazelcast.start(cluster.member(1)));
    TestCluster.awaitCounting(2, List.of(one, other));
    SessionStore onOne = opened(one.newSessionStore());
    SessionStore onOther = opened(other.newSessionStore());
    KnownSession known = join(onOne.open(key(1), ALICES)).orElseThrow();
    join(onOther.open(key(2), ALICES)).orElseThrow();
    join(onOne.note(known, new Notes(List.of(), List.of("e"), List.of("q"))));
    join(one.newTaskStore().began("server", "t", "alice"));

    // When
    other.close();
    await().atMost(PATIENCE).until(() -> !one.quorum().holds());

    // Then
    assertThat(join(onOne.find(key(1), "alice"))).isPresent();
    assertUnknown(onOne.find(key(1), "bob"));
    assertUnknown(onOne.find(key(2), "alice"));
    assertUnknown(onOne.open(key(3), ALICES));
    assertUnknown(onOne.answer(known, "q"));
    assertUnknown(onOne.resume(known, "e"));
    assertUnknown(onOne.note(known, new Notes(List.of(), List.of("e2"), List.of())));
    assertUnknown(one.newTaskStore().owns("alice", "server", List.of("t")));
    assertUnknown(one.newTaskStore().tasksOf("alice", "server"));
  }

  private static void assertUnknown(CompletionStage<?> stage) {
    assertThatThrownBy(() -> join(stage)).hasMessageContaining("too few data members");
  }

  @Test
  void nodeThatWasNotToldOfAnEndFindsOutByAsking() {
    // Given
    SessionMembers members = opened(new SessionMembers(2));
    KnownSession session = join(members.sessions(0).open(key(1), ALICES)).orElseThrow();
    assertThat(join(members.sessions(1).find(key(1), "alice"))).isPresent();
    members.sessions(1).close(); // it is told nothing any more

    // When
    join(members.sessions(0).end(session));
    members.pass(HazelcastSessionStore.TRUSTED);

    // Then
    assertThat(join(members.sessions(1).find(key(1), "alice"))).isEmpty();
  }

  @Test
  void nodeThatKnowsASessionAnswersAtOnce() {
    // Given
    SessionMembers members = opened(new SessionMembers(2));
    join(members.sessions(0).open(key(1), ALICES));
    Optional<KnownSession> first = join(members.sessions(1).find(key(1), "alice"));

    // When
    CompletionStage<Optional<KnownSession>> again = members.sessions(1).find(key(1), "alice");

    // Then
    assertThat(again.toCompletableFuture()).isDone();
    assertThat(join(again).orElseThrow()).isSameAs(first.orElseThrow());
    members.pass(HazelcastSessionStore.TRUSTED);
    assertThat(join(members.sessions(1).find(key(1), "alice")).orElseThrow())
        .isSameAs(first.orElseThrow());
  }

  @Test
  void grantsThatANodeNeverKnewAreLeftToOthers() {
    // Given
    SessionMembers members = opened(new SessionMembers(2));
    join(members.sessions(0).open(key(1), ALICES));

    // When
    members.sessions(1).retainOnly(Set.of("bob"));
    members.sessions(1).retainOnly(Set.of());

    // Then
    assertThat(join(members.sessions(0).find(key(1), "alice"))).isPresent();
    members.pass(HazelcastSessionStore.TRUSTED);
    assertThat(join(members.sessions(0).find(key(1), "alice"))).isPresent();
  }

  @Test
  void entryOfASessionThatIsUsedIsKeptOn() {
    // Given
    EmbeddedHazelcast hazelcast = opened(EmbeddedHazelcast.standalone());
    SessionStore store = opened(hazelcast.newSessionStore());
    KnownSession session = join(store.open(key(1), ALICES)).orElseThrow();
    IMap<String, SharedSession> map = hazelcast.member().getMap(SessionMaps.SESSIONS);
    long first = map.getEntryView(SessionMaps.key(key(1))).getExpirationTime();

    // Then
    assertThat(first - System.currentTimeMillis())
        .isGreaterThan(SessionStore.MAX_IDLE.multipliedBy(3).dividedBy(2).toMillis())
        .isLessThan(SessionStore.MAX_IDLE.multipliedBy(3).toMillis());
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              join(store.note(session, new Notes(List.of(), List.of("e"), List.of())));
              return map.getEntryView(SessionMaps.key(key(1))).getExpirationTime() > first;
            });
  }

  @Test
  void stepThatIsTakenTwiceCountsOnce() {
    // Given
    SharedSession session =
        new SessionStep.Open(ALICES).take(Optional.empty(), 0).session().orElseThrow();
    SessionStep.Note asked =
        new SessionStep.Note("alice", new Digests(new long[0], new long[0], List.of("q")), 1);
    SessionStep.Answer answered = new SessionStep.Answer("alice", "q", 2);
    asked.take(Optional.of(session), 0);

    // When
    boolean first = answered.take(Optional.of(session), 0).answer();
    boolean retried = answered.take(Optional.of(session), 0).answer();
    asked.take(Optional.of(session), 0);
    boolean another =
        new SessionStep.Answer("alice", "q", 3).take(Optional.of(session), 0).answer();

    // Then
    assertThat(first).isTrue();
    assertThat(retried).isTrue();
    assertThat(another).isFalse();
  }
}
