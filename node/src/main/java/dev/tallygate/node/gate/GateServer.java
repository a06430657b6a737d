package dev.tallygate.node.gate;

import dev.tallygate.node.upstream.Upstreams;
import dev.tallygate.registry.Snapshot;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Serves MCP clients: one gate on each event loop, all on one port. */
public final class GateServer {
  /** Above the longest silence that a stream of a server may have. */
  private static final long IDLE_MINUTES = 20;

  private static final int MAX_HEADER_BYTES = 32 * 1024;
  private static final int MAX_LINE_BYTES = 8 * 1024;
  private static final long HOUSEKEEPING_MILLIS = 60_000;
  private static final long SWEEP_MILLIS = 5_000;

  /** How long calls that are under way may take to end when the node stops. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private static final long LAST_RECORDS_SECONDS = 2;

  private final Vertx vertx;
  private final GateServices services;
  private final String host;
  private final int port;
  private final int maxConnections;
  private final AtomicInteger connections = new AtomicInteger();
  private final List<Loop> loops = new CopyOnWriteArrayList<>();

  /**
   * @param port 0 for any free one
   * @param maxConnections at one time; further ones are closed at once
   */
  public GateServer(Vertx vertx, GateServices services, String host, int port, int maxConnections) {
    this.vertx = vertx;
    this.services = services;
    this.host = host;
    this.port = port;
    this.maxConnections = maxConnections;
  }

  /** Starts listening; gives the port. */
  public Future<Integer> start(int eventLoops) {
    vertx.setPeriodic(HOUSEKEEPING_MILLIS, tick -> keepHouse());
    return vertx
        .deployVerticle(Loop::new, new DeploymentOptions().setInstances(eventLoops))
        .map(deployed -> loops.get(0).port());
  }

  private void keepHouse() {
    services.sessions().endIdle();
    services.sessions().retainOnly(services.grantsInForce());
  }

  /** Lets go of connections, streams and sessions that a new snapshot does not need. */
  public void changed(Snapshot snapshot) {
    services.sessions().retainOnly(services.grantsInForce());
    loops.forEach(loop -> loop.retainOnly(snapshot));
  }

  /**
   * Takes no more connections and ends streams; calls under way may end within a few seconds.
   * Completes when the end of each is on record.
   */
  public Future<Void> stop() {
    return Future.join(loops.stream().map(Loop::drain).toList()).mapEmpty();
  }

  private final class Loop extends VerticleBase {
    private Upstreams upstreams;
    private HttpServer server;
    private Gate gate;

    @Override
    public Future<?> start() {
      upstreams = new Upstreams(vertx);
      gate = new Gate(context, services, upstreams);
      server =
          vertx
              .createHttpServer(options())
              .connectionHandler(
                  connection -> {
                    if (connections.incrementAndGet() > maxConnections) {
                      connection.close();
                    }
                    gate.opened(connection);
                    connection.closeHandler(
                        closed -> {
                          connections.decrementAndGet();
                          gate.closed(connection);
                        });
                  })
              .invalidRequestHandler(gate::malformed)
              .requestHandler(gate);
      loops.add(this);
      vertx.setPeriodic(
          SWEEP_MILLIS,
          tick -> {
            gate.endStrayStreams();
            gate.closeIdleConnections();
          });
      // Port 0 is any free one, the same for every event loop.
      return server.listen(
          port == 0
              ? SocketAddress.sharedRandomPort(1, host)
              : SocketAddress.inetSocketAddress(port, host));
    }

    int port() {
      return server.actualPort();
    }

    void retainOnly(Snapshot snapshot) {
      context.runOnContext(
          run -> {
            upstreams.retainOnly(snapshot);
            gate.endStrayStreams();
          });
    }

    Future<Void> drain() {
      Promise<Void> drained = Promise.promise();
      context.runOnContext(
          run -> {
            gate.endStreams();
            server
                .shutdown(GRACE)
                .transform(shut -> gate.endAll().timeout(LAST_RECORDS_SECONDS, TimeUnit.SECONDS))
                .onComplete(drained);
          });
      return drained.future();
    }
  }

  private HttpServerOptions options() {
    return new HttpServerOptions()
        .setMaxHeaderSize(MAX_HEADER_BYTES)
        .setMaxInitialLineLength(MAX_LINE_BYTES)
        .setIdleTimeout((int) Duration.ofMinutes(IDLE_MINUTES).toSeconds())
        .setIdleTimeoutUnit(TimeUnit.SECONDS)
        .setHttp2ClearTextEnabled(false)
        .setCompressionSupported(false)
        .setDecompressionSupported(false)
        .setTcpNoDelay(true);
  }
}
