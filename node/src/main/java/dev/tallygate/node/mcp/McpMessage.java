package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** One JSON-RPC 2.0 message, read strictly. The trees in it are shared and must not be changed. */
public sealed interface McpMessage {
  /** The same message, of whose params only plain members stay: a name, but no arguments. */
  default McpMessage withPlainParams() {
    return this;
  }

  /** A message that names a method. */
  sealed interface Invocation extends McpMessage {
    String method();

    /** Empty where the message has none. */
    ObjectNode params();

    /** {@code params._meta}, if it is there. */
    default Optional<ObjectNode> meta() {
      return params().get("_meta") instanceof ObjectNode meta
          ? Optional.of(meta)
          : Optional.empty();
    }

    /**
     * The tool, prompt, resource or task that the method acts on: {@code params.name}, {@code
     * params.uri}, {@code params.taskId}, or the name or URI of {@code params.ref} in {@code
     * completion/complete}.
     */
    default Optional<String> namedThing() {
      return Methods.namedThing(this);
    }

    /** The ids of the tasks that the method acts on, or wants to be told of. */
    default List<String> tasks() {
      return Methods.tasks(this);
    }

    /** Whether it asks to be told when the list of tools changes. */
    default boolean subscribesToTools() {
      return method().equals(Methods.SUBSCRIBE)
          && params().path("notifications").path("toolsListChanged").asBoolean();
    }
  }

  /**
   * @param id a string or an integer
   */
  record Request(JsonNode id, String method, ObjectNode params) implements Invocation {
    @Override
    public Request withPlainParams() {
      ObjectNode rest = params.objectNode();
      params
          .properties()
          .forEach(
              member -> {
                if (member.getValue().isValueNode()) {
                  rest.set(member.getKey(), member.getValue());
                }
              });
      return new Request(id, method, rest);
    }

    /** This request as a call of a tool, if it is one. */
    public Optional<ToolCall> toolCall() {
      if (!method.equals(Methods.TOOLS_CALL)) {
        return Optional.empty();
      }
      ObjectNode arguments =
          params.get("arguments") instanceof ObjectNode object ? object : params.objectNode();
      return Optional.of(new ToolCall(id, params.get("name").textValue(), arguments));
    }
  }

  /** A message that has no answer; its method begins with {@code notifications/}. */
  record Notification(String method, ObjectNode params) implements Invocation {}

  /**
   * An answer to a request of the other side.
   *
   * @param body the result, or the error
   * @param isError whether it is an error
   */
  record Response(JsonNode id, ObjectNode body, boolean isError) implements McpMessage {}
}
