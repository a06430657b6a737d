package dev.tallygate.node.gate;

import dev.tallygate.node.gate.Stopped.Rejected;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is asked of a request before anything in it is believed: its target, and that no web page of
 * somebody else sent it (DNS rebinding; MCP 2025-11-25, Streamable HTTP, "Security Warning").
 */
public final class Door {
  private static final Pattern TARGET = Pattern.compile("/mcp/([a-z0-9][a-z0-9_.-]{0,62})");
  private static final Pattern BEARER = Pattern.compile("(?i:bearer) ([\\x21-\\x7e]{1,512})");
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private final boolean checksHost;
  private final Set<String> hosts;
  private final Set<String> origins;

  /**
   * @param listenHost the address that the node listens on; on loopback, only loopback names and
   *     {@code hosts} may stand in a Host header
   * @param hosts further host names of this gate, without port
   * @param origins origins of web pages that may call it, such as {@code https://app.example.org}
   */
  public Door(String listenHost, Set<String> hosts, Set<String> origins) {
    this.checksHost = !hosts.isEmpty() || isLoopback(listenHost);
    this.hosts = hosts;
    this.origins = origins;
  }

  /** The server that the request names; query strings are not looked at and go nowhere. */
  String server(HttpServerRequest request) throws Rejected {
    if (request.method().equals(HttpMethod.CONNECT) || asksForOtherProtocol(request)) {
      throw Rejected.http(
          400, "upgrade", "Tallygate speaks plain HTTP here; no upgrade, no CONNECT");
    }
    String target = request.uri();
    int query = target.indexOf('?');
    Matcher path = TARGET.matcher(query < 0 ? target : target.substring(0, query));
    if (!path.matches()) {
      throw Rejected.http(404, "path", "MCP servers are at /mcp/<server>");
    }
    return path.group(1);
  }

  /** An offer of HTTP/2, as Java's own client makes it, may be passed over (RFC 9110, 7.8). */
  private static boolean asksForOtherProtocol(HttpServerRequest request) {
    return request.headers().getAll("upgrade").stream()
        .anyMatch(protocol -> !protocol.trim().equalsIgnoreCase("h2c"));
  }

  /** Refuses requests that were not meant for this host, or come from a foreign web page. */
  void checkHostAndOrigin(HttpServerRequest request) throws Rejected {
    String authority = request.authority() == null ? "" : request.authority().toString();
    if (checksHost && !isOurs(hostOf(authority))) {
      throw Rejected.http(403, "host", "this gate does not go by the name in the Host header");
    }
    List<String> origin = request.headers().getAll("origin");
    for (String each : origin) {
      if (!origins.contains(each) && !isOurOrigin(each)) {
        throw Rejected.http(403, "origin", "web pages of this origin may not call the gate");
      }
    }
  }

  /** The bearer token; empty where there is none that could be one of ours. */
  Optional<String> token(HttpServerRequest request) {
    List<String> values = request.headers().getAll("authorization");
    if (values.size() != 1) {
      return Optional.empty();
    }
    Matcher bearer = BEARER.matcher(values.get(0));
    return bearer.matches() ? Optional.of(bearer.group(1)) : Optional.empty();
  }

  private boolean isOurs(String host) {
    return LOOPBACK.contains(host) || hosts.contains(host);
  }

  /** A page that this very host served, or one on this machine. */
  private boolean isOurOrigin(String origin) {
    try {
      URI uri = new URI(origin);
      return uri.getHost() != null
          && isOurs(uri.getHost().toLowerCase(Locale.ROOT))
          && uri.getRawUserInfo() == null
          && (uri.getScheme().equals("http") || uri.getScheme().equals("https"));
    } catch (java.net.URISyntaxException e) {
      return false;
    }
  }

  private static boolean isLoopback(String host) {
    return host.equals("localhost") || host.startsWith("127.") || host.contains("::1");
  }

  private static String hostOf(String authority) {
    int colon = authority.lastIndexOf(':');
    String host = colon > authority.lastIndexOf(']') ? authority.substring(0, colon) : authority;
    return host.toLowerCase(Locale.ROOT);
  }
}
