package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.mcp.McpMessage.Invocation;
import java.util.Map;
import java.util.Optional;

/** MCP methods and the member of {@code params} that says what each acts on. */
public final class Methods {
  public static final String INITIALIZE = "initialize";
  public static final String TOOLS_LIST = "tools/list";
  public static final String TOOLS_CALL = "tools/call";
  static final String COMPLETE = "completion/complete";
  static final String NOTIFICATION_PREFIX = "notifications/";

  /** Methods that act on one named thing, with the member that names it. */
  static final Map<String, String> NAMED_BY =
      Map.of(
          TOOLS_CALL,
          "name",
          "prompts/get",
          "name",
          "resources/read",
          "uri",
          "resources/subscribe",
          "uri",
          "resources/unsubscribe",
          "uri",
          "tasks/get",
          "taskId",
          "tasks/result",
          "taskId",
          "tasks/update",
          "taskId",
          "tasks/cancel",
          "taskId");

  private Methods() {}

  static Optional<String> namedThing(Invocation message) {
    JsonNode named;
    if (message.method().equals(COMPLETE)) {
      JsonNode ref = message.params().path("ref");
      named = ref.path(ref.path("type").asText("").equals("ref/resource") ? "uri" : "name");
    } else {
      String member = NAMED_BY.get(message.method());
      if (member == null) {
        return Optional.empty();
      }
      named = message.params().path(member);
    }
    return Optional.ofNullable(named.textValue());
  }
}
