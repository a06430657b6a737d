package dev.tallygate.node.gate;

import dev.tallygate.node.upstream.Upstreams;
import dev.tallygate.registry.Snapshot;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.SocketAddress;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves MCP clients: one gate on each event loop, all on one port. */
public final class GateServer {
  private static final Logger LOG = LoggerFactory.getLogger(GateServer.class);

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Above the longest silence that a stream of a server may have. */
  private static final long IDLE_MINUTES = 20;

  private static final int MAX_HEADER_BYTES = 32 * 1024;
  private static final int MAX_LINE_BYTES = 8 * 1024;

  /** Each may have that many requests under way, and reset that many in that time. */
  private static final int MAX_STREAMS_PER_CONNECTION = 100;

  /** All that a connection has reset in one turn of its event loop is held to the turn's end. */
  private static final int MAX_RESETS = 20;

  private static final int RESETS_SECONDS = 2;

  /** What a connection may have sent and not yet had read, so that one request cannot fill it. */
  private static final int CONNECTION_WINDOW_BYTES = 1024 * 1024;

  /** Read at once of one connection, before the others have their turn on the event loop. */
  private static final int RECEIVE_BUFFER_BYTES = 64 * 1024;

  private static final long HOUSEKEEPING_MILLIS = 60_000;
  private static final long SWEEP_MILLIS = 5_000;
  private static final long SUMMARY_MILLIS = 1_000;
  private static final long LAG_MILLIS = 10;
  private static final long TIDY_MILLIS = 100;

  /** How long calls that are under way may take to end once a node that leaves serves no more. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** For calls that began in the last moment of it. */
  private static final Duration LAST_CALLS = Duration.ofSeconds(2);

  private static final long REST_CHECK_MILLIS = 20;

  private static final long LAST_RECORDS_SECONDS = 2;

  private final Vertx vertx;
  private final GateServices services;
  private final Listening listening;
  private final AtomicInteger connections = new AtomicInteger();
  private final List<Loop> loops = new CopyOnWriteArrayList<>();
  private volatile Snapshot inForce;

  public GateServer(Vertx vertx, GateServices services, Listening listening) {
    this.vertx = vertx;
    this.services = services;
    this.listening = listening;
    this.inForce = services.snapshot();
  }

  /** Starts listening; gives the port. */
  public Future<Integer> start(int eventLoops) {
    vertx.setPeriodic(HOUSEKEEPING_MILLIS, tick -> keepHouse());
    vertx.setPeriodic(SUMMARY_MILLIS, tick -> services.unknownCallers().flush());
    vertx.setPeriodic(TIDY_MILLIS, tick -> services.ledgers().tidy());
    return vertx
        .deployVerticle(Loop::new, new DeploymentOptions().setInstances(eventLoops))
        .map(deployed -> loops.get(0).port());
  }

  private void keepHouse() {
    services.sessions().tidy();
    forgetGrantsOfThePast();
  }

  private void forgetGrantsOfThePast() {
    Set<String> grants = services.grantsInForce();
    services.sessions().retainOnly(grants);
    services.tasks().retainOnly(grants);
  }

  /**
   * Lets go of connections, streams and sessions that a new snapshot does not need, and tells the
   * clients whose tools are others now. One call at a time.
   */
  public void changed(Snapshot snapshot) {
    forgetGrantsOfThePast();
    services.pinsWritten(snapshot);
    Set<String> seeOthers = ToolsSeen.changed(inForce, snapshot, services::catalog);
    inForce = snapshot;
    loops.forEach(loop -> loop.changed(snapshot, seeOthers));
  }

  /** Shows another certificate to those who connect from now on. */
  public void renewed(PemKeyCertOptions certificate) {
    ServerSSLOptions ssl =
        secured(options(), certificate)
            .getSslOptions()
            .setApplicationLayerProtocols(List.of("h2", "http/1.1"));
    loops.forEach(loop -> loop.renewed(ssl));
  }

  /**
   * Ends when no call is under way any more, or a few seconds after {@code drain} at the latest;
   * completes when the end of each call is on record. Until then it serves whoever still comes, and
   * each answer tells its client to connect anew, which is to lead to another node. Streams end
   * with {@code drain}.
   *
   * @param drain how long it serves on at least
   */
  public Future<Void> stop(Duration drain) {
    return Future.join(loops.stream().map(loop -> loop.drain(drain)).toList())
        .<Void>mapEmpty()
        .eventually(
            () -> Future.fromCompletionStage(services.ledgers().giveBackAll()).otherwiseEmpty())
        .onComplete(ended -> services.unknownCallers().flush());
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
                    if (connections.incrementAndGet() > listening.maxConnections()) {
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
      measureLag(System.nanoTime(), THREADS.getCurrentThreadCpuTime());
      // Port 0 is any free one, the same for every event loop.
      return server.listen(
          listening.port() == 0
              ? SocketAddress.sharedRandomPort(1, listening.host())
              : SocketAddress.inetSocketAddress(listening.port(), listening.host()));
    }

    /** How much later than asked this event loop comes to what waits, and for how much work. */
    private void measureLag(long asked, long usedBefore) {
      vertx.setTimer(
          LAG_MILLIS,
          now -> {
            long came = System.nanoTime();
            long used = THREADS.getCurrentThreadCpuTime();
            services
                .metrics()
                .lagged((came - asked) / 1e9 - LAG_MILLIS / 1e3, (used - usedBefore) / 1e9);
            measureLag(came, used);
          });
    }

    int port() {
      return server.actualPort();
    }

    void changed(Snapshot snapshot, Set<String> seeOtherTools) {
      context.runOnContext(
          run -> {
            upstreams.retainOnly(snapshot);
            gate.endStrayStreams();
            gate.toolsChanged(seeOtherTools, snapshot.revision());
          });
    }

    void renewed(ServerSSLOptions ssl) {
      server
          .updateSSLOptions(ssl)
          .onFailure(cause -> LOG.error("The certificate could not be changed", cause));
    }

    Future<Void> drain(Duration drain) {
      Promise<Void> atRest = Promise.promise();
      context.runOnContext(
          run -> {
            gate.leave();
            long until = System.nanoTime() + drain.plus(GRACE).toNanos();
            vertx
                .timer(Math.max(1, drain.toMillis()), TimeUnit.MILLISECONDS)
                .onSuccess(drained -> awaitRest(until, atRest));
          });
      return atRest
          .future()
          .compose(rest -> server.shutdown(LAST_CALLS))
          .transform(shut -> gate.endAll().timeout(LAST_RECORDS_SECONDS, TimeUnit.SECONDS));
    }

    private void awaitRest(long until, Promise<Void> atRest) {
      gate.endStreams();
      if (gate.isAtRest() || System.nanoTime() - until >= 0) {
        atRest.complete();
      } else {
        vertx.setTimer(REST_CHECK_MILLIS, again -> awaitRest(until, atRest));
      }
    }
  }

  private HttpServerOptions options() {
    HttpServerOptions options =
        new HttpServerOptions()
            .setMaxHeaderSize(MAX_HEADER_BYTES)
            .setMaxInitialLineLength(MAX_LINE_BYTES)
            .setIdleTimeout((int) Duration.ofMinutes(IDLE_MINUTES).toSeconds())
            .setIdleTimeoutUnit(TimeUnit.SECONDS)
            .setHttp2ClearTextEnabled(listening.h2c())
            .setInitialSettings(
                new Http2Settings()
                    .setMaxHeaderListSize(MAX_HEADER_BYTES)
                    .setMaxConcurrentStreams(MAX_STREAMS_PER_CONNECTION)
                    .setPushEnabled(false))
            .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
            .setHttp2RstFloodMaxRstFramePerWindow(MAX_RESETS)
            .setHttp2RstFloodWindowDuration(RESETS_SECONDS)
            .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
            .setCompressionSupported(false)
            .setDecompressionSupported(false)
            .setReceiveBufferSize(RECEIVE_BUFFER_BYTES)
            .setTcpNoDelay(true);
    return listening.certificate().map(own -> secured(options, own)).orElse(options);
  }

  private static HttpServerOptions secured(
      HttpServerOptions options, PemKeyCertOptions certificate) {
    return options
        .setSsl(true)
        .setUseAlpn(true)
        .setKeyCertOptions(certificate)
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.2", "TLSv1.3"));
  }
}
