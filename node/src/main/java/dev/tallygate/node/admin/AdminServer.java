package dev.tallygate.node.admin;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.metrics.GateMetrics;
import io.prometheus.client.exporter.common.TextFormat;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Supplier;

/** Serves {@code /metrics}, {@code /livez} and {@code /readyz} on a port of its own. */
public final class AdminServer {
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

  private final HttpServer server;
  private final GateMetrics metrics;
  private final Supplier<Readiness> readiness;

  public AdminServer(
      Vertx vertx, String host, int port, GateMetrics metrics, Supplier<Readiness> readiness) {
    this.metrics = metrics;
    this.readiness = readiness;
    this.server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(host)
                    .setPort(port)
                    .setHttp2ClearTextEnabled(false)
                    .setIdleTimeout(60))
            .requestHandler(this::answer);
  }

  /** Starts listening; gives the port. */
  public Future<Integer> start() {
    return server.listen().map(HttpServer::actualPort);
  }

  private void answer(HttpServerRequest request) {
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      request.response().setStatusCode(405).putHeader("Allow", "GET, HEAD").end();
      return;
    }
    switch (request.path()) {
      case "/metrics" ->
          request
              .response()
              .putHeader("Content-Type", TextFormat.CONTENT_TYPE_004)
              .end(metrics.exposition());
      case "/livez" -> request.response().putHeader("Content-Type", "text/plain").end("ok\n");
      case "/readyz" -> {
        Readiness now = readiness.get();
        request
            .response()
            .setStatusCode(now.ready() ? 200 : 503)
            .putHeader("Content-Type", "application/json")
            .end(now.detail().put("ready", now.ready()).toPrettyString() + "\n");
      }
      default -> request.response().setStatusCode(404).end("try /metrics, /livez or /readyz\n");
    }
  }
}
