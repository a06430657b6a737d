package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.KubernetesConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.SplitBrainProtectionConfig;
import com.hazelcast.config.TcpIpConfig;
import com.hazelcast.instance.BuildInfoProvider;
import com.hazelcast.instance.EndpointQualifier;
import com.hazelcast.spi.MemberAddressProvider;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionOn;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Hazelcast's configuration of a process that belongs to a cluster. */
final class ClusterConfig {
  /** Key of a member's attribute: what people call it. */
  static final String NODE = "tallygate.node";

  private static final String TAKES_CALLS = "tallygate.takes-calls";

  private static final String QUORUM = "quorum";

  private ClusterConfig() {}

  /** How people know a process of the cluster. */
  static String nodeOf(Member member) {
    String name = member.getAttribute(NODE);
    return name == null ? member.getAddress().toString() : name;
  }

  /** Whether a process of the cluster may judge calls, and so has to know the newest registry. */
  static boolean takesCalls(Member member) {
    return !"false".equals(member.getAttribute(TAKES_CALLS));
  }

  /**
   * @throws UnknownHostException where the address to bind to is none of this host
   */
  static Config of(ClusterSettings settings) throws UnknownHostException {
    Config config = EmbeddedHazelcast.ledgerConfig();
    config.setClusterName(settings.name() + "-" + hazelcastMinor().replace(".", ""));
    config.setLiteMember(settings.role() == ClusterSettings.Role.GATEWAY);
    config
        .getMemberAttributeConfig()
        .setAttribute(NODE, settings.node())
        .setAttribute(TAKES_CALLS, Boolean.toString(settings.role() != ClusterSettings.Role.STATE));
    config.setAdvancedNetworkConfig(network(settings));
    // What of ours travels does so in Compact or by serializers of ours; what else could is not
    // read.
    config
        .getSerializationConfig()
        .setJavaSerializationFilterConfig(new JavaSerializationFilterConfig());
    config.setProperty(
        "hazelcast.heartbeat.interval.seconds", seconds(settings.heartbeatInterval()));
    config.setProperty("hazelcast.max.no.heartbeat.seconds", seconds(settings.heartbeatTimeout()));
    config.setProperty("hazelcast.merge.first.run.delay.seconds", "10");
    config.setProperty("hazelcast.merge.next.run.delay.seconds", "10");
    config.setProperty("hazelcast.wait.seconds.before.join", "1");
    // Otherwise the loss of any member, even of one that holds nothing, stands in for a copy.
    config.setProperty("hazelcast.operation.fail.on.indeterminate.state", "true");
    // Then the step is taken again, within what a call waits for it.
    config.setProperty("hazelcast.operation.backup.timeout.millis", "500");
    // A copy that is ahead of an owner that began anew takes no changes until this finds it.
    config.setProperty("hazelcast.partition.backup.sync.interval", "1");
    // After a loss a partition counts again once it has its copies again: all of them at once.
    config.setProperty("hazelcast.partition.max.parallel.migrations", EmbeddedHazelcast.PARTITIONS);
    config.setProperty("hazelcast.clientengine.thread.count", "1");
    config.setProperty("hazelcast.clientengine.query.thread.count", "1");
    config.setProperty("hazelcast.clientengine.blocking.thread.count", "1");
    protect(config, settings);
    return config;
  }

  private static void protect(Config config, ClusterSettings settings) {
    List<MapConfig> maps = new ArrayList<>(SessionMaps.in(config));
    maps.add(config.getMapConfig(HazelcastCounterStore.MAP));
    maps.add(config.getMapConfig(Births.MAP));
    maps.forEach(map -> map.setBackupCount(settings.backups()).setAsyncBackupCount(0));
    config.getUserContext().put(LedgerOwner.REQUIRED, settings.quorum());
    config.getUserContext().put(LedgerOwner.COPIES, settings.copiesInEachQuorum());
    // Of one data member no majority can be lost, and Hazelcast asks for two at least.
    if (settings.quorum() > 1) {
      config.addSplitBrainProtectionConfig(
          new SplitBrainProtectionConfig(QUORUM, true, settings.quorum())
              .setProtectOn(SplitBrainProtectionOn.READ_WRITE));
      maps.forEach(map -> map.setSplitBrainProtectionName(QUORUM));
    }
  }

  /** One endpoint, for members alone: nobody speaks the protocol of clients here. */
  private static AdvancedNetworkConfig network(ClusterSettings settings)
      throws UnknownHostException {
    AdvancedNetworkConfig network = new AdvancedNetworkConfig().setEnabled(true);
    ServerSocketEndpointConfig endpoint =
        new ServerSocketEndpointConfig()
            .setPort(settings.bind().port())
            .setPortAutoIncrement(false)
            .setReuseAddress(true);
    // Not where to bind, but which addresses of a name count: all.
    endpoint
        .getInterfaces()
        .setEnabled(true)
        .addInterface("*.*.*.*")
        .addInterface("*:*:*:*:*:*:*:*");
    network.setMemberEndpointConfig(endpoint);
    network
        .getMemberAddressProviderConfig()
        .setEnabled(true)
        .setImplementation(
            new OneAddress(
                new InetSocketAddress(settings.bind().resolved(), settings.bind().port())));
    network.setJoin(join(settings));
    return network;
  }

  private static JoinConfig join(ClusterSettings settings) {
    JoinConfig join = new JoinConfig();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    if (settings.join() instanceof ClusterSettings.Join.Members list) {
      TcpIpConfig tcp = join.getTcpIpConfig().setEnabled(true);
      list.members().forEach(tcp::addMember);
    } else {
      join.getTcpIpConfig().setEnabled(false);
      KubernetesConfig kubernetes = join.getKubernetesConfig().setEnabled(true);
      if (settings.join() instanceof ClusterSettings.Join.ServiceDns dns) {
        kubernetes.setProperty("service-dns", dns.serviceDns());
      } else if (settings.join() instanceof ClusterSettings.Join.Service service) {
        kubernetes
            .setProperty("namespace", service.namespace())
            .setProperty("service-name", service.service());
      }
      kubernetes.setProperty("service-port", Integer.toString(settings.bind().port()));
    }
    return join;
  }

  /** Hazelcast's version as far as members of one cluster must agree on it, such as 5.7. */
  static String hazelcastMinor() {
    String[] parts = BuildInfoProvider.getBuildInfo().getVersion().split("[.-]");
    return parts[0] + "." + parts[1];
  }

  private static String seconds(Duration duration) {
    return Long.toString(duration.toSeconds());
  }

  /** The address that is bound is the address that the others are told. */
  private record OneAddress(InetSocketAddress address) implements MemberAddressProvider {
    @Override
    public InetSocketAddress getBindAddress() {
      return address;
    }

    @Override
    public InetSocketAddress getBindAddress(EndpointQualifier qualifier) {
      return address;
    }

    @Override
    public InetSocketAddress getPublicAddress() {
      return address;
    }

    @Override
    public InetSocketAddress getPublicAddress(EndpointQualifier qualifier) {
      return address;
    }
  }
}
