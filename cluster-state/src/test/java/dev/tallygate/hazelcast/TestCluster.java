package dev.tallygate.hazelcast;

import dev.tallygate.hazelcast.ClusterSettings.Bind;
import dev.tallygate.hazelcast.ClusterSettings.Join;
import dev.tallygate.hazelcast.ClusterSettings.Role;
import dev.tallygate.hazelcast.ClusterSettings.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Settings of a cluster on loopback, under a name of its own and on ports that were free. */
final class TestCluster {
  private final String name = "test-" + UUID.randomUUID();
  private final Secret secret = new Secret("a secret of this test only");
  private final List<Integer> ports = new ArrayList<>();
  private final int dataMembers;

  TestCluster(int dataMembers) {
    this.dataMembers = dataMembers;
    List<ServerSocket> held = new ArrayList<>();
    try {
      // All at once, so that none is given twice.
      for (int i = 0; i < dataMembers; i++) {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        held.add(socket);
        ports.add(socket.getLocalPort());
      }
      for (ServerSocket socket : held) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ClusterSettings member(int index) {
    return process("member-" + index, Role.MEMBER, ports.get(index), dataMembers, secret);
  }

  ClusterSettings gateway() {
    return process("gateway", Role.GATEWAY, freePort(), dataMembers, secret);
  }

  /** Another member of this cluster, or one that would be. */
  ClusterSettings stranger(int dataMembers, Secret secret) {
    return process("stranger", Role.MEMBER, freePort(), dataMembers, secret);
  }

  /** A process that looks for a cluster of another name where this one is. */
  ClusterSettings named(String name) {
    return process(name, "stranger", Role.MEMBER, freePort(), dataMembers, secret);
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

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
