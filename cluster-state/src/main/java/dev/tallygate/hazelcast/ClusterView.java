package dev.tallygate.hazelcast;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A cluster as one of its processes sees it. Immutable.
 *
 * @param name of the cluster; empty where the process stands alone
 * @param members that hold data, and gateways, in the order in which they came
 * @param dataMembers how many members hold data when all are there
 * @param required how many of them a quorum needs
 * @param quorum whether so many are there
 * @param partitionsSafe whether every count has all its copies; a few seconds old
 * @param ledgerEntries how many subjects have counts; a few seconds old, empty where it could not
 *     be told
 */
public record ClusterView(
    Optional<String> name,
    List<MemberView> members,
    int dataMembers,
    int required,
    boolean quorum,
    boolean partitionsSafe,
    OptionalInt ledgerEntries) {

  /**
   * A process of the cluster.
   *
   * @param node its name
   * @param holdsData whether it is a data member; else it is a gateway
   * @param address where the others reach it
   * @param self whether it is the process that looks
   */
  public record MemberView(String node, boolean holdsData, String address, boolean self) {}

  public ClusterView {
    members = List.copyOf(members);
  }

  /** How many members that hold data are seen. */
  public long present() {
    return members.stream().filter(MemberView::holdsData).count();
  }
}
