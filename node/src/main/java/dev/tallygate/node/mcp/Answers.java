package dev.tallygate.node.mcp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Optional;

/** The answers that are Tallygate's own, as JSON. Methods are thread-safe. */
public final class Answers {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int MAX_ECHOED_NAME = 128;

  private Answers() {}

  /**
   * An HTTP answer.
   *
   * @param body JSON in UTF-8
   */
  public record Answer(int status, byte[] body) {}

  /**
   * What the client is told of a decision against its call, beside the text.
   *
   * @param outcome short and stable, such as {@code denied}, {@code limited}, {@code unavailable}
   * @param rule what decided; empty where it is not to be told
   * @param decisionId of the audit record
   * @param retryAfter when the same call may be tried again
   */
  public record DecisionNote(
      String outcome, Optional<String> rule, String decisionId, Optional<Duration> retryAfter) {}

  /**
   * A call of a visible tool that is not carried out: a tool result with {@code isError}, the one
   * form that every client hands to its model.
   *
   * @param text for the model and its user
   */
  public static Answer toolDenied(JsonNode id, Era era, String text, DecisionNote note) {
    ObjectNode answer = answer(id);
    ObjectNode result = answer.putObject("result");
    if (era.isModern()) {
      result.put("resultType", "complete");
    }
    result.putArray("content").addObject().put("type", "text").put("text", text);
    result.put("isError", true);
    result.putObject("_meta").set(Meta.DECISION, noted(note));
    return new Answer(200, bytes(answer));
  }

  /** A tool that is hidden or is not there: both get the same bytes. */
  public static Answer unknownTool(JsonNode id, String name) {
    return error(
        200, id, ErrorCodes.INVALID_PARAMS, "Unknown tool: " + printable(name), Optional.empty());
  }

  /** A task of the modern era, asked for by a client that did not declare to know tasks. */
  public static Answer tasksExtensionNeeded(JsonNode id) {
    ObjectNode data = JsonNodeFactory.instance.objectNode();
    data.putObject("requiredCapabilities")
        .putObject("extensions")
        .putObject(ClientCapabilities.TASKS_EXTENSION);
    return error(
        400,
        id,
        ErrorCodes.MISSING_CAPABILITY,
        "This needs the tasks extension",
        Optional.of(data));
  }

  /** A task that is another's or is not there: both get the same bytes. */
  public static Answer unknownTask(JsonNode id) {
    return error(200, id, ErrorCodes.INVALID_PARAMS, "Unknown task", Optional.empty());
  }

  /**
   * Tells a client to list the tools anew.
   *
   * @param subscription in the modern era the id of the request that asked to be told
   */
  public static byte[] toolsChanged(Optional<JsonNode> subscription) {
    ObjectNode notification =
        JsonNodeFactory.instance
            .objectNode()
            .put("jsonrpc", "2.0")
            .put("method", "notifications/tools/list_changed");
    subscription.ifPresent(
        id -> notification.putObject("params").putObject("_meta").set(Meta.SUBSCRIPTION, id));
    return bytes(notification);
  }

  /** A method that is not let through. The modern era wants 404, older clients 200. */
  public static Answer unknownMethod(JsonNode id, Era era) {
    return error(
        era.isModern() ? 404 : 200,
        id,
        ErrorCodes.METHOD_NOT_FOUND,
        "Method not found",
        Optional.empty());
  }

  /** A request other than a tool call that is not carried out. */
  public static Answer denied(JsonNode id, int code, String text, DecisionNote note) {
    return error(200, id, code, text, Optional.of(noted(note)));
  }

  /** A message that was refused before it was judged. */
  public static Answer refused(Refusal refusal) {
    return error(refusal.status(), refusal.id(), refusal.code(), refusal.message(), refusal.data());
  }

  /**
   * A JSON-RPC error.
   *
   * @param id of the request, or null where it is not known
   */
  public static Answer error(
      int status, JsonNode id, int code, String message, Optional<ObjectNode> data) {
    ObjectNode answer = answer(id);
    ObjectNode error = answer.putObject("error").put("code", code).put("message", message);
    data.ifPresent(value -> error.set("data", value));
    return new Answer(status, bytes(answer));
  }

  private static ObjectNode answer(JsonNode id) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode().put("jsonrpc", "2.0");
    answer.set("id", id == null ? NullNode.getInstance() : id);
    return answer;
  }

  private static ObjectNode noted(DecisionNote note) {
    ObjectNode decision = JsonNodeFactory.instance.objectNode().put("outcome", note.outcome());
    note.rule().ifPresent(rule -> decision.put("rule", rule));
    decision.put("decisionId", note.decisionId());
    note.retryAfter().ifPresent(wait -> decision.put("retryAfterMs", wait.toMillis()));
    return decision;
  }

  /** A name as it may stand in a message: visible ASCII, the rest as question marks, and short. */
  private static String printable(String name) {
    StringBuilder shown = new StringBuilder();
    name.codePoints()
        .limit(MAX_ECHOED_NAME)
        .forEach(c -> shown.append(c > 0x20 && c < 0x7F ? (char) c : '?'));
    return name.codePointCount(0, name.length()) > MAX_ECHOED_NAME
        ? shown.append("...").toString()
        : shown.toString();
  }

  private static byte[] bytes(ObjectNode answer) {
    try {
      return JSON.writeValueAsBytes(answer);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of JSON can always be written", e);
    }
  }
}
