package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.partition.MigrationListener;
import com.hazelcast.partition.MigrationState;
import com.hazelcast.partition.ReplicaMigrationEvent;
import dev.tallygate.hazelcast.ClusterView.MemberView;
import dev.tallygate.threads.Daemons;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a cluster fares, as one of its processes sees it. What can only be told by asking the others
 * is asked every few seconds, on a thread of its own, so that reading it never waits. Thread-safe.
 */
public final class ClusterWatch implements AutoCloseable {
  private static final long LOOK_SECONDS = 2;
  private static final Logger log = LoggerFactory.getLogger(ClusterWatch.class);

  /** What was told last. */
  private record Told(boolean safe, OptionalInt entries) {}

  private final HazelcastInstance instance;
  private final Quorum quorum;
  private final Optional<ClusterSettings> settings;
  private final AtomicInteger moving = new AtomicInteger();
  private final AtomicLong merges = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();
  private final AtomicInteger mostNodes = new AtomicInteger(1);
  private boolean heldBefore = true;
  private boolean hearsOfMoves;
  private boolean hearsOfLosses;
  private volatile Told told = new Told(false, OptionalInt.empty());
  private final ScheduledExecutorService looking = Daemons.scheduler("tallygate-cluster");

  ClusterWatch(HazelcastInstance instance, Quorum quorum, Optional<ClusterSettings> settings) {
    this.instance = instance;
    this.quorum = quorum;
    this.settings = settings;
    instance
        .getLifecycleService()
        .addLifecycleListener(
            event -> {
              if (event.getState() == LifecycleState.MERGED) {
                merges.incrementAndGet();
              }
            });
    looking.scheduleWithFixedDelay(this::look, 0, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  /** The cluster as it is seen now. */
  public ClusterView view() {
    Told last = told;
    return new ClusterView(
        settings.map(ClusterSettings::name),
        members(),
        settings.map(ClusterSettings::dataMembers).orElse(1),
        quorum.required(),
        quorum.holds(),
        last.safe,
        last.entries);
  }

  private List<MemberView> members() {
    try {
      return instance.getCluster().getMembers().stream().map(this::member).toList();
    } catch (HazelcastInstanceNotActiveException e) {
      return List.of();
    }
  }

  private MemberView member(Member member) {
    return new MemberView(
        Optional.ofNullable(member.getAttribute(ClusterConfig.NODE)).orElse("-"),
        !member.isLiteMember(),
        member.getAddress().getHost() + ":" + member.getAddress().getPort(),
        member.localMember());
  }

  /** How many partitions are on their way from one member to another. */
  public int moving() {
    return moving.get();
  }

  /** How often this process gave up what its side of a split cluster had, to join the other. */
  public long merges() {
    return merges.get();
  }

  /** How many partitions of the ledger were lost with all their copies. */
  public long partitionsLost() {
    return lost.get();
  }

  /**
   * The most processes that were ever seen together, and no fewer than there are data members: by
   * this a limit is shared among them while they cannot count together, when fewer are seen than
   * there are.
   */
  public int mostNodes() {
    int now = Math.max(members().size(), settings.map(ClusterSettings::dataMembers).orElse(1));
    return mostNodes.accumulateAndGet(now, Math::max);
  }

  private void look() {
    tellOfQuorum();
    boolean safe = false;
    OptionalInt entries = OptionalInt.empty();
    try {
      listen();
      mostNodes();
      safe = instance.getPartitionService().isClusterSafe();
      entries = OptionalInt.of(instance.getMap(HazelcastCounterStore.MAP).size());
    } catch (RuntimeException e) {
      // Without a quorum, or on the way out, there is nobody to tell; the next look may.
    }
    told = new Told(safe, entries);
  }

  /** Not at the start: both ask every member, and one of them may be gone without being missed. */
  private void listen() {
    if (!hearsOfMoves) {
      instance.getPartitionService().addMigrationListener(new Moves());
      hearsOfMoves = true;
    }
    if (!hearsOfLosses) {
      instance
          .getMap(HazelcastCounterStore.MAP)
          .addPartitionLostListener(event -> lost.incrementAndGet());
      hearsOfLosses = true;
    }
  }

  private void tellOfQuorum() {
    boolean holds = quorum.holds();
    if (holds != heldBefore) {
      heldBefore = holds;
      int present = quorum.present();
      if (holds) {
        log.info("the cluster has a quorum: {} data members are seen", present);
      } else {
        log.warn(
            "the cluster has no quorum: {} data members are seen, {} are needed; limits cannot be"
                + " counted",
            present,
            quorum.required());
      }
    }
  }

  @Override
  public void close() {
    looking.shutdownNow();
  }

  /** Follows how many partitions are yet to be moved. */
  private final class Moves implements MigrationListener {
    @Override
    public void migrationStarted(MigrationState state) {
      moving.set(state.getRemainingMigrations());
    }

    @Override
    public void migrationFinished(MigrationState state) {
      moving.set(0);
    }

    @Override
    public void replicaMigrationCompleted(ReplicaMigrationEvent event) {
      moving.set(event.getMigrationState().getRemainingMigrations());
    }

    @Override
    public void replicaMigrationFailed(ReplicaMigrationEvent event) {
      moving.set(event.getMigrationState().getRemainingMigrations());
    }
  }
}
