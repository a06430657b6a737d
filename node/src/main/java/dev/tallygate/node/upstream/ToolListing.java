package dev.tallygate.node.upstream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.mcp.EventTooLarge;
import dev.tallygate.node.mcp.ListFilter;
import dev.tallygate.node.mcp.ListKind;
import dev.tallygate.node.mcp.ListRefused;
import dev.tallygate.node.mcp.SessionId;
import dev.tallygate.node.mcp.SseEvent;
import dev.tallygate.node.mcp.SseItem;
import dev.tallygate.node.mcp.SseReader;
import dev.tallygate.registry.Server;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks servers for their tools, as a client of the gate's own.
 *
 * <p>It speaks to a server as in MCP 2026-07-28 first, and if that fails opens a session of
 * 2025-11-25, lists, and ends it. Used on one event loop; calls that come while a listing is under
 * way, on this event loop or another, wait for it.
 */
public final class ToolListing {
  private static final Logger LOG = LoggerFactory.getLogger(ToolListing.class);

  private static final String MODERN = "2026-07-28";
  private static final String LEGACY = "2025-11-25";
  private static final int MAX_PAGES = 100;
  private static final JsonMapper JSON = new JsonMapper();

  private final Upstreams upstreams;

  public ToolListing(Upstreams upstreams) {
    this.upstreams = upstreams;
  }

  /**
   * Brings a catalog up to date, unless it was asked for a moment ago. Completes whether or not the
   * server answered.
   */
  public Future<Void> refresh(Server server, ToolCatalog catalog) {
    ToolCatalog.Turn turn = catalog.turn();
    if (turn.mine()) {
      list(upstreams.of(server), Names::new)
          .map(names -> names.found)
          .onSuccess(catalog::listed)
          .onFailure(
              e -> {
                LOG.warn("{} did not tell its tools: {}", server.name(), e.getMessage());
                catalog.failed();
              });
    }
    return Future.fromCompletionStage(turn.over(), upstreams.context());
  }

  /**
   * A server's tools, whole, as they stand in its list. Fails with words for people where the
   * server does not tell them.
   */
  public Future<ArrayNode> tools(Server server) {
    return list(upstreams.of(server), Tools::new).map(tools -> tools.found);
  }

  /** Takes what is wanted of a list, page by page. */
  private interface Pages {
    void take(ListFilter.Filtered page, byte[] message) throws IOException;
  }

  private static final class Names implements Pages {
    private final List<String> found = new ArrayList<>();

    @Override
    public void take(ListFilter.Filtered page, byte[] message) {
      found.addAll(page.kept());
    }
  }

  private static final class Tools implements Pages {
    private final ArrayNode found = JSON.createArrayNode();

    @Override
    public void take(ListFilter.Filtered page, byte[] message) throws IOException {
      JSON.readTree(message).path("result").path("tools").forEach(found::add);
    }
  }

  private static <P extends Pages> Future<P> list(Upstream upstream, Supplier<P> wanted) {
    P fromModern = wanted.get();
    return new Speech(upstream, MODERN, Optional.empty())
        .pages(fromModern, Optional.empty(), 0)
        .map(fromModern)
        .recover(notModern -> initialize(upstream).compose(legacy -> listed(legacy, wanted.get())));
  }

  private static <P extends Pages> Future<P> listed(Speech legacy, P wanted) {
    return legacy.pages(wanted, Optional.empty(), 0).eventually(legacy::end).map(wanted);
  }

  private static Future<Speech> initialize(Upstream upstream) {
    ObjectNode params = JSON.createObjectNode().put("protocolVersion", LEGACY);
    params.putObject("capabilities");
    params.putObject("clientInfo").put("name", "tallygate").put("version", "1");
    Speech opening = new Speech(upstream, LEGACY, Optional.empty());
    return opening
        .post(request("initialize", params), true)
        .compose(
            answer -> {
              Optional<String> session =
                  Optional.ofNullable(answer.head().getHeader("mcp-session-id"))
                      .filter(SessionId::isWellFormed);
              Speech speech = new Speech(upstream, version(answer.message()), session);
              ObjectNode initialized =
                  JSON.createObjectNode()
                      .put("jsonrpc", "2.0")
                      .put("method", "notifications/initialized");
              return speech.post(initialized, false).map(speech);
            });
  }

  private static String version(byte[] initialized) {
    try {
      return JSON.readTree(initialized).path("result").path("protocolVersion").asText(LEGACY);
    } catch (IOException e) {
      return LEGACY;
    }
  }

  private static ObjectNode request(String method, ObjectNode params) {
    ObjectNode request =
        JSON.createObjectNode().put("jsonrpc", "2.0").put("id", 1).put("method", method);
    request.set("params", params);
    return request;
  }

  /** One answer: its head and the JSON-RPC response in it. */
  private record Answer(HttpClientResponse head, byte[] message) {}

  /** How one server is spoken to. */
  private record Speech(Upstream upstream, String version, Optional<String> session) {

    Future<Void> pages(Pages wanted, Optional<String> cursor, int page) {
      if (page >= MAX_PAGES) {
        return Future.failedFuture("its list has more than " + MAX_PAGES + " pages");
      }
      ObjectNode params = JSON.createObjectNode();
      cursor.ifPresent(from -> params.put("cursor", from));
      if (version.equals(MODERN)) {
        ObjectNode meta = params.putObject("_meta");
        meta.put("io.modelcontextprotocol/protocolVersion", MODERN);
        meta.putObject("io.modelcontextprotocol/clientCapabilities");
        meta.putObject("io.modelcontextprotocol/clientInfo")
            .put("name", "tallygate")
            .put("version", "1");
      }
      return post(request("tools/list", params), true)
          .compose(
              answer -> {
                try {
                  ListFilter.Filtered filtered =
                      ListFilter.filter(
                          ListKind.TOOLS,
                          answer.message(),
                          OptionalLong.empty(),
                          (name, item) -> true);
                  if (filtered.isError()) {
                    return Future.failedFuture("it answered tools/list with an error");
                  }
                  wanted.take(filtered, answer.message());
                  return filtered.hasNextCursor()
                      ? pages(wanted, Optional.of(cursorOf(answer.message())), page + 1)
                      : Future.succeededFuture();
                } catch (ListRefused | IOException e) {
                  return Future.failedFuture(e);
                }
              });
    }

    private static String cursorOf(byte[] message) throws IOException {
      JsonNode cursor = JSON.readTree(message).path("result").path("nextCursor");
      return cursor.asText();
    }

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

    Future<Answer> post(ObjectNode message, boolean expectsMessage) {
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
                found.tryFail("its list is longer than " + max + " bytes");
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
      try {
        JsonNode message = JSON.readTree(event.data().orElseThrow());
        return message.has("result") || message.has("error");
      } catch (IOException e) {
        return false;
      }
    }
  }
}
