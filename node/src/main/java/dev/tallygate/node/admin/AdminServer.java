package dev.tallygate.node.admin;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.metrics.ProcessMetrics;
import io.prometheus.client.exporter.common.TextFormat;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Serves {@code /metrics}, {@code /livez}, {@code /readyz} and {@code /cluster} on a port of its
 * own.
 */
public final class AdminServer {
  /**
   * What is told of a process.
   *
   * @param metrics its metrics
   * @param readiness whether it serves; must not block
   * @param cluster its cluster as it sees it; must not block
   */
  public record Told(
      ProcessMetrics metrics, Supplier<Readiness> readiness, Supplier<ObjectNode> cluster) {}

  /**
   * Whether calls can be served.
   *
   * @param detail what stands behind it, for people and for the commands that change grants
   */
  public record Readiness(boolean ready, ObjectNode detail) {
    public static ObjectNode newDetail() {
      return JsonNodeFactory.instance.objectNode();
    }
  }

  private static final int PUBLISH_THREADS = 4;

  /** A change waits for disks and for nodes. */
  private static final long PUBLISH_SECONDS = 60;

  private final HttpServer server;
  private final WorkerExecutor reader;
  private final Told told;
  private final Optional<RegistryAdmin> registry;
  private final WorkerExecutor publisher;

  public AdminServer(Vertx vertx, String host, int port, Told told) {
    this(vertx, host, port, told, Optional.empty());
  }

  /**
   * @param registry for a node of a cluster that takes changes of it
   */
  public AdminServer(
      Vertx vertx, String host, int port, Told told, Optional<RegistryAdmin> registry) {
    this.told = told;
    this.registry = registry;
    this.server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(host)
                    .setPort(port)
                    .setHttp2ClearTextEnabled(false)
                    .setIdleTimeout(60))
            .requestHandler(this::answer);
    this.reader = vertx.createSharedWorkerExecutor("tallygate-metrics", 1);
    this.publisher =
        vertx.createSharedWorkerExecutor(
            "tallygate-publish", PUBLISH_THREADS, PUBLISH_SECONDS, TimeUnit.SECONDS);
  }

  /** Starts listening; gives the port. */
  public Future<Integer> start() {
    return server.listen().map(HttpServer::actualPort);
  }

  private void answer(HttpServerRequest request) {
    if (registry.isPresent() && RegistryAdmin.isFor(request.path())) {
      registry.get().answer(request, publisher);
      return;
    }
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      request.response().setStatusCode(405).putHeader("Allow", "GET, HEAD").end();
      return;
    }
    switch (request.path()) {
      case "/metrics" ->
          // It looks at every thread, which takes longer than calls may wait.
          reader
              .executeBlocking(told.metrics::exposition)
              .onSuccess(
                  text ->
                      request
                          .response()
                          .putHeader("Content-Type", TextFormat.CONTENT_TYPE_004)
                          .end(text))
              .onFailure(failed -> request.response().setStatusCode(500).end());
      case "/livez" -> request.response().putHeader("Content-Type", "text/plain").end("ok\n");
      case "/readyz" -> {
        Readiness now = told.readiness.get();
        json(request, now.ready() ? 200 : 503, now.detail().put("ready", now.ready()));
      }
      case "/cluster" -> json(request, 200, told.cluster.get());
      default ->
          request.response().setStatusCode(404).end("try /metrics, /livez, /readyz or /cluster\n");
    }
  }

  private static void json(HttpServerRequest request, int status, ObjectNode body) {
    request
        .response()
        .setStatusCode(status)
        .putHeader("Content-Type", "application/json")
        .end(body.toPrettyString() + "\n");
  }
}
