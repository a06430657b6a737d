package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.mcp.McpMessage.Invocation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** MCP methods and the member of {@code params} that says what each acts on. */
public final class Methods {
  public static final String INITIALIZE = "initialize";
  public static final String TOOLS_LIST = "tools/list";
  public static final String TOOLS_CALL = "tools/call";
  public static final String PROMPTS_LIST = "prompts/list";
  public static final String PROMPTS_GET = "prompts/get";
  public static final String DISCOVER = "server/discover";
  public static final String TASKS_LIST = "tasks/list";
  public static final String TASKS_RESULT = "tasks/result";
  public static final String SUBSCRIBE = "subscriptions/listen";
  public static final String TOOLS_CHANGED = "notifications/tools/list_changed";
  static final String COMPLETE = "completion/complete";
  static final String NOTIFICATION_PREFIX = "notifications/";

  /** Methods that act on one named thing, with the member that names it. */
  private static final Map<String, String> NAMED_BY =
      Map.of(
          TOOLS_CALL,
          "name",
          PROMPTS_GET,
          "name",
          "resources/read",
          "uri",
          "resources/subscribe",
          "uri",
          "resources/unsubscribe",
          "uri",
          "tasks/get",
          "taskId",
          TASKS_RESULT,
          "taskId",
          "tasks/update",
          "taskId",
          "tasks/cancel",
          "taskId");

  /** Those of them that MCP 2026-07-28 no longer has. */
  private static final Set<String> REMOVED =
      Set.of("resources/subscribe", "resources/unsubscribe", TASKS_RESULT);

  public static final String TASKS_PREFIX = "tasks/";

  private Methods() {}

  /**
   * The member that must name what the method acts on. Where the method was removed there is no
   * such rule: that it is unknown (404) is for the server to say. A body that names a version is of
   * the modern era or refused, so it tells.
   */
  static Optional<String> requiredName(String method, JsonNode params) {
    boolean modern = params.path("_meta").has(Meta.PROTOCOL_VERSION);
    return modern && REMOVED.contains(method)
        ? Optional.empty()
        : Optional.ofNullable(NAMED_BY.get(method));
  }

  /** The ids of the tasks that a message acts on, or wants to be told of. */
  static List<String> tasks(Invocation message) {
    if (message.method().startsWith(TASKS_PREFIX)) {
      return namedThing(message).map(List::of).orElse(List.of());
    }
    if (message.method().equals(SUBSCRIBE)) {
      List<String> ids = new ArrayList<>();
      message.params().path("taskIds").forEach(id -> ids.add(id.asText()));
      message.params().path("notifications").path("taskIds").forEach(id -> ids.add(id.asText()));
      return ids;
    }
    return List.of();
  }

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
