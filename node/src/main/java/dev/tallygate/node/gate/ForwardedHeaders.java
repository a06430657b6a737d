package dev.tallygate.node.gate;

import dev.tallygate.node.mcp.EraDetection;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The headers that cross the gate. Each way has a list, and what is not on it stops here: the
 * client's {@code Authorization} and {@code Cookie} above all, and a server's cookies, challenges
 * and CORS.
 */
final class ForwardedHeaders {
  static final String SESSION = "mcp-session-id";
  static final String LAST_EVENT = "last-event-id";
  static final String DECISION = "tallygate-decision-id";

  private static final List<String> TO_SERVER =
      List.of(
          "accept",
          "accept-language",
          "content-type",
          "user-agent",
          "mcp-protocol-version",
          "traceparent",
          "tracestate");
  private static final String PARAMETER_PREFIX = "mcp-param-";

  private static final List<String> TO_CLIENT =
      List.of("content-type", "mcp-protocol-version", "retry-after", "x-accel-buffering");

  private ForwardedHeaders() {}

  static MultiMap toServer(Exchange x) {
    MultiMap sent = HttpHeaders.headers();
    MultiMap received = x.request.headers();
    for (String name : TO_SERVER) {
      List<String> values = received.getAll(name);
      if (!values.isEmpty()) {
        sent.set(name, values);
      }
    }
    if (x.era.isModern()) {
      // Where they were not held against the body, they could say anything.
      confirmed(x, "mcp-method").ifPresent(method -> sent.set("mcp-method", method));
      if (EraDetection.confirmsName(x.message)) {
        confirmed(x, "mcp-name").ifPresent(name -> sent.set("mcp-name", name));
      }
      for (Map.Entry<String, String> header : received) {
        String name = header.getKey().toLowerCase(Locale.ROOT);
        if (name.startsWith(PARAMETER_PREFIX)) {
          sent.add(name, header.getValue());
        }
      }
    } else {
      x.session.ifPresent(session -> sent.set(SESSION, session.id()));
      String resumeAfter = received.get(LAST_EVENT);
      boolean resumes = x.request.method().equals(HttpMethod.GET) && x.session.isPresent();
      if (resumeAfter != null && resumes) {
        sent.set(LAST_EVENT, resumeAfter);
      }
    }
    // A compressed list could not be filtered.
    sent.set("accept-encoding", "identity");
    sent.set(DECISION, x.decisionId);
    return sent;
  }

  private static Optional<String> confirmed(Exchange x, String name) {
    return Optional.ofNullable(x.request.getHeader(name));
  }

  static void toClient(Exchange x, HttpClientResponse from) {
    HttpServerResponse to = x.response;
    to.setStatusCode(from.statusCode());
    for (String name : TO_CLIENT) {
      String value = from.getHeader(name);
      if (value != null) {
        to.putHeader(name, value);
      }
    }
    // Every answer is for the one grant that asked, whatever the server says of caches.
    to.putHeader("Cache-Control", "private, no-store");
    to.putHeader(DECISION, x.decisionId);
  }
}
