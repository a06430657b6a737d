package dev.tallygate.node.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.node.mcp.Answers;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.McpMessage.Invocation;
import dev.tallygate.node.mcp.McpMessage.Request;
import dev.tallygate.node.mcp.McpMessage.Response;
import dev.tallygate.node.mcp.MessageReader;
import dev.tallygate.node.mcp.MessageRefused;
import dev.tallygate.node.mcp.ToolCall;
import java.util.Set;

/** A message is refused, or says to another parser what it says to the gate. */
class MessageReaderFuzz {
  private static final JsonBounds BOUNDS = new JsonBounds(16_384, 64, 2_000, 8_192);
  private static final Set<Integer> CODES = Set.of(-32700, -32600, -32602);

  @FuzzTest
  void isReadAlikeOrRefused(byte[] body) {
    McpMessage message;
    try {
      message = MessageReader.read(body, BOUNDS);
    } catch (MessageRefused e) {
      assertThat(e.refusal().status()).isIn(400, 413);
      assertThat(CODES).contains(e.refusal().code());
      assertThat(Json.read(Answers.refused(e.refusal()).body()).has("error")).isTrue();
      return;
    }
    JsonNode tree = Json.read(body);
    assertThat(tree.path("jsonrpc").textValue()).isEqualTo("2.0");
    if (message instanceof Response response) {
      assertThat(Json.same(tree.path("id"), response.id())).isTrue();
      assertThat(Json.same(tree.path(response.isError() ? "error" : "result"), response.body()))
          .isTrue();
      assertThat(tree.has("method")).isFalse();
      return;
    }
    Invocation invocation = (Invocation) message;
    ObjectNode params =
        tree.get("params") instanceof ObjectNode object
            ? object
            : JsonNodeFactory.instance.objectNode();
    assertThat(tree.path("method").textValue()).isEqualTo(invocation.method());
    assertThat(Json.same(params, invocation.params())).isTrue();
    if (invocation instanceof Request request) {
      assertThat(Json.same(tree.path("id"), request.id())).isTrue();
      request.toolCall().ifPresent(call -> requireSameCall(params, call));
    } else {
      assertThat(tree.has("id")).isFalse();
    }
  }

  private static void requireSameCall(ObjectNode params, ToolCall call) {
    assertThat(params.path("name").textValue()).isEqualTo(call.name());
    JsonNode arguments = params.path("arguments");
    assertThat(arguments.isMissingNode() ? call.arguments().isEmpty() : true).isTrue();
    assertThat(arguments.isMissingNode() || Json.same(arguments, call.arguments())).isTrue();
  }
}
