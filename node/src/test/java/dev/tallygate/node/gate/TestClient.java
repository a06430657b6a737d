package dev.tallygate.node.gate;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** An MCP client of either era, by hand. */
public record TestClient(URI url, String token) {
  public static final String META =
      "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
          + "\"io.modelcontextprotocol/clientCapabilities\":{}}";
  public static final String INITIALIZE =
      "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
          + "\"2025-11-25\",\"capabilities\":{\"elicitation\":{\"form\":{},\"url\":{}},\"sampling\":{},"
          + "\"roots\":{}},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}";

  public HttpRequest.Builder request() {
    return HttpRequest.newBuilder(url)
        .timeout(Duration.ofSeconds(60))
        .header("Authorization", "Bearer " + token)
        .header("Accept", "application/json, text/event-stream");
  }

  public HttpRequest.Builder post(String body) {
    return request().header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
  }

  public static HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return TestGate.HTTP.send(request.build(), BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A modern request; {@code params} are members, without braces. */
  public HttpRequest.Builder modern(String method, String params) {
    String body =
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\""
            + method
            + "\",\"params\":{"
            + (params.isEmpty() ? "" : params + ",")
            + META
            + "}}";
    return post(body).header("MCP-Protocol-Version", "2026-07-28").header("Mcp-Method", method);
  }

  public HttpRequest.Builder modernCall(String tool, String arguments) {
    return modern("tools/call", "\"name\":\"" + tool + "\",\"arguments\":" + arguments)
        .header("Mcp-Name", tool);
  }

  /** The body of a modern call without arguments. */
  public static String modernBody(String tool) {
    return "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\""
        + tool
        + "\",\"arguments\":{},"
        + META
        + "}}";
  }

  public HttpResponse<String> call(String tool, String arguments) {
    return send(modernCall(tool, arguments));
  }

  public HttpResponse<String> call(String tool) {
    return call(tool, "{}");
  }

  public HttpResponse<String> list() {
    return send(modern("tools/list", ""));
  }

  /** Opens a legacy session. */
  public String initialize() {
    HttpResponse<String> answer = send(post(INITIALIZE));
    return answer.headers().firstValue("Mcp-Session-Id").orElseThrow();
  }

  public HttpRequest.Builder legacy(String session, String body) {
    return post(body)
        .header("MCP-Protocol-Version", "2025-11-25")
        .header("Mcp-Session-Id", session);
  }

  public HttpResponse<String> legacyCall(String session, String tool) {
    return send(legacy(session, legacyCallBody(tool)));
  }

  public static String legacyCallBody(String tool) {
    return "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\""
        + tool
        + "\",\"arguments\":{}}}";
  }

  public HttpRequest.Builder legacyStream(String session) {
    return request()
        .header("MCP-Protocol-Version", "2025-11-25")
        .header("Mcp-Session-Id", session)
        .GET();
  }
}
