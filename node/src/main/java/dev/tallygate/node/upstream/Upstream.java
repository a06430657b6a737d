package dev.tallygate.node.upstream;

import dev.tallygate.registry.Server;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;

/** One MCP server as an event loop reaches it. */
public final class Upstream {
  private final Vertx vertx;
  private final Upstreams.Pools pools;
  private final Server server;
  private final String target;

  Upstream(Vertx vertx, Upstreams.Pools pools, Server server) {
    this.vertx = vertx;
    this.pools = pools;
    this.server = server;
    String path = server.url().getRawPath();
    String query = server.url().getRawQuery();
    this.target =
        (path == null || path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query);
  }

  Context context() {
    return vertx.getOrCreateContext();
  }

  public Server server() {
    return server;
  }

  /** Gives up on a message that is not complete in the time in which a response must begin. */
  <T> Future<T> within(HttpClientResponse head, Promise<T> message) {
    long millis = server.timeouts().response().toMillis();
    long timer =
        vertx.setTimer(
            millis,
            late -> {
              if (message.tryFail("it did not end its answer within " + millis + " ms")) {
                head.request().reset();
              }
            });
    return message.future().onComplete(ended -> vertx.cancelTimer(timer));
  }

  /**
   * Sends a request whose answer stays open. Those have a pool to themselves, in which they cannot
   * be in the way of calls.
   */
  public UpstreamCall stream(HttpMethod method, MultiMap headers, Buffer body) {
    return send(pools.streams(), method, headers, body);
  }

  /**
   * Sends a request.
   *
   * @param headers what the gate sends; the server's configured headers are set over them
   * @param body empty for GET and DELETE
   */
  public UpstreamCall send(HttpMethod method, MultiMap headers, Buffer body) {
    return send(pools.calls(), method, headers, body);
  }

  private UpstreamCall send(
      HttpClientAgent client, HttpMethod method, MultiMap headers, Buffer body) {
    server.headers().forEach(headers::set);
    RequestOptions options =
        new RequestOptions()
            .setMethod(method)
            .setURI(target)
            .setConnectTimeout(server.timeouts().connect().toMillis())
            .setFollowRedirects(false)
            .setHeaders(headers);
    UpstreamCall call = new UpstreamCall();
    client
        .request(options)
        .onFailure(call::notReached)
        .onSuccess(
            request ->
                call.connected(vertx, request, body, server.timeouts().response().toMillis()));
    return call;
  }
}
