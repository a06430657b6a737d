package dev.tallygate.node.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A small MCP server (revision 2025-11-25, streamable HTTP with JSON answers) with two tools. Its
 * {@code execute_code} runs nothing: it answers how many lines it was given.
 */
final class DemoServer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final AtomicInteger executed = new AtomicInteger();
  private HttpServer http;

  /** Starts on a free port of the loopback interface. */
  Future<DemoServer> start(Vertx vertx) {
    return start(vertx, 0, "127.0.0.1");
  }

  Future<DemoServer> start(Vertx vertx, int port, String host) {
    http = vertx.createHttpServer().requestHandler(this::answer);
    return http.listen(port, host).map(this);
  }

  int port() {
    return http.actualPort();
  }

  String url() {
    return "http://127.0.0.1:" + http.actualPort() + "/mcp";
  }

  /** How many calls of {@code execute_code} reached this server. */
  int executed() {
    return executed.get();
  }

  private void answer(HttpServerRequest request) {
    if (!request.method().name().equals("POST")) {
      request.response().setStatusCode(405).end();
      return;
    }
    request
        .body()
        .onSuccess(
            body -> {
              try {
                answer(request, (ObjectNode) JSON.readTree(body.getBytes()));
              } catch (JsonProcessingException e) {
                request.response().setStatusCode(400).end();
              } catch (java.io.IOException e) {
                request.response().setStatusCode(500).end();
              }
            });
  }

  private void answer(HttpServerRequest request, ObjectNode message)
      throws JsonProcessingException {
    JsonNode id = message.get("id");
    if (id == null) {
      request.response().setStatusCode(202).end();
      return;
    }
    ObjectNode reply = JSON.createObjectNode().put("jsonrpc", "2.0");
    reply.set("id", id);
    switch (message.path("method").asText()) {
      case "initialize" -> {
        request.response().putHeader("Mcp-Session-Id", UUID.randomUUID().toString());
        ObjectNode result = reply.putObject("result").put("protocolVersion", "2025-11-25");
        result.putObject("capabilities").putObject("tools");
        result.putObject("serverInfo").put("name", "demo").put("version", "1.0.0");
      }
      case "tools/list" -> {
        ArrayNode tools = reply.putObject("result").putArray("tools");
        tools.add(tool("execute_code", "Executes code (here it only counts the lines).", "code"));
        tools.add(tool("delete_branch", "Deletes a branch of a repository.", "name"));
      }
      case "tools/call" -> {
        ArrayNode content = reply.putObject("result").putArray("content");
        content.addObject().put("type", "text").put("text", call(message.path("params")));
      }
      case "ping" -> reply.putObject("result");
      default -> reply.putObject("error").put("code", -32601).put("message", "Method not found");
    }
    request
        .response()
        .putHeader("Content-Type", "application/json")
        .end(Buffer.buffer(JSON.writeValueAsBytes(reply)));
  }

  private String call(JsonNode params) {
    if (params.path("name").asText().equals("execute_code")) {
      long lines = params.path("arguments").path("code").asText().lines().count();
      return "run " + executed.incrementAndGet() + ": " + lines + " line(s) of code";
    }
    return "deleted " + params.path("arguments").path("name").asText();
  }

  private static ObjectNode tool(String name, String description, String argument) {
    ObjectNode tool = JSON.createObjectNode().put("name", name).put("description", description);
    ObjectNode schema = tool.putObject("inputSchema").put("type", "object");
    schema.putObject("properties").putObject(argument).put("type", "string");
    schema.putArray("required").add(argument);
    return tool;
  }
}
