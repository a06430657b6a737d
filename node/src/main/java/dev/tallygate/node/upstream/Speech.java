package dev.tallygate.node.upstream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.mcp.EventTooLarge;
import dev.tallygate.node.mcp.ListFilter;
import dev.tallygate.node.mcp.ListKind;
import dev.tallygate.node.mcp.ListRefused;
import dev.tallygate.node.mcp.SessionId;
import dev.tallygate.node.mcp.SseEvent;
import dev.tallygate.node.mcp.SseItem;
import dev.tallygate.node.mcp.SseReader;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How one server is spoken to in one version of MCP, by the gate as a client of its own. Used on
 * one event loop.
 *
 * @param opening the result of {@code initialize}; a missing node in the modern era, which needs
 *     none
 */
record Speech(
    Upstream upstream,
    String version,
    Optional<String> session,
    boolean declaresAll,
    JsonNode opening) {
  static final String MODERN = "2026-07-28";
  static final String LEGACY = "2025-11-25";

  private static final int MAX_PAGES = 100;
  private static final JsonMapper JSON = new JsonMapper();

  /** Takes the items of a list, one by one. */
  @FunctionalInterface
  interface Items {
    /**
     * @param name of the item
     * @param item whole, as the server wrote it
     */
    void take(String name, byte[] item);
  }

  /**
   * Speech of the modern era.
   *
   * @param declaresAll whether the gate says that it can do all that a client can: some servers
   *     show more tools to such a client
   */
  static Speech modern(Upstream upstream, boolean declaresAll) {
    return new Speech(upstream, MODERN, Optional.empty(), declaresAll, JSON.missingNode());
  }

  /** Opens a session of an older version; the server may choose another. */
  static Future<Speech> legacy(Upstream upstream, String version, boolean declaresAll) {
    Speech opening =
        new Speech(upstream, version, Optional.empty(), declaresAll, JSON.missingNode());
    ObjectNode params = JSON.createObjectNode().put("protocolVersion", version);
    params.set("capabilities", opening.capabilities());
    params.putObject("clientInfo").put("name", "tallygate").put("version", "1");
    return opening
        .post(request("initialize", params), true)
        .compose(
            answer -> {
              Optional<String> session =
                  Optional.ofNullable(answer.head().getHeader("mcp-session-id"))
                      .filter(SessionId::isWellFormed);
              JsonNode result = tree(answer.message()).path("result");
              String negotiated = result.path("protocolVersion").asText(LEGACY);
              Speech speech = new Speech(upstream, negotiated, session, declaresAll, result);
              ObjectNode initialized =
                  JSON.createObjectNode()
                      .put("jsonrpc", "2.0")
                      .put("method", "notifications/initialized");
              return speech.post(initialized, false).map(speech);
            });
  }

  /** The result of a request without params of its own; fails where there is none. */
  Future<JsonNode> ask(String method) {
    return post(request(method, params()), true)
        .compose(
            answer -> {
              JsonNode result = tree(answer.message()).path("result");
              return result.isObject()
                  ? Future.succeededFuture(result)
                  : Future.failedFuture("it answered " + method + " with an error");
            });
  }

  /** Gives all items of a list, page by page. */
  Future<Void> list(ListKind kind, Items items) {
    return list(kind, items, Optional.empty(), 0);
  }

  private Future<Void> list(ListKind kind, Items items, Optional<String> cursor, int page) {
    if (page >= MAX_PAGES) {
      return Future.failedFuture("its list has more than " + MAX_PAGES + " pages");
    }
    ObjectNode params = params();
    cursor.ifPresent(from -> params.put("cursor", from));
    return post(request(kind.method(), params), true)
        .compose(
            answer ->
                // A list may have megabytes, which must not be read on an event loop.
                upstream
                    .context()
                    .executeBlocking(() -> take(kind, answer.message(), items), false))
        .compose(
            next ->
                next.isPresent() ? list(kind, items, next, page + 1) : Future.succeededFuture());
  }

  /** Takes a page; gives the cursor of the next one. */
  private static Optional<String> take(ListKind kind, byte[] message, Items items)
      throws ListRefused, IOException {
    ListFilter.Filtered listed =
        ListFilter.filter(
            kind,
            message,
            OptionalLong.empty(),
            (name, item) -> {
              items.take(name, item);
              return true;
            });
    if (listed.isError()) {
      throw new IOException("it answered " + kind.method() + " with an error");
    }
    return listed.hasNextCursor()
        ? Optional.of(tree(message).path("result").path("nextCursor").asText())
        : Optional.empty();
  }

  /** Ends the session, if there is one. */
  Future<Void> end() {
    if (session.isEmpty()) {
      return Future.succeededFuture();
    }
    return upstream
        .send(HttpMethod.DELETE, headers("(end)"), Buffer.buffer())
        .response()
        .compose(head -> head.resume().end())
        .otherwiseEmpty();
  }

  private ObjectNode capabilities() {
    ObjectNode capabilities = JSON.createObjectNode();
    if (declaresAll) {
      capabilities.putObject("sampling");
      capabilities.putObject("roots");
      ObjectNode elicitation = capabilities.putObject("elicitation");
      if (!version.equals("2025-06-18")) {
        elicitation.putObject("form");
        elicitation.putObject("url");
      }
    }
    return capabilities;
  }

  private ObjectNode params() {
    ObjectNode params = JSON.createObjectNode();
    if (version.equals(MODERN)) {
      ObjectNode meta = params.putObject("_meta");
      meta.put("io.modelcontextprotocol/protocolVersion", MODERN);
      meta.set("io.modelcontextprotocol/clientCapabilities", capabilities());
      meta.putObject("io.modelcontextprotocol/clientInfo")
          .put("name", "tallygate")
          .put("version", "1");
    }
    return params;
  }

  private static ObjectNode request(String method, ObjectNode params) {
    ObjectNode request =
        JSON.createObjectNode().put("jsonrpc", "2.0").put("id", 1).put("method", method);
    request.set("params", params);
    return request;
  }

  /** One answer: its head and the JSON-RPC response in it. */
  private record Answer(HttpClientResponse head, byte[] message) {}

  private Future<Answer> post(ObjectNode message, boolean expectsMessage) {
    Buffer body;
    try {
      body = Buffer.buffer(JSON.writeValueAsBytes(message));
    } catch (JsonProcessingException e) {
      return Future.failedFuture(e);
    }
    return upstream
        .send(HttpMethod.POST, headers(message.path("method").asText()), body)
        .response()
        .compose(
            head -> {
              if (head.statusCode() / 100 != 2) {
                head.request().reset();
                return Future.failedFuture("it answered HTTP " + head.statusCode());
              }
              if (!expectsMessage) {
                return head.resume().end().map(new Answer(head, new byte[0]));
              }
              return message(head).map(bytes -> new Answer(head, bytes));
            });
  }

  private MultiMap headers(String method) {
    MultiMap headers =
        HttpHeaders.headers()
            .set("content-type", "application/json")
            .set("accept", "application/json, text/event-stream")
            .set("accept-encoding", "identity")
            .set("user-agent", "tallygate");
    if (!method.equals("initialize")) {
      headers.set("mcp-protocol-version", version);
    }
    if (version.equals(MODERN)) {
      headers.set("mcp-method", method);
    }
    session.ifPresent(id -> headers.set("mcp-session-id", id));
    return headers;
  }

  /** The response in a body: the whole of it as JSON, or the first response of a stream. */
  private Future<byte[]> message(HttpClientResponse head) {
    int max = upstream.server().bounds().maxListBytes();
    boolean stream =
        Optional.ofNullable(head.getHeader("content-type")).orElse("").startsWith("text/event-");
    Promise<byte[]> found = Promise.promise();
    Buffer whole = Buffer.buffer();
    SseReader events = new SseReader(max);
    head.exceptionHandler(found::tryFail);
    head.endHandler(
        ended -> {
          if (stream) {
            found.tryFail("its stream ended without a response");
          } else {
            found.tryComplete(whole.getBytes());
          }
        });
    head.handler(
        chunk -> {
          if (!stream) {
            if (whole.length() + chunk.length() > max) {
              found.tryFail("its answer is longer than " + max + " bytes");
              head.request().reset();
            } else {
              whole.appendBuffer(chunk);
            }
            return;
          }
          try {
            for (SseItem item : events.read(chunk.getBytes())) {
              if (item instanceof SseEvent event && isResponse(event)) {
                if (found.tryComplete(event.data().orElseThrow())) {
                  head.request().reset();
                }
              }
            }
          } catch (EventTooLarge e) {
            found.tryFail(e);
            head.request().reset();
          }
        });
    head.resume();
    return upstream.within(head, found);
  }

  private static boolean isResponse(SseEvent event) {
    if (!event.hasMessage()) {
      return false;
    }
    JsonNode message = tree(event.data().orElseThrow());
    return message.has("result") || message.has("error");
  }

  /** A missing node for what is not JSON. */
  private static JsonNode tree(byte[] text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      return JSON.missingNode();
    }
  }
}
