package dev.tallygate.registry;

import dev.tallygate.policy.UrlHosts;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * An MCP server that the gate stands before: the upstream.
 *
 * @param name as in {@code /mcp/<name>}
 * @param url its MCP endpoint, http or https
 * @param headers added to each request, secrets already read; lower-case names
 * @param caPem certificates to trust instead of the platform's, PEM
 * @param timeouts how long to wait for it
 * @param bounds what its messages may cost
 * @param methods MCP methods that pass besides {@code tools/*}; anything else is refused
 * @param trust how far it is trusted to say what its tools are
 * @param checksArguments whether arguments must fit the pinned input schema of their tool
 * @param asks what it may ask of clients
 */
public record Server(
    String name,
    URI url,
    Map<String, String> headers,
    Optional<String> caPem,
    Timeouts timeouts,
    Bounds bounds,
    Set<String> methods,
    Trust trust,
    boolean checksArguments,
    Asks asks) {

  /**
   * @param connect until the connection stands
   * @param response until the response begins
   * @param idle between two pieces of a response or of a stream
   */
  public record Timeouts(Duration connect, Duration response, Duration idle) {
    public static final Timeouts DEFAULT =
        new Timeouts(Duration.ofSeconds(5), Duration.ofMinutes(5), Duration.ofMinutes(15));
  }

  /**
   * @param maxRequestBytes of a request's body
   * @param maxListBytes of a {@code tools/list} answer, which is held whole to be filtered
   * @param maxEventBytes of one event of a stream
   * @param maxConnections to the server
   * @param maxCallsPerGrant requests of one grant that a node has under way at one time
   * @param maxStreamsPerGrant streams of one grant that a node has open at one time
   */
  public record Bounds(
      int maxRequestBytes,
      int maxListBytes,
      int maxEventBytes,
      int maxConnections,
      int maxCallsPerGrant,
      int maxStreamsPerGrant) {
    public static final Bounds DEFAULT =
        new Bounds(4 * 1024 * 1024, 16 * 1024 * 1024, 16 * 1024 * 1024, 512, 256, 200);
  }

  /**
   * What a server may ask of clients that declare that they can be asked.
   *
   * @param methods such as {@code elicitation/create}
   * @param urlHosts where the URLs that a user is asked to open may lead; empty for anywhere
   */
  public record Asks(Set<String> methods, Optional<UrlHosts> urlHosts) {
    /** The requests of servers that MCP has. {@code ping} is answered by every client. */
    public static final Set<String> ALL_METHODS =
        Set.of(
            "sampling/createMessage",
            "elicitation/create",
            "roots/list",
            "tasks/get",
            "tasks/result",
            "tasks/list",
            "tasks/cancel");

    public static final Asks DEFAULT = new Asks(ALL_METHODS, Optional.empty());

    public Asks {
      methods = Set.copyOf(methods);
    }
  }

  /**
   * Methods of the MCP revisions up to 2026-07-28 that are let through unless a server says less.
   */
  public static final Set<String> DEFAULT_METHODS =
      Set.copyOf(
          List.of(
              "initialize",
              "ping",
              "server/discover",
              "subscriptions/listen",
              "logging/setLevel",
              "completion/complete",
              "prompts/list",
              "prompts/get",
              "resources/list",
              "resources/templates/list",
              "resources/read",
              "resources/subscribe",
              "resources/unsubscribe",
              "tasks/get",
              "tasks/update",
              "tasks/result",
              "tasks/list",
              "tasks/cancel",
              "notifications/initialized",
              "notifications/cancelled",
              "notifications/progress",
              "notifications/roots/list_changed",
              "notifications/tasks/status"));

  public Server {
    headers = Map.copyOf(headers);
    methods = Set.copyOf(methods);
  }

  @Override
  public String toString() {
    return "Server[" + name + ", " + url + "]"; // headers hold secrets
  }
}
