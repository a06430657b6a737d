package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.MapConfig;
import com.hazelcast.core.HazelcastInstance;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Processes of a cluster, all in this JVM, on loopback. */
@Timeout(180)
class ClusterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final TestCluster cluster = new TestCluster(3);
  private final Deque<EmbeddedHazelcast> started = new ArrayDeque<>();

  private EmbeddedHazelcast start(ClusterSettings settings) throws IOException {
    EmbeddedHazelcast process = EmbeddedHazelcast.start(settings);
    started.push(process);
    return process;
  }

  @AfterEach
  void stop() {
    // At once, since nobody is left to hand anything over to.
    started.forEach(process -> process.member().getLifecycleService().terminate());
  }

  @Test
  void membersAndGatewayCountTogetherOnceTheyHaveQuorum() throws IOException {
    // Given
    EmbeddedHazelcast one = start(cluster.member(0));
    assertThat(one.quorum().holds()).isFalse();
    EmbeddedHazelcast two = start(cluster.member(1));
    await().atMost(PATIENCE).until(() -> one.quorum().holds() && two.quorum().holds());
    EmbeddedHazelcast three = start(cluster.member(2));
    EmbeddedHazelcast gateway = start(cluster.gateway());
    List<EmbeddedHazelcast> all = List.of(one, two, three, gateway);
    TestCluster.awaitCounting(3, all);
    Claim claim =
        new Claim(
            new CounterKey(Scope.GRANT, "alice", "calls", 86_400, Algorithm.FIXED),
            BigDecimal.ONE,
            BigDecimal.valueOf(4),
            OnStoreLoss.DENY);

    // When
    for (EmbeddedHazelcast process : all) {
      assertThat(reserve(process, "of-" + process.member().getName(), claim))
          .isInstanceOf(Reserved.class);
    }

    // Then
    for (EmbeddedHazelcast process : all) {
      assertThat(reserve(process, "more-" + process.member().getName(), claim))
          .isInstanceOf(Exceeded.class);
    }
    assertThat(gateway.member().getMap(HazelcastCounterStore.MAP).localKeySet()).isEmpty();
  }

  @Test
  void quorumIsLostWithTheMajorityOfDataMembersAndGatewaysDoNotCount() throws IOException {
    // Given
    EmbeddedHazelcast one = start(cluster.member(0));
    EmbeddedHazelcast two = start(cluster.member(1));
    EmbeddedHazelcast gateway = start(cluster.gateway());
    await().atMost(PATIENCE).until(() -> one.quorum().holds() && gateway.quorum().holds());

    // When
    two.member().getLifecycleService().terminate();

    // Then
    await().atMost(PATIENCE).until(() -> !one.quorum().holds() && !gateway.quorum().holds());
    assertThat(gateway.quorum().present()).isEqualTo(1);
    assertThat(two.quorum().holds()).isFalse();
    start(cluster.member(2));
    await().atMost(PATIENCE).until(() -> one.quorum().holds() && gateway.quorum().holds());
  }

  @Test
  void stepsGoOnWhileAMemberLeavesInOrder() throws Exception {
    // Given
    EmbeddedHazelcast one = start(cluster.member(0));
    EmbeddedHazelcast two = start(cluster.member(1));
    EmbeddedHazelcast three = start(cluster.member(2));
    TestCluster.awaitCounting(3, List.of(one, two, three));
    AtomicBoolean leaving = new AtomicBoolean(true);
    Queue<Object> refusals = new ConcurrentLinkedQueue<>();
    AtomicInteger steps = new AtomicInteger();
    Thread caller =
        new Thread(
            () -> {
              while (leaving.get()) {
                int step = steps.incrementAndGet();
                Object answer = reserve(one, "step-" + step, claim("subject-" + step % 100));
                if (!(answer instanceof Reserved)) {
                  refusals.add(answer);
                }
              }
            });
    caller.start();
    try {
      await().atMost(PATIENCE).until(() -> steps.get() > 200);

      // When
      two.close();
      await().atMost(PATIENCE).until(() -> three.quorum().present() == 2);
    } finally {
      leaving.set(false);
    }
    caller.join();

    // Then
    assertThat(refusals).isEmpty();
    assertThat(two.quorum().holds()).isFalse();
    assertThat(three.quorum().holds()).isTrue();
  }

  private static Claim claim(String subject) {
    return new Claim(
        new CounterKey(Scope.GRANT, subject, "calls", 86_400, Algorithm.FIXED),
        BigDecimal.ONE,
        BigDecimal.valueOf(1_000_000),
        OnStoreLoss.DENY);
  }

  @Test
  void ledgerHasTheBackupsAndTheProtectionThatItsSizeAsksFor() throws IOException {
    // Given
    EmbeddedHazelcast member = start(cluster.member(0));

    // When
    HazelcastInstance hazelcast = member.member();
    MapConfig ledger = hazelcast.getConfig().getMapConfig(HazelcastCounterStore.MAP);

    // Then
    assertThat(ledger.getBackupCount()).isEqualTo(1);
    assertThat(
            hazelcast
                .getConfig()
                .getSplitBrainProtectionConfig(ledger.getSplitBrainProtectionName())
                .getMinimumClusterSize())
        .isEqualTo(2);
    assertThat(hazelcast.getConfig().getClusterName()).endsWith("-57");
  }

  private static Object reserve(EmbeddedHazelcast process, String id, Claim claim) {
    return HazelcastCounterStoreTest.patient(process)
        .reserve(id, List.of(claim))
        .toCompletableFuture()
        .orTimeout(60, TimeUnit.SECONDS)
        .join();
  }
}
