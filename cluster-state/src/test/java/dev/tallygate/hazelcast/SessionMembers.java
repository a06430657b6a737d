package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.TcpIpConfig;
import dev.tallygate.counters.ManualClock;
import dev.tallygate.sessions.SessionStore;
import dev.tallygate.sessions.TaskStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/** Members in this JVM that remember sessions and tasks together, by one clock of a test. */
final class SessionMembers implements AutoCloseable {
  private final List<EmbeddedHazelcast> members = new ArrayList<>();
  private final List<SessionStore> sessions = new ArrayList<>();
  private final List<TaskStore> tasks = new ArrayList<>();
  private final String cluster = "sessions-" + UUID.randomUUID();
  private final ManualClock clock = new ManualClock(Instant.parse("2026-03-01T12:00:00Z"));
  private final AtomicLong nanos = new AtomicLong();

  SessionMembers(int count) {
    for (int i = 0; i < count; i++) {
      EmbeddedHazelcast member = EmbeddedHazelcast.of(config());
      members.add(member);
      sessions.add(new HazelcastSessionStore(member.member(), nanos::get));
      tasks.add(member.newTaskStore());
    }
    assertThat(members.get(0).member().getCluster().getMembers()).hasSize(count);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> members.get(0).member().getPartitionService().isClusterSafe());
  }

  private Config config() {
    Config config = EmbeddedHazelcast.standaloneConfig();
    config.setClusterName(cluster);
    config.setProperty("hazelcast.wait.seconds.before.join", "0");
    config.getUserContext().put(LedgerOwner.CLOCK, clock);
    // What is tested here is never how fast a busy machine answers.
    config.getUserContext().put(QuorumMap.PATIENCE, HazelcastCounterStoreTest.PATIENT);
    // Java serialisation of anything of ours would fail the test.
    config
        .getSerializationConfig()
        .setJavaSerializationFilterConfig(
            new JavaSerializationFilterConfig()
                .setBlacklist(new ClassFilter().addPrefixes("dev.tallygate.")));
    TcpIpConfig tcp = config.getNetworkConfig().getJoin().getTcpIpConfig().setEnabled(true);
    for (EmbeddedHazelcast member : members) {
      // One that is not found soon enough would be a cluster of its own.
      tcp.setConnectionTimeoutSeconds(60);
      tcp.addMember(
          "127.0.0.1:" + member.member().getCluster().getLocalMember().getAddress().getPort());
    }
    return config;
  }

  SessionStore sessions(int node) {
    return sessions.get(node % sessions.size());
  }

  TaskStore tasks(int node) {
    return tasks.get(node % tasks.size());
  }

  void pass(Duration time) {
    clock.advance(time);
    nanos.addAndGet(time.toNanos());
  }

  /** Ends a member without warning. */
  void kill(int node) {
    members.get(node).member().getLifecycleService().terminate();
  }

  @Override
  public void close() {
    sessions.forEach(SessionStore::close);
    members.forEach(EmbeddedHazelcast::close);
  }
}
