package dev.tallygate.node.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.json.JsonBounds;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson2.JacksonMcpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages as the MCP Java SDK writes and reads them. */
class SdkMessagesTest {
  private static final McpJsonMapper SDK = new JacksonMcpJsonMapper(new ObjectMapper());

  static Stream<Object> messages() {
    return Stream.of(
        new McpSchema.JSONRPCRequest(
            "initialize",
            "id-0",
            new McpSchema.InitializeRequest(
                "2025-11-25",
                McpSchema.ClientCapabilities.builder().build(),
                McpSchema.Implementation.builder("client", "1").build(),
                null)),
        new McpSchema.JSONRPCRequest("ping", "id-1"),
        new McpSchema.JSONRPCRequest("tools/list", "id-2", new McpSchema.PaginatedRequest()),
        new McpSchema.JSONRPCRequest("tools/list", 3, new McpSchema.PaginatedRequest("cursor")),
        new McpSchema.JSONRPCRequest(
            "tools/call", 4, new McpSchema.CallToolRequest("echo", Map.of("text", "hi"), null)),
        new McpSchema.JSONRPCRequest(
            "tools/call", 5, new McpSchema.CallToolRequest("echo", null, null)),
        new McpSchema.JSONRPCRequest(
            "tools/call",
            6,
            new McpSchema.CallToolRequest("echo", Map.of(), Map.of("progressToken", "t"))),
        new McpSchema.JSONRPCRequest(
            "resources/read", 7, new McpSchema.ReadResourceRequest("file:///a", null)),
        new McpSchema.JSONRPCRequest(
            "prompts/get", 8, new McpSchema.GetPromptRequest("p", Map.of("a", "b"), null)),
        new McpSchema.JSONRPCRequest(
            "completion/complete",
            9,
            new McpSchema.CompleteRequest(
                new McpSchema.PromptReference("p"),
                new McpSchema.CompleteRequest.CompleteArgument("a", "b"),
                null,
                null)),
        new McpSchema.JSONRPCNotification("notifications/initialized"),
        new McpSchema.JSONRPCNotification(
            "notifications/cancelled", Map.of("requestId", 4, "reason", "late")),
        new McpSchema.JSONRPCResponse("2.0", 10, Map.of("action", "accept"), null),
        new McpSchema.JSONRPCResponse(
            "2.0", 11, null, new McpSchema.JSONRPCResponse.JSONRPCError(-32601, "no", null)));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void messageOfTheSdkIsAcceptedAsLegacy(Object message) throws Exception {
    // When
    McpMessage read = MessageReader.read(SDK.writeValueAsBytes(message), JsonBounds.REQUEST);
    Era era = EraDetection.detect(new EraDetectionTest.Headers(), read);

    // Then
    assertThat(era.isModern()).isFalse();
  }

  @Test
  void filteredListIsReadByTheSdk() throws Exception {
    // Given
    McpSchema.ListToolsResult list =
        new McpSchema.ListToolsResult(
            List.of(
                McpSchema.Tool.builder("shown", Map.of("type", "object")).build(),
                McpSchema.Tool.builder("hidden", Map.of("type", "object")).build()),
            "next",
            null);
    byte[] body = SDK.writeValueAsBytes(new McpSchema.JSONRPCResponse("2.0", 1, list, null));

    // When
    ListFilter.Filtered filtered =
        ListFilter.filter(
            ListKind.TOOLS, body, OptionalLong.empty(), (name, item) -> name.equals("shown"));
    McpSchema.JSONRPCResponse response =
        SDK.readValue(filtered.body(), McpSchema.JSONRPCResponse.class);
    McpSchema.ListToolsResult seen =
        SDK.convertValue(response.result(), McpSchema.ListToolsResult.class);

    // Then
    assertThat(seen.tools()).extracting(McpSchema.Tool::name).containsExactly("shown");
    assertThat(seen.nextCursor()).isEqualTo("next");
    assertThat(filtered.hasNextCursor()).isTrue();
  }
}
