package dev.tallygate.hazelcast;

import static org.awaitility.Awaitility.await;

import dev.tallygate.FreePorts;
import dev.tallygate.hazelcast.ClusterSettings.Bind;
import dev.tallygate.hazelcast.ClusterSettings.Join;
import dev.tallygate.hazelcast.ClusterSettings.Role;
import dev.tallygate.hazelcast.ClusterSettings.Secret;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Settings of a cluster on loopback, under a name of its own and on ports of its own. */
final class TestCluster {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String name = "test-" + UUID.randomUUID();
  private final Secret secret = new Secret("a secret of this test only");
  private final List<Integer> ports;
  private final int dataMembers;

  TestCluster(int dataMembers) {
    this.dataMembers = dataMembers;
    this.ports = FreePorts.some(dataMembers);
  }

  /**
   * Waits until all of them see that many data members, and every counter has its copies and its
   * place: until then it may be said of any counter that it cannot be counted now.
   */
  static void awaitCounting(int dataMembers, Collection<EmbeddedHazelcast> processes) {
    for (EmbeddedHazelcast each : processes) {
      await().atMost(PATIENCE).until(() -> each.quorum().present() == dataMembers);
      // Hazelcast's own protection notices a quorum a little later.
      await().atMost(PATIENCE).ignoreExceptions().until(() -> isSafe(each) && isFounded(each));
    }
  }

  private static boolean isSafe(EmbeddedHazelcast process) {
    return process.member().getPartitionService().isClusterSafe();
  }

  private static boolean isFounded(EmbeddedHazelcast process) {
    Collection<Birth> births = process.member().<String, Birth>getMap(Births.MAP).values();
    return births.size() == Integer.parseInt(EmbeddedHazelcast.PARTITIONS)
        && births.stream().allMatch(Birth::founded);
  }

  ClusterSettings member(int index) {
    return process("member-" + index, Role.MEMBER, ports.get(index), dataMembers, secret);
  }

  ClusterSettings gateway() {
    return process("gateway", Role.GATEWAY, FreePorts.one(), dataMembers, secret);
  }

  /** Another member of this cluster, or one that would be. */
  ClusterSettings stranger(int dataMembers, Secret secret) {
    return process("stranger", Role.MEMBER, FreePorts.one(), dataMembers, secret);
  }

  /** A process that looks for a cluster of another name where this one is. */
  ClusterSettings named(String name) {
    return process(name, "stranger", Role.MEMBER, FreePorts.one(), dataMembers, secret);
  }

  /** A member of this cluster at a port. */
  ClusterSettings at(int port) {
    return process("stranger", Role.MEMBER, port, dataMembers, secret);
  }

  Secret secret() {
    return secret;
  }

  private ClusterSettings process(
      String node, Role role, int port, int dataMembers, Secret secret) {
    return process(name, node, role, port, dataMembers, secret);
  }

  private ClusterSettings process(
      String name, String node, Role role, int port, int dataMembers, Secret secret) {
    return new ClusterSettings(
        node,
        name,
        role,
        dataMembers,
        new Bind("127.0.0.1", port),
        new Join.Members(ports.stream().map(each -> "localhost:" + each).toList()),
        secret,
        ClusterSettings.DEFAULT_HEARTBEAT_INTERVAL,
        ClusterSettings.DEFAULT_HEARTBEAT_TIMEOUT,
        Optional.empty());
  }
}
