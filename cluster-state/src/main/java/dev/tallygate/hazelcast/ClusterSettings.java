package dev.tallygate.hazelcast;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a process needs to take its place in a cluster. Immutable. Settings that could not keep what
 * limits promise cannot be made.
 *
 * @param node name of this process, as people know it
 * @param name of the cluster; processes of clusters with other names do not join
 * @param dataMembers how many members hold data; the same on every process of the cluster, and not
 *     to be changed while it runs
 * @param bind where the others reach this process
 * @param heartbeatInterval in whole seconds
 * @param heartbeatTimeout in whole seconds: after how long a silent process counts as lost
 * @param dataDir where what must outlive the process is kept
 */
public record ClusterSettings(
    String node,
    String name,
    Role role,
    int dataMembers,
    Bind bind,
    Join join,
    Secret secret,
    Duration heartbeatInterval,
    Duration heartbeatTimeout,
    Optional<Path> dataDir) {
  public static final String DEFAULT_NAME = "tallygate";
  public static final int DEFAULT_PORT = 5701;
  public static final Duration DEFAULT_HEARTBEAT_INTERVAL = Duration.ofSeconds(2);
  public static final Duration DEFAULT_HEARTBEAT_TIMEOUT = Duration.ofSeconds(12);

  public static final int MAX_DATA_MEMBERS = 9;
  public static final Duration MIN_HEARTBEAT_INTERVAL = Duration.ofSeconds(1);
  public static final Duration MAX_HEARTBEAT_INTERVAL = Duration.ofSeconds(10);
  public static final Duration MIN_HEARTBEAT_TIMEOUT = Duration.ofSeconds(5);
  public static final Duration MAX_HEARTBEAT_TIMEOUT = Duration.ofSeconds(60);

  /** How many heartbeats may be lost at least before a process counts as lost. */
  public static final int LOST_HEARTBEATS = 4;

  /** What a cluster, or a node, may be called. */
  public static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  /** What a process is to the cluster. */
  public enum Role {
    /** Holds data; there are {@code dataMembers} of them. */
    MEMBER,
    /** Holds data as a {@link #MEMBER} does, and takes no calls. */
    STATE,
    /** Holds none, and may come and go at any time. */
    GATEWAY
  }

  /**
   * An address of this host.
   *
   * @param host a name or an IP address, not one that stands for all
   * @param port 1 to 65535
   */
  public record Bind(String host, int port) {
    public Bind {
      if (port < 1 || port > 65_535) {
        throw new IllegalArgumentException("port " + port + " is not from 1 to 65535");
      }
    }

    /**
     * Looks the host up.
     *
     * @throws UnknownHostException where it has no address, or stands for all addresses
     */
    InetAddress resolved() throws UnknownHostException {
      InetAddress address = InetAddress.getByName(host);
      if (address.isAnyLocalAddress()) {
        throw new UnknownHostException(
            host
                + " stands for all addresses; name the one at which the others reach this process");
      }
      return address;
    }

    @Override
    public String toString() {
      return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
    }
  }

  /** How a process finds the others; all of a cluster find each other in the same way. */
  public sealed interface Join {
    /**
     * By a list.
     *
     * @param members names or IP addresses, with a port or without; a name stands for all its
     *     addresses
     */
    record Members(List<String> members) implements Join {
      public Members {
        members = List.copyOf(members);
        if (members.isEmpty()) {
          throw new IllegalArgumentException("without members to ask there is nobody to join");
        }
      }
    }

    /**
     * By a headless service of Kubernetes, over DNS.
     *
     * @param serviceDns the service's full name
     */
    record ServiceDns(String serviceDns) implements Join {}

    /** By a service of Kubernetes, over its API, which this process must be allowed to ask. */
    record Service(String namespace, String service) implements Join {}
  }

  /** What all processes of a cluster know and nobody else. Never shown. */
  public record Secret(String value) {
    public static final int MIN_LENGTH = 16;

    public Secret {
      if (value.length() < MIN_LENGTH) {
        throw new IllegalArgumentException(
            "a cluster's secret has at least " + MIN_LENGTH + " characters");
      }
    }

    @Override
    public String toString() {
      return "Secret";
    }
  }

  public ClusterSettings {
    require(NAME.matcher(node).matches(), "a node is not called " + node);
    require(NAME.matcher(name).matches(), "a cluster is not called " + name);
    require(
        dataMembers >= 1 && dataMembers <= MAX_DATA_MEMBERS,
        "a cluster has 1 to " + MAX_DATA_MEMBERS + " data members, not " + dataMembers);
    require(
        isWithin(heartbeatInterval, MIN_HEARTBEAT_INTERVAL, MAX_HEARTBEAT_INTERVAL),
        "a heartbeat's interval is from 1 to 10 whole seconds, not " + heartbeatInterval);
    require(
        isWithin(heartbeatTimeout, MIN_HEARTBEAT_TIMEOUT, MAX_HEARTBEAT_TIMEOUT),
        "a heartbeat's timeout is from 5 to 60 whole seconds, not " + heartbeatTimeout);
    require(
        heartbeatTimeout.compareTo(heartbeatInterval.multipliedBy(LOST_HEARTBEATS)) >= 0,
        "a heartbeat's timeout is at least " + LOST_HEARTBEATS + " intervals");
  }

  /** The same process in another role. */
  public ClusterSettings in(Role other) {
    return new ClusterSettings(
        node,
        name,
        other,
        dataMembers,
        bind,
        join,
        secret,
        heartbeatInterval,
        heartbeatTimeout,
        dataDir);
  }

  /** How many data members must see each other, so that no two such groups can exist. */
  public int quorum() {
    return quorum(dataMembers);
  }

  /** How many copies of each count there are beside the first. */
  public int backups() {
    return backups(dataMembers);
  }

  /**
   * How many members must know of a step so that one of them is in every quorum, as far as there
   * are as many copies.
   */
  int copiesInEachQuorum() {
    return Math.min(1 + backups(), dataMembers - quorum() + 1);
  }

  static int quorum(int dataMembers) {
    return dataMembers / 2 + 1;
  }

  static int backups(int dataMembers) {
    return dataMembers == 1 ? 0 : Math.max(1, dataMembers - quorum(dataMembers));
  }

  private static boolean isWithin(Duration value, Duration min, Duration max) {
    return value.compareTo(min) >= 0
        && value.compareTo(max) <= 0
        && value.equals(Duration.ofSeconds(value.toSeconds()));
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
