package dev.tallygate.node;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.Ledger;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.hazelcast.EmbeddedHazelcast;
import dev.tallygate.node.admin.AdminServer;
import dev.tallygate.node.admin.AdminServer.Readiness;
import dev.tallygate.node.audit.AuditSettings;
import dev.tallygate.node.audit.FileAuditLog;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigRefused;
import dev.tallygate.node.config.ConfigStatus;
import dev.tallygate.node.config.LiveConfig;
import dev.tallygate.node.config.NodeConfig;
import dev.tallygate.node.gate.Door;
import dev.tallygate.node.gate.GateServer;
import dev.tallygate.node.gate.GateServices;
import dev.tallygate.node.metrics.GateMetrics;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running node: the configuration it follows, its counters, its audit log and its two ports. */
public final class Node implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Node.class);

  private static final long START_SECONDS = 60;

  private final Clock clock = Clock.systemUTC();
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final LiveConfig config;
  private FileAuditLog audit;
  private int port;
  private int adminPort;

  private Node(LiveConfig config) {
    this.config = opened(config);
  }

  /**
   * Starts a node by its configuration file.
   *
   * @throws ConfigRefused if the file has errors
   * @throws IOException if a port or the audit log cannot be had
   */
  public static Node start(Path file) throws ConfigRefused, IOException, InterruptedException {
    Node node = new Node(LiveConfig.open(file, new ConfigReader(), Clock.systemUTC()));
    try {
      node.start();
      return node;
    } catch (IOException | InterruptedException | RuntimeException e) {
      node.close();
      throw e;
    }
  }

  private void start() throws IOException, InterruptedException {
    NodeConfig settings = config.config();
    audit = opened(FileAuditLog.open(auditSettings(settings)));
    EmbeddedHazelcast hazelcast = opened(EmbeddedHazelcast.standalone());
    GateMetrics metrics = new GateMetrics();
    GateServices services =
        new GateServices(
            config::snapshot,
            new Door(
                settings.listen().host(),
                new HashSet<>(settings.listen().allowedHosts()),
                new HashSet<>(settings.listen().allowedOrigins())),
            new Ledger(hazelcast.counterStore(), 1, clock),
            audit,
            metrics,
            clock);
    observe(metrics, services);
    warmUp(hazelcast.counterStore());

    Vertx vertx =
        Vertx.vertx(new VertxOptions().setWorkerPoolSize(2).setInternalBlockingPoolSize(2));
    opened(() -> await(vertx.close(), "closing"));
    GateServer gates =
        new GateServer(
            vertx,
            services,
            settings.listen().host(),
            settings.listen().port(),
            settings.listen().maxConnections());
    opened(() -> await(gates.stop(), "ending calls"));
    config.onChange(gates::changed);
    adminPort =
        await(
            new AdminServer(
                    vertx,
                    settings.admin().host(),
                    settings.admin().port(),
                    metrics,
                    this::readiness)
                .start(),
            "admin port " + settings.admin().host() + ":" + settings.admin().port());
    port =
        await(
            gates.start(Runtime.getRuntime().availableProcessors()),
            "port " + settings.listen().host() + ":" + settings.listen().port());
    LOG.info(
        "revision {} is in force: {} servers, {} policies, {} grants",
        config.status().revision(),
        settings.servers().size(),
        settings.policies().size(),
        settings.grants().size());
  }

  /** The first use of the store loads a second's worth of classes; no call should wait for that. */
  private static void warmUp(CounterStore store) {
    CounterKey key = new CounterKey(Scope.SERVER, "(none)", "(warm-up)", 1, Algorithm.FIXED);
    Claim claim = new Claim(key, BigDecimal.ZERO, BigDecimal.ZERO, OnStoreLoss.DENY);
    ReserveResult result = store.reserve("(warm-up)", List.of(claim)).toCompletableFuture().join();
    if (result instanceof ReserveResult.Reserved reserved) {
      store.settle(reserved.reservation(), Set.of()).toCompletableFuture().join();
    }
  }

  private static AuditSettings auditSettings(NodeConfig settings) {
    NodeConfig.AuditConfig audit = settings.audit();
    return AuditSettings.of(audit.file(), settings.name())
        .withKeyFile(audit.keyFile().orElse(AuditSettings.defaultKeyFile(audit.file())))
        .withStrict(audit.strict())
        .withOnFailure(
            audit.onFailure() == NodeConfig.AuditConfig.OnFailure.ALLOW
                ? AuditSettings.OnFailure.ALLOW
                : AuditSettings.OnFailure.DENY)
        .withRotation(audit.maxBytes(), audit.keepFiles());
  }

  private void observe(GateMetrics metrics, GateServices services) {
    metrics.gauge(
        "tallygate_snapshot_revision",
        "Revision of the configuration in force",
        () -> config.snapshot().revision());
    metrics.gauge(
        "tallygate_snapshot_age_seconds",
        "Time since that revision came into force",
        () -> Duration.between(config.snapshot().since(), clock.instant()).toMillis() / 1e3);
    metrics.gauge(
        "tallygate_config_valid",
        "Whether the configuration files as they now are could be applied",
        () -> config.status().problem().isEmpty() ? 1 : 0);
    metrics.gauge(
        "tallygate_audit_queue_records", "Audit records that wait to be written", audit::queued);
    metrics.gauge(
        "tallygate_audit_healthy",
        "Whether audit records can be kept",
        () -> audit.failure().isEmpty() ? 1 : 0);
    metrics.gauge("tallygate_sessions", "Open MCP sessions", services::openSessions);
  }

  private Readiness readiness() {
    ObjectNode detail = Readiness.newDetail();
    ConfigStatus status = config.status();
    detail.put("revision", status.revision()).put("since", status.since().toString());
    status.read().ifPresent(digest -> detail.put("configSha256", digest.hex()));
    detail.put("config", status.problem().map(p -> "refused: " + p).orElse("in force"));
    if (!status.warnings().isEmpty()) {
      status.warnings().forEach(detail.putArray("warnings")::add);
    }
    detail.put("audit", audit.failure().map(f -> "failing: " + f).orElse("recording"));
    return new Readiness(true, detail);
  }

  /** The port that MCP clients use. */
  public int port() {
    return port;
  }

  public int adminPort() {
    return adminPort;
  }

  public LiveConfig config() {
    return config;
  }

  private <T extends AutoCloseable> T opened(T part) {
    parts.push(part);
    return part;
  }

  private static <T> T await(Future<T> future, String what)
      throws IOException, InterruptedException {
    try {
      return future.toCompletionStage().toCompletableFuture().get(START_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException(what + ": " + e.getCause().getMessage(), e.getCause());
    } catch (TimeoutException e) {
      throw new IOException(what + " took more than " + START_SECONDS + " s", e);
    }
  }

  /** Ends everything, in the reverse order of its start. */
  @Override
  public void close() {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) {
        LOG.warn("A part did not end in order", e);
      }
    }
  }
}
