package dev.tallygate.node.real;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.FixtureServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** The plainest client of the modern era: one POST a call, nothing checked before it is sent. */
final class ModernHttp {
  private static final ObjectMapper JSON = new ObjectMapper();
  // Left as it comes: it offers HTTP/2 with an Upgrade header, which must do no harm.
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final URI url;
  private final String token;
  private int id;

  /** A client of {@code url}; {@code token} may be null. */
  ModernHttp(URI url, String token) {
    this.url = url;
    this.token = token;
  }

  /** Calls a tool and gives the whole answer. */
  HttpResponse<String> call(String tool, String argumentsJson)
      throws IOException, InterruptedException {
    ObjectNode message =
        JSON.createObjectNode().put("jsonrpc", "2.0").put("id", ++id).put("method", "tools/call");
    ObjectNode params = message.putObject("params").put("name", tool);
    params.set("arguments", JSON.readTree(argumentsJson));
    params
        .putObject("_meta")
        .put("io.modelcontextprotocol/protocolVersion", FixtureServer.MODERN_VERSION)
        .putObject("io.modelcontextprotocol/clientCapabilities");
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", FixtureServer.MODERN_VERSION)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", tool)
            .POST(BodyPublishers.ofString(message.toString()));
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }

  /** The {@code result} of an answer. */
  static JsonNode result(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body()).path("result");
  }

  /** The {@code error} of an answer. */
  static JsonNode error(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body()).path("error");
  }

  /** The first text of a tool's answer. */
  static String text(HttpResponse<String> response) throws IOException {
    return result(response).at("/content/0/text").asText();
  }
}
