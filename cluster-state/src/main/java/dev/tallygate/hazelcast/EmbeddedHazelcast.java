package dev.tallygate.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.tallygate.counters.CounterStore;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.ForkJoinPool;

/**
 * A Hazelcast member inside this process. Starting one takes a second or so; close it to end its
 * threads. Thread-safe.
 */
public final class EmbeddedHazelcast implements AutoCloseable {
  private static final String LOGGING = "hazelcast.logging.type";

  private final HazelcastInstance member;
  private final CounterStore counterStore;

  static {
    // What Hazelcast says before it has read a member's configuration goes by this property alone.
    if (System.getProperty(LOGGING) == null) {
      System.setProperty(LOGGING, "slf4j");
    }
  }

  private EmbeddedHazelcast(Config config) {
    requireCommonPool(ForkJoinPool.getCommonPoolParallelism());
    member = Hazelcast.newHazelcastInstance(config);
    counterStore = new HazelcastCounterStore(member);
  }

  /**
   * Starts a member that is alone and stays alone: it looks for no other, and none can join it,
   * since it listens on loopback only and under a name drawn at random.
   *
   * @throws IllegalStateException where the common pool has one worker or none
   */
  public static EmbeddedHazelcast standalone() {
    return new EmbeddedHazelcast(standaloneConfig());
  }

  /** As {@link #standalone()}, with windows by another clock than the machine's. */
  static EmbeddedHazelcast standalone(InstantSource clock) {
    Config config = standaloneConfig();
    config.getUserContext().put(TableProcessor.CLOCK, clock);
    return new EmbeddedHazelcast(config);
  }

  static EmbeddedHazelcast of(Config config) {
    return new EmbeddedHazelcast(config);
  }

  /** The limit ledger on this member. */
  public CounterStore counterStore() {
    return counterStore;
  }

  HazelcastInstance member() {
    return member;
  }

  @Override
  public void close() {
    member.shutdown();
  }

  static Config standaloneConfig() {
    Config config = ledgerConfig();
    config.setClusterName("standalone-" + UUID.randomUUID());
    NetworkConfig network = config.getNetworkConfig();
    network.setPort(0).setPortAutoIncrement(false);
    network.getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    JoinConfig join = network.getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(false);
    // Nothing is spread over members, so few partitions and threads do.
    config.setProperty("hazelcast.partition.count", "71");
    config.setProperty("hazelcast.operation.thread.count", "2");
    config.setProperty("hazelcast.operation.generic.thread.count", "2");
    config.setProperty("hazelcast.operation.priority.generic.thread.count", "1");
    config.setProperty("hazelcast.operation.response.thread.count", "1");
    config.setProperty("hazelcast.event.thread.count", "1");
    config.setProperty("hazelcast.io.thread.count", "1");
    config.setProperty("hazelcast.clientengine.thread.count", "1");
    config.setProperty("hazelcast.clientengine.query.thread.count", "1");
    config.setProperty("hazelcast.clientengine.blocking.thread.count", "1");
    return config;
  }

  /** What every member of the ledger shares, alone or in a cluster. */
  private static Config ledgerConfig() {
    Config config = new Config();
    config.setInstanceName("tallygate-" + UUID.randomUUID());
    config.getJetConfig().setEnabled(false);
    config.getMetricsConfig().setEnabled(false);
    config.getNetworkConfig().getMemcacheProtocolConfig().setEnabled(false);
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty(LOGGING, "slf4j");
    config.setProperty("hazelcast.health.monitoring.level", "OFF");
    // A step that is answered after this is answered to nobody; CounterTable.REMEMBERED is longer.
    config.setProperty("hazelcast.operation.call.timeout.millis", "5000");
    LedgerSerializers.all()
        .forEach(config.getSerializationConfig().getCompactSerializationConfig()::addSerializer);
    config.addMapConfig(
        new MapConfig(HazelcastCounterStore.MAP)
            // Objects, so that a step reads and writes its table without taking it apart.
            .setInMemoryFormat(InMemoryFormat.OBJECT)
            .setBackupCount(1)
            .setStatisticsEnabled(false)
            .setPerEntryStatsEnabled(false));
    return config;
  }

  /**
   * With one worker in the common pool or none, Hazelcast starts a thread for every asynchronous
   * call (hazelcast/hazelcast#18190), and serves a twentieth of what it could.
   */
  static void requireCommonPool(int parallelism) {
    if (parallelism <= 1) {
      throw new IllegalStateException(
          "the common pool has a parallelism of "
              + parallelism
              + ", with which Hazelcast starts a thread for every call; start Java with"
              + " -Djava.util.concurrent.ForkJoinPool.common.parallelism=4");
    }
  }
}
