package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstance;
import dev.tallygate.durability.DurabilitySettings;
import java.util.Locale;
import java.util.Optional;

/**
 * Data members write their counts down alike, or one would forget what another promises to keep.
 * Each says how it does; one that comes later and does otherwise ends.
 */
final class CountsAgreement {
  private static final String ATTRIBUTE = "tallygate.durability";

  private CountsAgreement() {}

  static void declare(Config config, Optional<DurabilitySettings> durability) {
    config
        .getMemberAttributeConfig()
        .setAttribute(ATTRIBUTE, durability.map(CountsAgreement::text).orElse("none"));
  }

  private static String text(DurabilitySettings durability) {
    return durability.mode().name().toLowerCase(Locale.ROOT)
        + ", for windows longer than "
        + durability.shortestWindow().toSeconds()
        + " s";
  }

  /**
   * Ends a member that has joined others and does not write as they do.
   *
   * @throws JoinRefused where it was ended
   */
  static void require(HazelcastInstance member) throws JoinRefused {
    String mine = member.getCluster().getLocalMember().getAttribute(ATTRIBUTE);
    for (Member other : member.getCluster().getMembers()) {
      String theirs = other.getAttribute(ATTRIBUTE);
      if (mine != null && theirs != null && !theirs.equals(mine)) {
        member.getLifecycleService().terminate();
        throw new JoinRefused(
            "the cluster does not let this process in: its `durability` is "
                + mine
                + ", that of "
                + ClusterConfig.nodeOf(other)
                + " is "
                + theirs
                + "; write `counters` alike on all data members");
      }
    }
  }
}
