package dev.tallygate.node;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.counters.Ledgers;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.hazelcast.EmbeddedHazelcast;
import dev.tallygate.hazelcast.Quorum;
import dev.tallygate.node.admin.AdminServer;
import dev.tallygate.node.admin.AdminServer.Readiness;
import dev.tallygate.node.admin.RegistryAdmin;
import dev.tallygate.node.audit.AuditSettings;
import dev.tallygate.node.audit.FileAuditLog;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigRefused;
import dev.tallygate.node.config.ConfigStatus;
import dev.tallygate.node.config.LiveConfig;
import dev.tallygate.node.config.NodeConfig;
import dev.tallygate.node.config.NodeConfig.Listen;
import dev.tallygate.node.config.NodeConfig.Tls;
import dev.tallygate.node.config.PinKeeper;
import dev.tallygate.node.gate.Door;
import dev.tallygate.node.gate.GateServer;
import dev.tallygate.node.gate.GateServices;
import dev.tallygate.node.gate.Listening;
import dev.tallygate.node.gate.PinStore;
import dev.tallygate.node.loop.ShortTurns;
import dev.tallygate.node.metrics.GateMetrics;
import dev.tallygate.node.registry.SharedRegistry;
import dev.tallygate.registry.RegistrySettings;
import dev.tallygate.registry.Sealing;
import dev.tallygate.registry.Snapshot;
import dev.tallygate.sessions.InMemorySessionStore;
import dev.tallygate.sessions.InMemoryTaskStore;
import dev.tallygate.sessions.SessionStore;
import dev.tallygate.sessions.TaskStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
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
  private EmbeddedHazelcast hazelcast;
  private WarmUp warmUp;
  private FileAuditLog audit;
  private PinKeeper pins;
  private final CompletableFuture<Integer> opening = new CompletableFuture<>();
  private Optional<SharedRegistry> shared = Optional.empty();
  private volatile int port;
  private volatile boolean leaving;
  private int adminPort;

  private Node(LiveConfig config) {
    this.config = opened(config);
  }

  /**
   * Starts a node by its configuration file.
   *
   * @throws ConfigRefused if the file has errors
   * @throws IOException if a port or the audit log cannot be had, or its cluster does not let it in
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
    hazelcast = opened(hazelcast(settings.cluster(), settings.durability()));
    if (settings.cluster().isPresent()) {
      shared = Optional.of(opened(sharedRegistry(settings, settings.cluster().get())));
    }
    boolean clustered = settings.cluster().isPresent();
    SessionStore sessions =
        opened(
            clustered ? hazelcast.newSessionStore() : new InMemorySessionStore(System::nanoTime));
    TaskStore tasks = opened(clustered ? hazelcast.newTaskStore() : new InMemoryTaskStore());
    GateMetrics metrics = new GateMetrics();
    pins = opened(new PinKeeper(settings.pinFile()));
    GateServices services =
        new GateServices(
            this::snapshot,
            () -> shared.flatMap(SharedRegistry::outage),
            new Door(
                settings.listen().host(),
                new HashSet<>(settings.listen().allowedHosts()),
                new HashSet<>(settings.listen().allowedOrigins())),
            new Ledgers(hazelcast.counterStore(), hazelcast.watch()::mostNodes, clock),
            sessions,
            tasks,
            audit,
            metrics,
            shared.<PinStore>map(each -> each.pins()::keep).orElse(pins::keep),
            clock);
    observe(metrics, services);
    ClusterReport report =
        new ClusterReport(hazelcast.watch(), shared.map(SharedRegistry::registry));
    report.observe(metrics.process());
    durability().observe(metrics.process());
    SharedRegistry.observe(metrics.process(), shared);
    warmUp = opened(new WarmUp(hazelcast.counterStore(), sessions, tasks));
    warmUp.start();

    Vertx vertx =
        Vertx.builder()
            .with(new VertxOptions().setWorkerPoolSize(2).setInternalBlockingPoolSize(2))
            .withTransport(new ShortTurns())
            .build();
    opened(() -> await(vertx.close(), "closing"));
    Listen listen = settings.listen();
    GateServer gates =
        new GateServer(
            vertx,
            services,
            new Listening(
                listen.host(),
                listen.port(),
                listen.maxConnections(),
                listen.tls().map(Node::certificate),
                listen.h2c()));
    opened(() -> stop(gates, listen.drain()));
    shared.ifPresentOrElse(
        each -> {
          each.onChange(gates::changed);
          config.onChange(changed -> each.changed(config.config().declared()));
        },
        () -> config.onChange(gates::changed));
    config.onCertificate(tls -> gates.renewed(certificate(tls)));
    adminPort =
        await(
            new AdminServer(
                    vertx,
                    settings.admin().host(),
                    settings.admin().port(),
                    new AdminServer.Told(metrics.process(), this::readiness, report::json),
                    shared.map(
                        each ->
                            new RegistryAdmin(
                                settings.admin().token(),
                                each.registry(),
                                each.publisher(),
                                clock)))
                .start(),
            "admin port " + settings.admin().host() + ":" + settings.admin().port());
    if (shared.isPresent()) {
      shared.get().follow();
      Opening.whenServing(shared.get(), () -> open(gates, listen), opening);
      opened(() -> opening.cancel(true));
      return;
    }
    open(gates, listen);
    LOG.info(
        "revision {} is in force: {} servers, {} policies, {} grants",
        config.status().revision(),
        settings.servers().size(),
        settings.policies().size(),
        settings.grants().size());
  }

  private void open(GateServer gates, Listen listen) throws IOException, InterruptedException {
    port =
        await(
            gates.start(Runtime.getRuntime().availableProcessors()),
            "port " + listen.host() + ":" + listen.port());
    opening.complete(port);
  }

  private SharedRegistry sharedRegistry(NodeConfig settings, ClusterSettings cluster)
      throws IOException {
    return new SharedRegistry(
        hazelcast.registry(
            new RegistrySettings(
                cluster.node(),
                cluster.dataMembers(),
                cluster.role() == ClusterSettings.Role.MEMBER
                    ? cluster.dataDir()
                    : Optional.empty(),
                settings.maxCutOff(),
                RegistrySettings.PATIENCE)),
        config.file(),
        settings.declared(),
        new Sealing(cluster.secret().value()),
        clock);
  }

  private Snapshot snapshot() {
    return shared.map(SharedRegistry::snapshot).orElseGet(config::snapshot);
  }

  /**
   * Waits until MCP clients can connect, for however long it takes: a node of a cluster opens its
   * port once it enforces the newest revision.
   *
   * @throws IOException if the port cannot be had
   */
  public void awaitOpen() throws IOException, InterruptedException {
    try {
      opening.get();
    } catch (CancellationException e) {
      throw new IOException("the node was ended before it could serve", e);
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e.getCause());
    }
  }

  /**
   * Starts the part that counts, alone or in a cluster.
   *
   * @throws IOException where this process cannot count, or its cluster does not let it in; the
   *     message says what to change
   */
  static EmbeddedHazelcast hazelcast(
      Optional<ClusterSettings> cluster, Optional<DurabilitySettings> durability)
      throws IOException {
    try {
      if (cluster.isPresent()) {
        return durability.isPresent()
            ? EmbeddedHazelcast.start(cluster.get(), durability.get())
            : EmbeddedHazelcast.start(cluster.get());
      }
      return durability.isPresent()
          ? EmbeddedHazelcast.standalone(durability.get())
          : EmbeddedHazelcast.standalone();
    } catch (IllegalStateException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private DurabilityReport durability() {
    return new DurabilityReport(hazelcast::durability);
  }

  private static PemKeyCertOptions certificate(Tls tls) {
    return new PemKeyCertOptions()
        .addCertValue(Buffer.buffer(tls.certificate()))
        .addKeyValue(Buffer.buffer(tls.key()));
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
        () -> snapshot().revision());
    metrics.gauge(
        "tallygate_snapshot_age_seconds",
        "Time since that revision came into force",
        () -> Duration.between(snapshot().since(), clock.instant()).toMillis() / 1e3);
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
    metrics.gauge(
        "tallygate_held_back",
        "Tools, prompts and instructions that are held back because they changed",
        services::heldBack);
    metrics.gauge(
        "tallygate_sessions", "Open MCP sessions that this node knows", services::openSessions);
  }

  private Readiness readiness() {
    ObjectNode detail = Readiness.newDetail();
    ConfigStatus status = config.status();
    detail.put("revision", status.revision()).put("since", status.since().toString());
    status.read().ifPresent(digest -> detail.put("configSha256", digest.hex()));
    status.readPins().ifPresent(digest -> detail.put("pinsSha256", digest.hex()));
    detail.put("config", status.problem().map(p -> "refused: " + p).orElse("in force"));
    if (!status.warnings().isEmpty()) {
      status.warnings().forEach(detail.putArray("warnings")::add);
    }
    detail.put("audit", audit.failure().map(f -> "failing: " + f).orElse("recording"));
    detail.put("pins", pins.problem().map(p -> "not written: " + p).orElse("kept"));
    durability().describe(detail);
    if (leaving) {
      detail.put("leaving", true);
    }
    if (shared.isEmpty()) {
      return new Readiness(!leaving, detail);
    }
    Quorum quorum = hazelcast.quorum();
    boolean preparing = quorum.holds() && !warmUp.done();
    detail.put("cluster", preparing ? "preparing to count" : ClusterReport.state(quorum));
    shared.get().describe(detail);
    boolean serves = shared.get().outage().isEmpty() && opening.isDone();
    return new Readiness(quorum.holds() && warmUp.done() && serves && !leaving, detail);
  }

  /** The port that MCP clients use; 0 before it is open. */
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
    return await(future, what, START_SECONDS);
  }

  private static <T> T await(Future<T> future, String what, long seconds)
      throws IOException, InterruptedException {
    try {
      return future.toCompletionStage().toCompletableFuture().get(seconds, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException(what + ": " + e.getCause().getMessage(), e.getCause());
    } catch (TimeoutException e) {
      throw new IOException(what + " took more than " + seconds + " s", e);
    }
  }

  private void stop(GateServer gates, Duration drain) throws IOException, InterruptedException {
    leaving = true;
    await(gates.stop(drain), "ending calls", START_SECONDS + drain.toSeconds());
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
