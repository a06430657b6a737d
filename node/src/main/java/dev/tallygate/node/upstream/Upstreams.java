package dev.tallygate.node.upstream;

import dev.tallygate.registry.Server;
import dev.tallygate.registry.Snapshot;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.PemTrustOptions;
import java.net.URI;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The connection pools of one event loop, one for each endpoint that the snapshot names. Not
 * thread-safe: used on that event loop only.
 */
public final class Upstreams {
  /** Below the 5 s after which Node.js closes a silent connection under a request being sent. */
  private static final int KEEP_ALIVE_SECONDS = 4;

  /** Read at once of one connection, before the others have their turn on the event loop. */
  private static final int RECEIVE_BUFFER_BYTES = 64 * 1024;

  private static final int MAX_WAITING = 1_000;

  private final Vertx vertx;

  /** Connections to one endpoint: for calls, and for streams that a client opens by GET. */
  record Pools(HttpClientAgent calls, HttpClientAgent streams) {
    void shutdown() {
      calls.shutdown(10, TimeUnit.MINUTES);
      streams.shutdown(10, TimeUnit.MINUTES);
    }
  }

  private final Map<Endpoint, Pools> clients = new HashMap<>();

  public Upstreams(Vertx vertx) {
    this.vertx = vertx;
  }

  /** What makes two servers share a pool. */
  private record Endpoint(
      String scheme,
      String host,
      int port,
      Optional<String> caPem,
      long connectMillis,
      int maxConnections) {
    static Endpoint of(Server server) {
      URI url = server.url();
      boolean tls = url.getScheme().equals("https");
      int port = url.getPort() >= 0 ? url.getPort() : tls ? 443 : 80;
      return new Endpoint(
          url.getScheme(),
          url.getHost(),
          port,
          server.caPem(),
          server.timeouts().connect().toMillis(),
          server.bounds().maxConnections());
    }
  }

  public Upstream of(Server server) {
    Endpoint endpoint = Endpoint.of(server);
    return new Upstream(vertx, clients.computeIfAbsent(endpoint, this::open), server);
  }

  Context context() {
    return vertx.getOrCreateContext();
  }

  /** Lets go of pools that no server of the snapshot needs; calls in flight may end. */
  public void retainOnly(Snapshot snapshot) {
    Set<Endpoint> needed = new HashSet<>();
    snapshot.servers().values().forEach(server -> needed.add(Endpoint.of(server)));
    clients
        .entrySet()
        .removeIf(
            entry -> {
              if (needed.contains(entry.getKey())) {
                return false;
              }
              entry.getValue().shutdown();
              return true;
            });
  }

  private Pools open(Endpoint endpoint) {
    String host = endpoint.host();
    HttpClientOptions options =
        new HttpClientOptions()
            .setDefaultHost(host.startsWith("[") ? host.substring(1, host.length() - 1) : host)
            .setDefaultPort(endpoint.port())
            .setSsl(endpoint.scheme().equals("https"))
            .setConnectTimeout((int) endpoint.connectMillis())
            .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
            .setMaxHeaderSize(64 * 1024)
            .setTcpNoDelay(true)
            .setReceiveBufferSize(RECEIVE_BUFFER_BYTES)
            .setDecompressionSupported(false);
    endpoint
        .caPem()
        .ifPresent(
            pem -> options.setTrustOptions(new PemTrustOptions().addCertValue(Buffer.buffer(pem))));
    PoolOptions pool =
        new PoolOptions()
            .setHttp1MaxSize(endpoint.maxConnections())
            .setMaxWaitQueueSize(MAX_WAITING);
    return new Pools(vertx.createHttpClient(options, pool), vertx.createHttpClient(options, pool));
  }
}
