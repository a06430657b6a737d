package dev.tallygate.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.config.ExecutorConfig;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.durability.DatabaseRefused;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.durability.DurabilityStatus;
import dev.tallygate.durability.DurableCounts;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.RegistrySettings;
import dev.tallygate.sessions.SessionStore;
import dev.tallygate.sessions.TaskStore;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ForkJoinPool;

/**
 * A Hazelcast member inside this process. Starting one takes a second or so; close it to end its
 * threads. Thread-safe.
 */
public final class EmbeddedHazelcast implements AutoCloseable {
  static final int HAND_OVER_SECONDS = 20;

  /** Few, so that a loss is soon repaired, and enough for nine data members; all must agree. */
  static final String PARTITIONS = "71";

  private static final String LOGGING = "hazelcast.logging.type";

  private static final int REGISTRY_THREADS = 4;

  /** Whose counts those of a node are that stands alone: a file belongs to one process. */
  private static final String STANDALONE = "standalone";

  private final HazelcastInstance member;
  private final Quorum quorum;
  private final Births births;
  private final ClusterWatch watch;
  private final CounterStore counterStore;
  private final Optional<DurableCounts> durable;
  private final Optional<KeysToLoad> keys;

  static {
    // What Hazelcast says before it has read a member's configuration goes by this property alone.
    if (System.getProperty(LOGGING) == null) {
      System.setProperty(LOGGING, "slf4j");
    }
    HazelcastClock.use();
  }

  private EmbeddedHazelcast(
      HazelcastInstance member,
      Optional<ClusterSettings> settings,
      Optional<DurableCounts> durable) {
    this.member = member;
    this.durable = durable;
    this.keys = durable.map(counts -> new KeysToLoad(member));
    this.quorum = LedgerOwner.at(member).quorum();
    this.watch = new ClusterWatch(member, quorum, settings);
    this.births = new Births(member);
    this.counterStore = new HazelcastCounterStore(member);
    durable.ifPresent(counts -> counts.sweep(LedgerOwner.at(member)::clockMillis));
  }

  /**
   * Starts a member that is alone and stays alone: it looks for no other, and none can join it,
   * since it listens on loopback only and under a name drawn at random.
   *
   * @throws IllegalStateException where the common pool has one worker or none
   */
  public static EmbeddedHazelcast standalone() {
    return of(standaloneConfig());
  }

  /**
   * As {@link #standalone()}, with counts that outlive the process.
   *
   * @throws DatabaseRefused where this release must not count on the database
   * @throws IOException where the database cannot be had
   */
  public static EmbeddedHazelcast standalone(DurabilitySettings durability) throws IOException {
    return of(standaloneConfig(), DurableCounts.open(durability, STANDALONE));
  }

  /** As {@link #standalone()}, with windows by another clock than the machine's. */
  static EmbeddedHazelcast standalone(InstantSource clock) {
    Config config = standaloneConfig();
    config.getUserContext().put(LedgerOwner.CLOCK, clock);
    return of(config);
  }

  /**
   * Starts a process of a cluster and lets it join the others, where any are there. It need not
   * have a {@link #quorum()} yet.
   *
   * @throws JoinRefused where the others do not let it in
   * @throws IOException where its address cannot be had
   * @throws IllegalStateException where the common pool has one worker or none
   */
  public static EmbeddedHazelcast start(ClusterSettings settings) throws IOException {
    return start(settings, MemberPass.of(settings), Optional.empty());
  }

  /**
   * As {@link #start(ClusterSettings)}, with counts that outlive the cluster.
   *
   * @param durability for a data member; alike on all of them
   * @throws DatabaseRefused where this release must not count on the database
   */
  public static EmbeddedHazelcast start(ClusterSettings settings, DurabilitySettings durability)
      throws IOException {
    if (settings.role() == ClusterSettings.Role.GATEWAY) {
      throw new IllegalArgumentException("a gateway holds no counts");
    }
    return start(
        settings,
        MemberPass.of(settings),
        Optional.of(DurableCounts.open(durability, settings.name())));
  }

  static EmbeddedHazelcast start(ClusterSettings settings, MemberPass pass) throws IOException {
    return start(settings, pass, Optional.empty());
  }

  private static EmbeddedHazelcast start(
      ClusterSettings settings, MemberPass pass, Optional<DurableCounts> durable)
      throws IOException {
    try {
      requireCommonPool(ForkJoinPool.getCommonPoolParallelism());
      Config config = ClusterConfig.of(settings);
      durable.ifPresent(counts -> LedgerStore.use(counts, config));
      if (settings.role() != ClusterSettings.Role.GATEWAY) {
        CountsAgreement.declare(config, durable.map(DurableCounts::settings));
      }
      HazelcastInstance member = new ClusterDoor(settings, pass).enter(config);
      HazelcastClock.joined(member);
      CountsAgreement.require(member);
      return new EmbeddedHazelcast(member, Optional.of(settings), durable);
    } catch (HazelcastException e) {
      durable.ifPresent(DurableCounts::close);
      throw new IOException("cluster address " + settings.bind() + ": " + e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      durable.ifPresent(DurableCounts::close);
      throw e;
    }
  }

  static EmbeddedHazelcast of(Config config) {
    requireCommonPool(ForkJoinPool.getCommonPoolParallelism());
    return new EmbeddedHazelcast(
        Hazelcast.newHazelcastInstance(config), Optional.empty(), Optional.empty());
  }

  static EmbeddedHazelcast of(Config config, DurableCounts durable) {
    try {
      requireCommonPool(ForkJoinPool.getCommonPoolParallelism());
      LedgerStore.use(durable, config);
      return new EmbeddedHazelcast(
          Hazelcast.newHazelcastInstance(config), Optional.empty(), Optional.of(durable));
    } catch (RuntimeException e) {
      durable.close();
      throw e;
    }
  }

  /** Whether enough data members are there to count. */
  public Quorum quorum() {
    return quorum;
  }

  /** How the cluster fares. */
  public ClusterWatch watch() {
    return watch;
  }

  /** How it stands with the counts that are written down; empty where none are. */
  public Optional<DurabilityStatus> durability() {
    return durable.map(DurableCounts::status);
  }

  /** The limit ledger on this member. */
  public CounterStore counterStore() {
    return counterStore;
  }

  /** Sessions that all nodes of the cluster agree on. */
  public SessionStore newSessionStore() {
    return new HazelcastSessionStore(member, System::nanoTime);
  }

  /** Tasks that all nodes of the cluster agree on. */
  public TaskStore newTaskStore() {
    return new HazelcastTaskStore(member);
  }

  /**
   * Takes part in the cluster's registry; once for each member. Close it before this.
   *
   * @throws IOException if the data folder cannot be used, or its file is damaged
   */
  public Registry registry(RegistrySettings settings) throws IOException {
    return new HazelcastRegistry(member, settings);
  }

  HazelcastInstance member() {
    return member;
  }

  /** Ends as if the process were killed. */
  void kill() {
    durable.ifPresent(DurableCounts::abandon);
    keys.ifPresent(KeysToLoad::close);
    births.close();
    watch.close();
    member.getLifecycleService().terminate();
  }

  Births births() {
    return births;
  }

  /** Leaves; a member hands on what it holds before, for {@value #HAND_OVER_SECONDS} s at most. */
  @Override
  public void close() {
    births.close();
    watch.close();
    member.shutdown();
    keys.ifPresent(KeysToLoad::close);
    durable.ifPresent(DurableCounts::close);
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
    // Nothing is spread over members, so few threads do.
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
  static Config ledgerConfig() {
    Config config = new Config();
    config.setInstanceName("tallygate-" + UUID.randomUUID());
    config.setProperty("hazelcast.partition.count", PARTITIONS);
    config.getJetConfig().setEnabled(false);
    config.getMetricsConfig().setEnabled(false);
    config.getNetworkConfig().getMemcacheProtocolConfig().setEnabled(false);
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    // Whoever started it closes it, after the calls that still count on it.
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.graceful.shutdown.max.wait", Integer.toString(HAND_OVER_SECONDS));
    config.setProperty(LOGGING, "slf4j");
    config.setProperty("hazelcast.logging.details.enabled", "false");
    config.setProperty("hazelcast.health.monitoring.level", "OFF");
    // A step that is answered after this is answered to nobody; CounterTable.REMEMBERED is longer.
    config.setProperty("hazelcast.operation.call.timeout.millis", "5000");
    LedgerSerializers.all().forEach(each -> each.addTo(config.getSerializationConfig()));
    SessionSerializers.all()
        .forEach(config.getSerializationConfig().getCompactSerializationConfig()::addSerializer);
    RegistrySerializers.all()
        .forEach(config.getSerializationConfig().getCompactSerializationConfig()::addSerializer);
    config.addExecutorConfig(
        new ExecutorConfig(MemberTasks.EXECUTOR, REGISTRY_THREADS).setStatisticsEnabled(false));
    config.addMapConfig(
        new MapConfig(HazelcastCounterStore.MAP)
            // Objects, so that a step reads and writes its table without taking it apart.
            .setInMemoryFormat(InMemoryFormat.OBJECT)
            .setBackupCount(1)
            .setStatisticsEnabled(false)
            .setPerEntryStatsEnabled(false)
            .setMergePolicyConfig(
                new MergePolicyConfig().setPolicy(LedgerMergePolicy.class.getName())));
    config.addMapConfig(
        new MapConfig(Births.MAP)
            .setBackupCount(1)
            // Of a partition that was lost here, another part's birth must not hide that.
            .setMergePolicyConfig(
                new MergePolicyConfig().setPolicy(DiscardMergePolicy.class.getName())));
    SessionMaps.addTo(config);
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
