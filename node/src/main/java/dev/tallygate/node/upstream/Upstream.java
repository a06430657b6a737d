package dev.tallygate.node.upstream;

import dev.tallygate.registry.Server;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;

/** One MCP server as an event loop reaches it. */
public final class Upstream {
  private final Vertx vertx;
  private final HttpClientAgent client;
  private final Server server;
  private final String target;

  Upstream(Vertx vertx, HttpClientAgent client, Server server) {
    this.vertx = vertx;
    this.client = client;
    this.server = server;
    String path = server.url().getRawPath();
    String query = server.url().getRawQuery();
    this.target =
        (path == null || path.isEmpty() ? "/" : path) + (query == null ? "" : "?" + query);
  }

  public Server server() {
    return server;
  }

  /**
   * Sends a request.
   *
   * @param headers what the gate sends; the server's configured headers are set over them
   * @param body empty for GET and DELETE
   */
  public UpstreamCall send(HttpMethod method, MultiMap headers, Buffer body) {
    server.headers().forEach(headers::set);
    RequestOptions options =
        new RequestOptions()
            .setMethod(method)
            .setURI(target)
            .setConnectTimeout(server.timeouts().connect().toMillis())
            .setIdleTimeout(server.timeouts().idle().toMillis())
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
