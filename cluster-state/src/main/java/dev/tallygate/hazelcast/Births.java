package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.PartitionService;
import dev.tallygate.threads.Daemons;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a partition of the ledger that has no counts yet from one whose counts were lost.
 *
 * <p>When all members that keep a partition are lost at once, Hazelcast goes on with an empty one.
 * To a step that finds no table, that looks like a subject that was never seen, with room for
 * everything. So each partition has a birth, kept in a map of the same partitions and as many
 * copies: it is lost when, and only when, the counts are. No table comes into being without its
 * partition's birth, which the table's owner has too: see {@link OwnedBirths}. The oldest data
 * member writes the births when the cluster has none at all, and anew where one is missing: with
 * the time before which nothing is known. The first ones count for nothing until all are written,
 * which each of them is then told: a member that finds some missing knows by that whether they were
 * lost, or its predecessor has died while it wrote them.
 *
 * <p>Where counts are written down, what was lost is read from there. The first births then wait
 * for the database: a cluster that began without it would take its counts for none.
 *
 * <p>Thread-safe.
 */
final class Births implements AutoCloseable {
  static final String MAP = "ledger-births";

  private static final Logger log = LoggerFactory.getLogger(Births.class);
  private static final long LOOK_MILLIS = 250;

  /** Left out between two looks without a reason, in case that a reason was not told. */
  private static final int LOOKS_WITHOUT_REASON = 40;

  /** A partition finds new keepers a while after those it had were missed. */
  private static final int LOOKS_WITH_REASON = 12;

  private final HazelcastInstance member;
  private final LedgerOwner owner;
  private final IMap<String, Birth> births;
  private final String[] keys;
  private final ScheduledExecutorService keeper = Daemons.scheduler("tallygate-births");

  /** Counted down by the keeper, set to zero by whoever has a reason to look. */
  private volatile int looksLeftOut;

  private volatile int looksWithReason;

  Births(HazelcastInstance member) {
    this.member = member;
    this.owner = LedgerOwner.at(member);
    this.births = member.getMap(MAP);
    this.keys = keyOfEach(member.getPartitionService());
    if (!member.getCluster().getLocalMember().isLiteMember()) {
      member
          .getCluster()
          .addMembershipListener(
              new MembershipAdapter() {
                @Override
                public void memberAdded(MembershipEvent added) {
                  lookSoon();
                }

                @Override
                public void memberRemoved(MembershipEvent removed) {
                  lookSoon();
                }
              });
      look();
      keeper.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** One key in each partition. */
  static String[] keyOfEach(PartitionService partitions) {
    Map<Integer, String> found = new HashMap<>();
    int count = partitions.getPartitions().size();
    for (int i = 0; found.size() < count; i++) {
      found.putIfAbsent(partitions.getPartition("p" + i).getPartitionId(), "p" + i);
    }
    String[] keys = new String[count];
    found.forEach((partition, key) -> keys[partition] = key);
    return keys;
  }

  private void lookSoon() {
    looksWithReason = LOOKS_WITH_REASON;
    looksLeftOut = 0;
  }

  private void look() {
    try {
      if (looksLeftOut > 0) {
        looksLeftOut--;
      } else if (isKeeper()) {
        looksLeftOut = looksWithReason-- > 0 ? 0 : LOOKS_WITHOUT_REASON;
        keep();
      }
    } catch (HazelcastInstanceNotActiveException e) {
      keeper.shutdown();
    } catch (RuntimeException e) {
      looksLeftOut = 0;
      log.debug("the births of partitions cannot be looked at now: {}", e.toString());
    }
  }

  private boolean isKeeper() {
    for (Member each : member.getCluster().getMembers()) {
      if (!each.isLiteMember()) {
        return each.localMember() && owner.quorum().holds();
      }
    }
    return false;
  }

  /** Writes what is missing. */
  synchronized void keep() {
    Set<String> all = Set.of(keys);
    Map<String, Birth> known = births.getAll(all);
    if (known.size() == keys.length && known.values().stream().allMatch(Birth::founded)) {
      return;
    }
    looksLeftOut = 0;
    boolean first = known.values().stream().noneMatch(Birth::founded);
    if (first && !owner.store().map(LedgerStore::canRead).orElse(true)) {
      return;
    }
    Set<String> missing = new HashSet<>(all);
    missing.removeAll(known.keySet());
    write(missing, first);
    Map<String, Birth> written = births.getAll(all);
    if (written.size() == keys.length) {
      written.forEach(
          (key, birth) -> {
            if (!birth.founded()) {
              births.replace(key, birth, birth.asFounded());
            }
          });
    }
  }

  private void write(Set<String> missing, boolean first) {
    boolean written = owner.store().map(LedgerStore::isWhole).orElse(false);
    if (!first && !missing.isEmpty()) {
      log.warn(
          "the counts of {} of {} partitions were lost with the members that kept them{}",
          missing.size(),
          keys.length,
          written
              ? ", and are read from the database"
              : "; limits whose counts were there have no room until their windows end");
    }
    long now = owner.clockMillis();
    OptionalLong blindBefore = first || written ? OptionalLong.empty() : OptionalLong.of(now);
    missing.forEach(key -> births.putIfAbsent(key, new Birth(now, blindBefore, !first)));
  }

  @Override
  public void close() {
    keeper.shutdownNow();
  }
}
