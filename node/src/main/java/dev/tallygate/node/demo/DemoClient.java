package dev.tallygate.node.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;

/** An MCP client (revision 2025-11-25) as an agent has one: it knows an address and a token. */
final class DemoClient {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final URI url;
  private final String token;
  private Optional<String> session = Optional.empty();
  private int lastId;

  DemoClient(URI url, String token) {
    this.url = url;
    this.token = token;
  }

  void connect() throws IOException, InterruptedException {
    ObjectNode params = JSON.createObjectNode().put("protocolVersion", "2025-11-25");
    params.putObject("capabilities");
    params.putObject("clientInfo").put("name", "demo-agent").put("version", "1.0.0");
    HttpResponse<String> answer = post(request("initialize", params));
    session = answer.headers().firstValue("mcp-session-id");
    post(JSON.createObjectNode().put("jsonrpc", "2.0").put("method", "notifications/initialized"));
  }

  JsonNode call(String tool, ObjectNode arguments) throws IOException, InterruptedException {
    ObjectNode params = JSON.createObjectNode().put("name", tool);
    params.set("arguments", arguments);
    return JSON.readTree(post(request("tools/call", params)).body());
  }

  static ObjectNode arguments() {
    return JSON.createObjectNode();
  }

  private ObjectNode request(String method, ObjectNode params) {
    ObjectNode request =
        JSON.createObjectNode().put("jsonrpc", "2.0").put("id", ++lastId).put("method", method);
    request.set("params", params);
    return request;
  }

  private HttpResponse<String> post(ObjectNode message) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(Duration.ofSeconds(10))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .POST(BodyPublishers.ofString(JSON.writeValueAsString(message)));
    session.ifPresent(
        id -> request.header("Mcp-Session-Id", id).header("MCP-Protocol-Version", "2025-11-25"));
    return http.send(request.build(), BodyHandlers.ofString());
  }
}
