package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More members end at once than there are copies to spare. */
@Timeout(180)
class LostCountsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int SUBJECTS = 60;

  private final TestCluster cluster = new TestCluster(3);
  private final Deque<EmbeddedHazelcast> started = new ArrayDeque<>();

  private EmbeddedHazelcast start(int index) throws IOException {
    EmbeddedHazelcast process = EmbeddedHazelcast.start(cluster.member(index));
    started.push(process);
    return process;
  }

  @AfterEach
  void stop() {
    started.forEach(process -> process.member().getLifecycleService().terminate());
  }

  @Test
  void countsThatAllTheirKeepersTookWithThemGiveNoRoomUntilTheirWindowsEnd() throws Exception {
    // Given counters with one unit of room, on three members
    EmbeddedHazelcast lives = start(0);
    EmbeddedHazelcast one = start(1);
    EmbeddedHazelcast other = start(2);
    TestCluster.awaitCounting(3, List.of(lives, one, other));
    CounterStore before = HazelcastCounterStoreTest.patient(lives);
    for (int i = 0; i < SUBJECTS; i++) {
      assertThat(reserve(before, claim("subject-" + i, 86_400))).isInstanceOf(Reserved.class);
    }

    // When two members end at once
    Thread first = new Thread(() -> one.member().getLifecycleService().terminate());
    first.start();
    other.member().getLifecycleService().terminate();
    first.join();
    await().atMost(PATIENCE).until(() -> !lives.quorum().holds());
    assertThat(reserve(before, claim("subject-0", 86_400))).isInstanceOf(Unavailable.class);
    start(1);
    start(2);
    await().atMost(PATIENCE).until(() -> lives.quorum().present() == 3);
    await().atMost(PATIENCE).until(() -> reserve(before, claim("later", 1)) instanceof Reserved);

    // Then what is known goes on, and what is lost gives no room
    int lost = 0;
    for (int i = 0; i < SUBJECTS; i++) {
      Claim claim = claim("subject-" + i, 86_400);
      ReserveResult result =
          await()
              .atMost(PATIENCE)
              .until(() -> reserve(before, claim), LostCountsTest::isKnownOrLost);
      if (result instanceof Reserved) {
        assertThat(before.usage(claim.key()).toCompletableFuture().join().used())
            .isEqualByComparingTo("2");
      } else {
        lost++;
      }
    }
    assertThat(lost).isPositive();
    for (int i = 0; i < SUBJECTS; i++) {
      Claim shortOne = claim("subject-" + i, 1);
      await().atMost(PATIENCE).until(() -> reserve(before, shortOne) instanceof Reserved);
    }
  }

  @Test
  void answerIsNotBelievedWithoutAQuorum() throws Exception {
    // Given a counter of three members, of which only one is left
    EmbeddedHazelcast lives = start(0);
    EmbeddedHazelcast one = start(1);
    await().atMost(PATIENCE).until(() -> lives.quorum().holds());
    CounterStore counts = HazelcastCounterStoreTest.patient(lives);
    Claim claim = claim("alice", 86_400);
    await().atMost(PATIENCE).until(() -> reserve(counts, claim) instanceof Reserved);

    // When
    one.member().getLifecycleService().terminate();
    await().atMost(PATIENCE).until(() -> !lives.quorum().holds());

    // Then
    assertThat(reserve(counts, claim)).isInstanceOf(Unavailable.class);
    assertThat(counts.usage(claim.key()).handle((used, failure) -> failure).toCompletableFuture())
        .succeedsWithin(PATIENCE)
        .isNotNull();
  }

  /** Until its partition has a place on the members that are there, a counter is neither. */
  private static boolean isKnownOrLost(ReserveResult result) {
    return result instanceof Reserved
        || result instanceof Unavailable refusal && refusal.cause().contains("lost");
  }

  private static Claim claim(String subject, long windowSeconds) {
    return new Claim(
        new CounterKey(Scope.GRANT, subject, "calls", windowSeconds, Algorithm.FIXED),
        BigDecimal.ONE,
        BigDecimal.valueOf(100),
        OnStoreLoss.DENY);
  }

  private static ReserveResult reserve(CounterStore store, Claim claim) {
    return store
        .reserve(UUID.randomUUID().toString(), List.of(claim))
        .toCompletableFuture()
        .orTimeout(60, TimeUnit.SECONDS)
        .join();
  }
}
