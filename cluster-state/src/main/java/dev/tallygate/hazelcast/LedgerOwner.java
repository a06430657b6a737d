package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.cluster.ClusterService;
import com.hazelcast.internal.partition.InternalPartition;
import com.hazelcast.internal.partition.InternalPartitionService;
import com.hazelcast.internal.partition.PartitionReplica;
import com.hazelcast.query.impl.QueryableEntry;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionException;
import dev.tallygate.counters.CounterTable;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/** What a member goes by when it takes a step on the counts that it owns. Thread-safe. */
final class LedgerOwner {
  /** Key of an {@link InstantSource} in the member's user context that replaces its clock. */
  static final String CLOCK = "tallygate.clock";

  /** Key of the number of data members in the user context; without it, this one is alone. */
  static final String REQUIRED = "tallygate.quorum";

  /** Key of the number of members that must know of a step; without it, the owner is enough. */
  static final String COPIES = "tallygate.copies";

  private static final String KEY = "tallygate.owner";

  private final Map<String, Object> context;
  private final Quorum quorum;
  private final int copies;
  private final InternalPartitionService partitions;
  private final ClusterService members;
  private final OwnedBirths births;
  private final boolean alone;
  private final SlewedClock clock;
  private final Optional<LedgerStore> store;

  private LedgerOwner(HazelcastInstance member) {
    context = member.getUserContext();
    store = Optional.ofNullable((LedgerStore) context.get(LedgerStore.KEY));
    quorum = new Quorum(member, (int) context.getOrDefault(REQUIRED, 1));
    copies = (int) context.getOrDefault(COPIES, 1);
    partitions = InnerNode.of(member).getPartitionService();
    members = InnerNode.of(member).getClusterService();
    births = new OwnedBirths(member);
    alone = !context.containsKey(REQUIRED);
    clock =
        alone
            ? SlewedClock.thatJumpsAhead(System::currentTimeMillis, System::nanoTime)
            : new SlewedClock(member.getCluster()::getClusterTime, System::nanoTime);
  }

  /** The one of a member. */
  static LedgerOwner at(HazelcastInstance member) {
    Map<String, Object> context = member.getUserContext();
    // The map would take a lock, each time, to find out whether it is the first.
    Object known = context.get(KEY);
    return (LedgerOwner)
        (known != null ? known : context.computeIfAbsent(KEY, first -> new LedgerOwner(member)));
  }

  Quorum quorum() {
    return quorum;
  }

  /** Where counts are written down; empty where they are not. */
  Optional<LedgerStore> store() {
    return store;
  }

  /**
   * The table of an entry, or the one that its subject begins with.
   *
   * @throws IllegalStateException where it has none, and nobody knows yet whether it was lost
   */
  CounterTable tableOf(Map.Entry<String, CounterTable> entry) {
    CounterTable known = entry.getValue();
    if (known != null) {
      goOnFrom(known);
      return known;
    }
    boolean unknown = store.map(each -> each.takeUnknown(entry.getKey())).orElse(false);
    Birth birth =
        births
            .of(partitionOf(entry))
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "the counts of " + entry.getKey() + " have no place yet"));
    return unknown ? birth.newTableOfUnknown() : birth.newTable();
  }

  /**
   * A process that stands alone takes over its time from one that went before, whose clock may have
   * been ahead: a table would wait for that time, and its window not end until then.
   */
  private void goOnFrom(CounterTable table) {
    if (alone && table.latest() > clock.millis()) {
      clock.set(table.latest());
    }
  }

  /** Milliseconds since the epoch. */
  long clockMillis() {
    InstantSource replaced = (InstantSource) context.get(CLOCK);
    return replaced == null ? clock.millis() : replaced.millis();
  }

  /**
   * Refuses to count in a part of the cluster that another part may count without. Hazelcast's own
   * protection goes by events, which come after the loss.
   */
  void requireQuorum() {
    if (!quorum.holds()) {
      throw new SplitBrainProtectionException(
          "only "
              + quorum.present()
              + " data members are there, and "
              + quorum.required()
              + " are needed to count");
    }
  }

  /**
   * Refuses to count where too few members would know of it. A member that is cut off notices its
   * losses one by one: after the first it still sees a quorum, and may have lost all copies.
   */
  void requireCopies(Map.Entry<String, CounterTable> entry) {
    if (copies == 1) {
      return;
    }
    int there = copiesOf(partitionOf(entry));
    if (there < copies) {
      throw new SplitBrainProtectionException(
          "only " + there + " members keep these counts now, and " + copies + " are needed");
    }
  }

  /** How many backups must have what a step changed before it is believed. */
  int confirmations() {
    return copies - 1;
  }

  /** By the key's bytes, which need not be made anew. */
  private int partitionOf(Map.Entry<String, CounterTable> entry) {
    return partitions.getPartitionId(((QueryableEntry<?, ?>) entry).getKeyData());
  }

  /** A lost member stays in the table of partitions for a while, and is sent nothing. */
  private int copiesOf(int partitionId) {
    InternalPartition partition = partitions.getPartition(partitionId);
    int there = 0;
    for (int i = 0; i < copies; i++) {
      PartitionReplica replica = partition.getReplica(i);
      if (replica != null && members.getMember(replica.address(), replica.uuid()) != null) {
        there++;
      }
    }
    return there;
  }
}
