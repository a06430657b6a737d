package dev.tallygate.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.util.UUID;

/**
 * An MCP server that answers at once, and as badly as it is asked to: with floods of events or
 * JSON, streams that stay silent, lists of many megabytes. Started as {@link TargetServer} is.
 */
public final class HostileTarget {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int FLOOD_BYTES = 64 * 1024 * 1024;
  private static final int LONG_LIST_TOOLS = 60_000;
  private static final byte[] LONG_LIST = longList();

  private HostileTarget() {}

  public static void main(String[] args) throws IOException {
    int port = Integer.parseInt(args[0]);
    Vertx.vertx()
        .deployVerticle(() -> new Loop(port), new DeploymentOptions().setInstances(2))
        .onSuccess(up -> System.out.println("{\"port\":" + port + "}"))
        .onFailure(
            e -> {
              System.err.println("the target server did not start: " + e.getMessage());
              System.exit(1);
            });
    while (System.in.read() >= 0) {
      // whoever started it says nothing
    }
    System.exit(0);
  }

  private static byte[] longList() {
    StringBuilder tools = new StringBuilder();
    for (int i = 0; i < LONG_LIST_TOOLS; i++) {
      tools
          .append(i == 0 ? "" : ",")
          .append("{\"name\":\"tool_")
          .append(i)
          .append("\",\"description\":\"")
          .append("d".repeat(100))
          .append("\",\"inputSchema\":{\"type\":\"object\"}}");
    }
    return tools.toString().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  private static final class Loop extends VerticleBase {
    private final int port;

    Loop(int port) {
      this.port = port;
    }

    @Override
    public Future<?> start() {
      return vertx
          .createHttpServer(new HttpServerOptions().setTcpNoDelay(true))
          .requestHandler(HostileTarget::answer)
          .listen(port, "127.0.0.1");
    }
  }

  private static void answer(HttpServerRequest request) {
    if (request.method().equals(HttpMethod.GET)) {
      HttpServerResponse stream = request.response();
      stream.putHeader("Content-Type", "text/event-stream").setChunked(true).write(": open\n\n");
      return;
    }
    request.body().onSuccess(body -> answer(request, body));
  }

  private static void answer(HttpServerRequest request, Buffer body) {
    HttpServerResponse response = request.response();
    JsonNode message;
    try {
      message = JSON.readTree(body.toString());
    } catch (JsonProcessingException e) {
      response.setStatusCode(400).end();
      return;
    }
    JsonNode id = message.get("id");
    if (id == null) {
      response.setStatusCode(202).end();
      return;
    }
    String begun = "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":";
    String method = message.path("method").asText();
    switch (message.at("/params/name").asText(method)) {
      case "flood_events" -> {
        response.putHeader("Content-Type", "text/event-stream").setChunked(true);
        String event =
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"a\":\""
                + "x".repeat(16_000)
                + "\"}}\n\n";
        pour(response, Buffer.buffer(event), FLOOD_BYTES, "");
      }
      case "flood_json" -> {
        response.putHeader("Content-Type", "application/json").setChunked(true);
        response.write(begun + "{\"content\":[{\"type\":\"text\",\"text\":\"");
        pour(response, Buffer.buffer("x".repeat(16_000)), FLOOD_BYTES, "\"}]}}");
      }
      case "tools/list" -> {
        response.putHeader("Content-Type", "application/json");
        Buffer list = Buffer.buffer(begun + "{\"tools\":[");
        if (request.path().equals("/long")) {
          list.appendBytes(LONG_LIST);
        } else {
          list.appendString(tool("search_documents") + "," + tool("flood_events"));
          list.appendString("," + tool("flood_json") + "," + tool("match"));
        }
        response.end(list.appendString("]}}"));
      }
      case "initialize" ->
          response
              .putHeader("Content-Type", "application/json")
              .putHeader("Mcp-Session-Id", UUID.randomUUID().toString())
              .end(
                  begun
                      + "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
                      + "\"serverInfo\":{\"name\":\"target\",\"version\":\"1\"}}}");
      default ->
          response
              .putHeader("Content-Type", "application/json")
              .end(SampleCall.answerTo(id.toString()));
    }
  }

  private static String tool(String name) {
    return "{\"name\":\"" + name + "\",\"inputSchema\":{\"type\":\"object\"}}";
  }

  private static void pour(HttpServerResponse response, Buffer piece, int left, String end) {
    int rest = left;
    while (!response.writeQueueFull() && rest > 0) {
      response.write(piece);
      rest -= piece.length();
    }
    int after = rest;
    if (after > 0) {
      response.drainHandler(drained -> pour(response, piece, after, end));
    } else {
      response.drainHandler(null).end(end);
    }
  }
}
