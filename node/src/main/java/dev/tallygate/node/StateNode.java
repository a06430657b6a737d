package dev.tallygate.node;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.hazelcast.EmbeddedHazelcast;
import dev.tallygate.node.admin.AdminServer;
import dev.tallygate.node.admin.AdminServer.Readiness;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.ConfigRefused;
import dev.tallygate.node.config.NodeConfig.Admin;
import dev.tallygate.node.config.StateConfig;
import dev.tallygate.node.metrics.ProcessMetrics;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.RegistrySettings;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A running process that holds a part of its cluster's counts and serves no calls. */
public final class StateNode implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 60;

  private final EmbeddedHazelcast hazelcast;
  private final Registry registry;

  /** Once it holds its part. Then the next member may be replaced, whatever else goes on. */
  private volatile boolean settled;

  private final Vertx vertx;
  private final Admin admin;
  private final int adminPort;

  private StateNode(StateConfig config) throws IOException, InterruptedException {
    admin = config.admin();
    hazelcast = Node.hazelcast(Optional.of(config.cluster()), config.durability());
    registry = registry(config.cluster());
    vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1));
    ProcessMetrics metrics = new ProcessMetrics();
    ClusterReport report = new ClusterReport(hazelcast.watch(), Optional.of(registry));
    report.observe(metrics);
    new DurabilityReport(hazelcast::durability).observe(metrics);
    AdminServer server =
        new AdminServer(
            vertx,
            admin.host(),
            admin.port(),
            new AdminServer.Told(metrics, this::readiness, report::json));
    try {
      adminPort =
          server
              .start()
              .toCompletionStage()
              .toCompletableFuture()
              .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      close();
      throw new IOException(
          "admin port " + admin.host() + ":" + admin.port() + ": " + e.getCause().getMessage(), e);
    } catch (TimeoutException e) {
      close();
      throw new IOException("admin port took more than " + PATIENCE_SECONDS + " s", e);
    }
  }

  /**
   * Starts a data member by its configuration file.
   *
   * @throws ConfigRefused if the file has errors, or is not a data member's
   * @throws IOException if a port cannot be had, or its cluster does not let it in
   */
  public static StateNode start(Path file) throws ConfigRefused, IOException, InterruptedException {
    return new StateNode(new ConfigReader().readState(file));
  }

  private Registry registry(ClusterSettings cluster) throws IOException {
    try {
      Registry part =
          hazelcast.registry(
              new RegistrySettings(
                  cluster.node(),
                  cluster.dataMembers(),
                  cluster.dataDir(),
                  RegistrySettings.MAX_CUT_OFF,
                  RegistrySettings.PATIENCE));
      part.follow(edition -> {}); // it judges no calls: to have it on disk is all
      return part;
    } catch (IOException e) {
      hazelcast.close();
      throw e;
    }
  }

  private Readiness readiness() {
    ObjectNode detail =
        Readiness.newDetail().put("cluster", ClusterReport.state(hazelcast.quorum()));
    new DurabilityReport(hazelcast::durability).describe(detail);
    settled |= hazelcast.watch().view().partitionsSafe();
    detail.put("partitions", settled ? "safe" : "not yet: every count must have its copies");
    return new Readiness(hazelcast.quorum().holds() && settled, detail);
  }

  public Admin admin() {
    return admin;
  }

  public int adminPort() {
    return adminPort;
  }

  /** Hands on what it holds, and ends. */
  @Override
  public void close() {
    registry.close();
    hazelcast.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
