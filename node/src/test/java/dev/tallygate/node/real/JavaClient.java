package dev.tallygate.node.real;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The official Java SDK; legacy revisions only. */
final class JavaClient implements AutoCloseable {
  private final McpSyncClient client;

  /** Connects to {@code url}; {@code token} may be null. */
  JavaClient(URI url, String token) {
    HttpClientStreamableHttpTransport.Builder transport =
        HttpClientStreamableHttpTransport.builder("http://" + url.getAuthority())
            .endpoint(url.getPath());
    if (token != null) {
      transport.addHttpRequestCustomizer(
          (request, method, endpoint, body, context) ->
              request.header("Authorization", "Bearer " + token));
    }
    client =
        McpClient.sync(transport.build())
            .requestTimeout(Duration.ofSeconds(30))
            .initializationTimeout(Duration.ofSeconds(30))
            .build();
    client.initialize();
  }

  /** The names of the tools, of all pages. */
  List<String> tools() {
    return client.listTools().tools().stream().map(Tool::name).toList();
  }

  /** Calls a tool. */
  CallToolResult call(String tool, Map<String, Object> arguments) {
    return client.callTool(CallToolRequest.builder(tool).arguments(arguments).build());
  }

  /** The first text of an answer. */
  static String text(CallToolResult result) {
    return ((TextContent) result.content().get(0)).text();
  }

  @Override
  public void close() {
    client.close();
  }
}
