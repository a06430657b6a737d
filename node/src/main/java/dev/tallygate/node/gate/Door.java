package dev.tallygate.node.gate;

import dev.tallygate.node.gate.Stopped.Rejected;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
  private static final Pattern AUTHORITY =
      Pattern.compile("([^:\\[\\]]*|\\[[^\\]]*])(?::\\d{0,5})?");
  private static final Pattern BEARER = Pattern.compile("(?i:bearer) ([\\x21-\\x7e]{1,512})");
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private final boolean checksHost;
  private final Set<String> hosts;
  private final Set<String> origins;

  /**
   * @param listenHost the address that the node listens on; on loopback, only it, loopback names
   *     and {@code hosts} may stand in a Host header
   * @param hosts further host names of this gate, without port
   * @param origins origins of web pages that may call it, such as {@code https://app.example.org}
   */
  public Door(String listenHost, Set<String> hosts, Set<String> origins) {
    this.checksHost = !hosts.isEmpty() || isLoopback(listenHost);
    Set<String> ours = new HashSet<>(LOOPBACK);
    ours.addAll(hosts);
    if (isLoopback(listenHost)) {
      ours.add(listenHost.toLowerCase(Locale.ROOT));
    }
    this.hosts = Set.copyOf(ours);
    this.origins = origins;
  }

  /** The server that the request names; query strings are not looked at and go nowhere. */
  String server(HttpServerRequest request) throws Rejected {
    if (request.method().equals(HttpMethod.CONNECT) || asksForOtherProtocol(request)) {
      throw Rejected.http(
          400, "upgrade", "Tallygate speaks plain HTTP here; no upgrade, no CONNECT");
    }
    if (hasOtherFraming(request)) {
      // Where the body ends is in doubt, and so is where the next request begins.
      request.connection().shutdown();
      throw Rejected.http(
          501,
          "transfer-encoding",
          "The only transfer encoding here is chunked",
          Map.of("Connection", "close"));
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

  /** A coding under the chunks would make the body another one to whoever takes it off. */
  private static boolean hasOtherFraming(HttpServerRequest request) {
    List<String> codings = request.headers().getAll("transfer-encoding");
    return codings.size() > 1
        || codings.stream().anyMatch(coding -> !coding.trim().equalsIgnoreCase("chunked"));
  }

  /** Refuses requests that were not meant for this host, or come from a foreign web page. */
  void checkHostAndOrigin(HttpServerRequest request) throws Rejected {
    String authority = authority(request);
    if (checksHost && !isOurs(hostOf(authority))) {
      throw Rejected.http(403, "host", "this gate does not go by the name in the Host header");
    }
    if (request.headers().getAll("host").size() > 1) {
      throw Rejected.http(400, "host", "one Host header, please");
    }
    List<String> origin = request.headers().getAll("origin");
    for (String each : origin) {
      if (!origins.contains(each) && !isOurOrigin(each)) {
        throw Rejected.http(403, "origin", "web pages of this origin may not call the gate");
      }
    }
  }

  /** In HTTP/2 it has a field of its own, and stands in Host only where that is left out. */
  private static String authority(HttpServerRequest request) {
    if (request.authority() != null) {
      return request.authority().toString();
    }
    String host = request.getHeader("host");
    return host == null ? "" : host;
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
    return hosts.contains(host);
  }

  /** A page that this very host served, or one on this machine. */
  private boolean isOurOrigin(String origin) {
    try {
      URI uri = new URI(origin);
      return uri.getHost() != null
          && isOurs(uri.getHost().toLowerCase(Locale.ROOT))
          && uri.getRawUserInfo() == null
          && ("http".equalsIgnoreCase(uri.getScheme())
              || "https".equalsIgnoreCase(uri.getScheme()));
    } catch (java.net.URISyntaxException e) {
      return false;
    }
  }

  private static boolean isLoopback(String host) {
    return host.equals("localhost") || host.startsWith("127.") || host.contains("::1");
  }

  /** The host without its port; an empty text, which nobody goes by, where that is no port. */
  private static String hostOf(String authority) {
    Matcher hostAndPort = AUTHORITY.matcher(authority);
    return hostAndPort.matches() ? hostAndPort.group(1).toLowerCase(Locale.ROOT) : "";
  }
}
