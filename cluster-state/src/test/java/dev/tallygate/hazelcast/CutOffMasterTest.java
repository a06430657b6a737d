package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.impl.MemberImpl;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import com.hazelcast.instance.impl.Node;
import com.hazelcast.internal.cluster.impl.ClusterServiceImpl;
import com.hazelcast.internal.nio.Packet;
import com.hazelcast.internal.partition.impl.InternalPartitionServiceImpl;
import com.hazelcast.spi.impl.PacketDispatcher;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The oldest of three members is cut off, and finds the loss of the others one after the other. */
@Timeout(180)
class CutOffMasterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration A_WHILE = Duration.ofMillis(500);
  private static final int SUBJECTS = 30;
  private static final int MAX = 2;

  private final TestCluster cluster = new TestCluster(3);
  private final List<EmbeddedHazelcast> members = new ArrayList<>();
  private volatile boolean cut;

  @BeforeEach
  void start() throws Exception {
    for (int i = 0; i < 3; i++) {
      members.add(EmbeddedHazelcast.start(cluster.member(i)));
    }
    TestCluster.awaitCounting(3, members);
    CounterStore store = HazelcastCounterStoreTest.patient(first());
    for (int i = 0; i < SUBJECTS; i++) {
      assertThat(reserve(store, "subject-" + i).join()).isInstanceOf(Reserved.class);
    }
    for (EmbeddedHazelcast each : members) {
      filter(each);
    }
  }

  @AfterEach
  void stop() {
    members.forEach(each -> each.member().getLifecycleService().terminate());
  }

  /** Both losses are found in one round of heartbeats, as a rule: one after the other, still. */
  @Test
  void stepUnderWayIsNotBelievedWhenTheFirstOfTwoLossesIsNoticed() {
    // Given steps that wait for members that are cut off
    cut = true;
    List<CompletableFuture<ReserveResult>> underWay = reserveOnFirst();
    awaitNoneLetThroughFor(A_WHILE, underWay);

    // When
    suspect(first(), members.get(2));
    suspect(first(), members.get(1));

    // Then
    assertNoneIsLetThroughTwice(underWay);
  }

  /** The last heartbeats of two members may be an interval apart, and so are their losses. */
  @Test
  void stepsAreNotBelievedBetweenTheFirstAndTheSecondOfTwoLosses() {
    // Given a loss that has been noticed
    cut = true;
    int owned = ownedByFirst();
    suspect(first(), members.get(2));
    await().atMost(PATIENCE).until(() -> first().quorum().present() == 2);
    await().atMost(PATIENCE).until(() -> ownedByFirst() > owned);

    // When
    List<CompletableFuture<ReserveResult>> between = reserveOnFirst();
    awaitNoneLetThroughFor(A_WHILE, between);
    suspect(first(), members.get(1));

    // Then
    assertNoneIsLetThroughTwice(between);
  }

  /** For a moment a lost member is still in the table of partitions, and is sent nothing. */
  @Test
  void stepIsNotBelievedWhileAMemberThatIsLostStillCountsAsItsCopy() throws Exception {
    // Given
    cut = true;
    Lock table = lockOfPartitionTable(first());
    table.lock();
    List<CompletableFuture<ReserveResult>> meanwhile;
    Thread losing = new Thread(() -> suspect(first(), members.get(2)));
    try {
      losing.start();
      await().atMost(PATIENCE).until(() -> first().quorum().present() == 2);

      // When
      meanwhile = reserveOnFirst();
      awaitNoneLetThroughFor(A_WHILE, meanwhile);
    } finally {
      table.unlock();
    }
    losing.join();
    suspect(first(), members.get(1));

    // Then
    assertNoneIsLetThroughTwice(meanwhile);
  }

  private static Lock lockOfPartitionTable(EmbeddedHazelcast at) throws Exception {
    Field lock = InternalPartitionServiceImpl.class.getDeclaredField("partitionServiceLock");
    lock.setAccessible(true);
    return (Lock) lock.get(node(at).getPartitionService());
  }

  /** A loss that has nothing to do with the copies of a step. */
  @Test
  void stepUnderWayIsNotBelievedWhenAGatewayLeaves() throws Exception {
    // Given steps that wait for members that are cut off
    EmbeddedHazelcast gateway = EmbeddedHazelcast.start(cluster.gateway());
    members.add(gateway);
    await().atMost(PATIENCE).until(() -> first().member().getCluster().getMembers().size() == 4);
    cut = true;
    List<CompletableFuture<ReserveResult>> underWay = reserveOnFirst();
    awaitNoneLetThroughFor(A_WHILE, underWay);

    // When a gateway is lost, and later the members
    suspect(first(), gateway);
    await().atMost(PATIENCE).until(() -> underWay.stream().allMatch(CompletableFuture::isDone));
    suspect(first(), members.get(2));
    suspect(first(), members.get(1));
    gateway.member().getLifecycleService().terminate();

    // Then
    assertNoneIsLetThroughTwice(underWay);
  }

  private List<CompletableFuture<ReserveResult>> reserveOnFirst() {
    List<CompletableFuture<ReserveResult>> underWay = new ArrayList<>();
    for (int i = 0; i < SUBJECTS; i++) {
      underWay.add(reserve(first().counterStore(), "subject-" + i));
    }
    return underWay;
  }

  /** As long as their copies cannot be written. */
  private static void awaitNoneLetThroughFor(
      Duration time, List<CompletableFuture<ReserveResult>> steps) {
    await()
        .atMost(PATIENCE)
        .during(time)
        .failFast(() -> steps.stream().anyMatch(CutOffMasterTest::isLetThrough))
        .until(() -> true);
  }

  private static boolean isLetThrough(CompletableFuture<ReserveResult> step) {
    return step.isDone() && step.join() instanceof Reserved;
  }

  /** As the first sees it. */
  private int ownedByFirst() {
    return (int)
        first().member().getPartitionService().getPartitions().stream()
            .filter(each -> each.getOwner() != null && each.getOwner().localMember())
            .count();
  }

  private void assertNoneIsLetThroughTwice(List<CompletableFuture<ReserveResult>> onFirst) {
    suspect(members.get(1), first());
    suspect(members.get(2), first());
    await().atMost(PATIENCE).until(() -> members.get(1).quorum().present() == 2);
    await()
        .atMost(PATIENCE)
        .until(() -> members.get(1).member().getPartitionService().isClusterSafe());
    CounterStore store = HazelcastCounterStoreTest.patient(members.get(1));
    List<String> twice = new ArrayList<>();
    int believed = 0;
    for (int i = 0; i < onFirst.size(); i++) {
      String subject = "subject-" + i;
      if (onFirst.get(i).join() instanceof Reserved) {
        believed++;
        if (reserve(store, subject).join() instanceof Reserved) {
          twice.add(subject);
        }
      }
    }
    assertThat(twice)
        .as("subjects of which %d units were let through of %d", MAX + 1, MAX)
        .isEmpty();
  }

  private EmbeddedHazelcast first() {
    return members.get(0);
  }

  private static Node node(EmbeddedHazelcast process) {
    return ((HazelcastInstanceProxy) process.member()).getOriginal().node;
  }

  /** What a missed heartbeat does: see Hazelcast's ClusterHeartbeatManager. */
  private static void suspect(EmbeddedHazelcast at, EmbeddedHazelcast lost) {
    ClusterServiceImpl service = node(at).getClusterService();
    MemberImpl member = service.getMember(node(lost).getThisAddress());
    if (member != null) {
      service.suspectMember(member, "no heartbeat", true);
    }
  }

  /** Drops what comes from the other side, once it is cut. */
  private void filter(EmbeddedHazelcast process) throws Exception {
    Address master = node(first()).getThisAddress();
    boolean isMaster = process == first();
    Consumer<Packet> dispatcher = node(process).nodeEngine.getPacketDispatcher();
    for (Field field : PacketDispatcher.class.getDeclaredFields()) {
      if (Consumer.class.isAssignableFrom(field.getType())) {
        field.setAccessible(true);
        @SuppressWarnings("unchecked")
        Consumer<Packet> before = (Consumer<Packet>) field.get(dispatcher);
        Consumer<Packet> after =
            packet -> {
              boolean crosses = isMaster || master.equals(packet.getConn().getRemoteAddress());
              if (!cut || !crosses) {
                before.accept(packet);
              }
            };
        field.set(dispatcher, after);
      }
    }
  }

  private static CompletableFuture<ReserveResult> reserve(CounterStore store, String subject) {
    Claim claim =
        new Claim(
            new CounterKey(Scope.GRANT, subject, "calls", 86_400, Algorithm.FIXED),
            BigDecimal.ONE,
            BigDecimal.valueOf(MAX),
            OnStoreLoss.DENY);
    return store
        .reserve(UUID.randomUUID().toString(), List.of(claim))
        .toCompletableFuture()
        .orTimeout(60, TimeUnit.SECONDS);
  }
}
