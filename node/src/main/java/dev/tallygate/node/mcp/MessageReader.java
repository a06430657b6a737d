package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.node.mcp.Refusal.Kind;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the body of a POST as one JSON-RPC 2.0 message of MCP.
 *
 * <p>What is accepted means the same to every JSON parser that a server may use: a body that two
 * parsers could read differently is refused, because it is judged here and run there. Methods are
 * thread-safe.
 */
public final class MessageReader {
  /** The largest integer, either way, that every parser keeps exactly: 2^53 - 1. */
  private static final long MAX_SAFE_INTEGER = (1L << 53) - 1;

  private static final int MAX_ID_LENGTH = 256;
  private static final int MAX_METHOD_LENGTH = 128;

  private static final Set<String> REQUEST_KEYS = Set.of("jsonrpc", "id", "method", "params");
  private static final Set<String> RESPONSE_KEYS = Set.of("jsonrpc", "id", "result", "error");

  private static final KeyFolding PARAMS_KEYS =
      new KeyFolding(
          Set.of(
              "_meta",
              "name",
              "arguments",
              "uri",
              "cursor",
              "ref",
              "argument",
              "context",
              "task",
              "taskId",
              "inputResponses",
              "requestState",
              "protocolVersion",
              "capabilities",
              "clientInfo",
              "level",
              "requestId",
              "progressToken",
              "notifications"));

  private static final KeyFolding META_KEYS =
      new KeyFolding(
          Set.of(
              Meta.PROTOCOL_VERSION,
              Meta.CLIENT_CAPABILITIES,
              Meta.CLIENT_INFO,
              "io.modelcontextprotocol/serverInfo",
              "io.modelcontextprotocol/logLevel",
              Meta.SUBSCRIPTION,
              "io.modelcontextprotocol/related-task",
              "progressToken"));

  private static final KeyFolding REF_KEYS = new KeyFolding(Set.of("type", "name", "uri"));

  private MessageReader() {}

  /**
   * Reads one message.
   *
   * @throws MessageRefused if the body is anything else than one well-formed, unambiguous message
   */
  public static McpMessage read(byte[] body, JsonBounds bounds) throws MessageRefused {
    if (body.length > bounds.maxBytes()) {
      throw refused(
          Kind.TOO_LARGE, null, "The message has more than " + bounds.maxBytes() + " bytes.");
    }
    if (startsArray(body)) {
      throw refused(
          Kind.BATCH, null, "JSON-RPC batches are not accepted: send one message a POST.");
    }
    JsonNode root;
    try {
      root = StrictJson.read(body, bounds);
    } catch (JsonRefused e) {
      throw unreadable(e, bounds);
    }
    if (!(root instanceof ObjectNode message)) {
      throw refused(Kind.NOT_A_MESSAGE, null, "The body is not a JSON object.");
    }
    return read(message);
  }

  private static McpMessage read(ObjectNode message) throws MessageRefused {
    JsonNode id = message.get("id");
    JsonNode safeId = isId(id) ? id : null;
    if (!"2.0".equals(message.path("jsonrpc").textValue())) {
      throw refused(Kind.NOT_A_MESSAGE, safeId, "\"jsonrpc\" must be \"2.0\".");
    }
    boolean answers = !message.has("method") && (message.has("result") || message.has("error"));
    requireOnly(answers ? RESPONSE_KEYS : REQUEST_KEYS, message, safeId);
    if (id != null && safeId == null) {
      throw refused(
          Kind.BAD_ID,
          null,
          "\"id\" must be an integer within 2^53 or a string of at most "
              + MAX_ID_LENGTH
              + " characters.");
    }
    if (hasProto(message)) {
      throw refused(Kind.AMBIGUOUS_KEY, safeId, "A key must not be \"__proto__\".");
    }
    return answers ? response(id, message) : invocation(id, message);
  }

  private static McpMessage invocation(JsonNode id, ObjectNode message) throws MessageRefused {
    String method = message.path("method").textValue();
    if (method == null || !isMethod(method)) {
      throw refused(
          Kind.BAD_METHOD,
          id,
          "\"method\" must be a string of 1 to "
              + MAX_METHOD_LENGTH
              + " visible ASCII characters.");
    }
    ObjectNode params = params(id, message);
    boolean notifies = method.startsWith(Methods.NOTIFICATION_PREFIX);
    if (notifies && id != null) {
      throw refused(Kind.BAD_METHOD, id, "A notification must not have an \"id\".");
    }
    if (!notifies && id == null) {
      throw refused(
          Kind.WITHOUT_ID, null, "A request must have an \"id\"; only notifications go without.");
    }
    if (notifies) {
      return new McpMessage.Notification(method, params);
    }
    requireParamsOf(method, id, params);
    return new McpMessage.Request(id, method, params);
  }

  private static ObjectNode params(JsonNode id, ObjectNode message) throws MessageRefused {
    JsonNode given = message.get("params");
    if (given == null) {
      return JsonNodeFactory.instance.objectNode();
    }
    if (!(given instanceof ObjectNode params)) {
      throw refused(Kind.BAD_PARAMS, id, "\"params\" must be an object.");
    }
    requireUnmistakable(PARAMS_KEYS, params, "params", id);
    JsonNode meta = params.get("_meta");
    if (meta != null) {
      if (!meta.isObject()) {
        throw refused(Kind.BAD_PARAMS, id, "\"params._meta\" must be an object.");
      }
      requireUnmistakable(META_KEYS, meta, "params._meta", id);
    }
    return params;
  }

  private static void requireParamsOf(String method, JsonNode id, ObjectNode params)
      throws MessageRefused {
    Optional<String> naming = Methods.requiredName(method, params);
    if (naming.isPresent() && !params.path(naming.get()).isTextual()) {
      throw refused(Kind.BAD_PARAMS, id, "\"params." + naming.get() + "\" must be a string.");
    }
    if (method.equals(Methods.TOOLS_CALL) || method.equals("prompts/get")) {
      JsonNode arguments = params.get("arguments");
      if (arguments != null && !arguments.isObject()) {
        throw refused(Kind.BAD_PARAMS, id, "\"params.arguments\" must be an object.");
      }
    }
    if (method.equals(Methods.COMPLETE)) {
      requireReference(id, params.path("ref"));
    }
  }

  private static void requireReference(JsonNode id, JsonNode ref) throws MessageRefused {
    if (!ref.isObject()) {
      throw refused(Kind.BAD_PARAMS, id, "\"params.ref\" must be an object.");
    }
    requireUnmistakable(REF_KEYS, ref, "params.ref", id);
    String type = ref.path("type").asText("");
    boolean named =
        type.equals("ref/prompt") && ref.path("name").isTextual() && !ref.has("uri")
            || type.equals("ref/resource") && ref.path("uri").isTextual() && !ref.has("name");
    if (!named) {
      throw refused(
          Kind.BAD_PARAMS,
          id,
          "\"params.ref\" must be a \"ref/prompt\" with a name or a \"ref/resource\" with a uri.");
    }
  }

  private static McpMessage response(JsonNode id, ObjectNode message) throws MessageRefused {
    if (id == null) {
      throw refused(Kind.BAD_ID, null, "A response must have an \"id\".");
    }
    JsonNode result = message.get("result");
    JsonNode error = message.get("error");
    if (result != null && error != null) {
      throw refused(
          Kind.NOT_A_MESSAGE, id, "A response has a \"result\" or an \"error\", not both.");
    }
    if (result instanceof ObjectNode object) {
      return new McpMessage.Response(id, object, false);
    }
    if (error instanceof ObjectNode object
        && object.path("code").isIntegralNumber()
        && object.path("message").isTextual()) {
      return new McpMessage.Response(id, object, true);
    }
    throw refused(
        Kind.NOT_A_MESSAGE,
        id,
        "\"result\" must be an object; \"error\" must be one with a code and a message.");
  }

  private static void requireOnly(Set<String> keys, ObjectNode message, JsonNode id)
      throws MessageRefused {
    Iterator<String> names = message.fieldNames();
    while (names.hasNext()) {
      if (!keys.contains(names.next())) {
        throw refused(
            Kind.AMBIGUOUS_KEY,
            id,
            "A message has no other members than jsonrpc, id, method and params, or in a response"
                + " result or error.");
      }
    }
  }

  private static void requireUnmistakable(
      KeyFolding known, JsonNode object, String where, JsonNode id) throws MessageRefused {
    String mistaken = known.mistakable(object.fieldNames());
    if (mistaken != null) {
      throw refused(
          Kind.AMBIGUOUS_KEY,
          id,
          "A key of \"" + where + "\" can be mistaken for \"" + mistaken + "\".");
    }
  }

  /** Servers in JavaScript that copy an object with this key replace what it inherits from. */
  private static boolean hasProto(JsonNode node) {
    if (node.has("__proto__")) {
      return true;
    }
    if (node.isObject()) {
      for (Map.Entry<String, JsonNode> member : node.properties()) {
        if (member.getValue().isContainerNode() && hasProto(member.getValue())) {
          return true;
        }
      }
    } else {
      for (JsonNode item : node) {
        if (item.isContainerNode() && hasProto(item)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isId(JsonNode id) {
    if (id == null) {
      return false;
    }
    if (id.isTextual()) {
      return id.textValue().length() <= MAX_ID_LENGTH;
    }
    return id.isIntegralNumber()
        && id.canConvertToLong()
        && Math.abs(id.longValue()) <= MAX_SAFE_INTEGER;
  }

  private static boolean isMethod(String method) {
    return !method.isEmpty()
        && method.length() <= MAX_METHOD_LENGTH
        && method.chars().allMatch(c -> c >= 0x21 && c <= 0x7E);
  }

  private static boolean startsArray(byte[] body) {
    for (byte b : body) {
      if (b != ' ' && b != '\t' && b != '\n' && b != '\r') {
        return b == '[';
      }
    }
    return false;
  }

  private static MessageRefused unreadable(JsonRefused e, JsonBounds bounds) {
    String at = " (line " + e.position().line() + ", column " + e.position().column() + ").";
    return switch (e.kind()) {
      case TOO_LARGE ->
          refused(
              Kind.TOO_LARGE, null, "The message has more than " + bounds.maxBytes() + " bytes.");
      case TOO_DEEP ->
          refused(
              Kind.TOO_COMPLEX,
              null,
              "The message is nested deeper than " + bounds.maxDepth() + " levels" + at);
      case TOO_MANY_VALUES ->
          refused(
              Kind.TOO_COMPLEX,
              null,
              "The message has more than " + bounds.maxValues() + " keys and values" + at);
      case STRING_TOO_LONG ->
          refused(Kind.TOO_COMPLEX, null, "A string of the message is too long" + at);
      case NUMBER_OUT_OF_RANGE ->
          refused(Kind.TOO_COMPLEX, null, "A number of the message is out of range" + at);
      case DUPLICATE_KEY ->
          refused(Kind.DUPLICATE_KEY, null, "A key occurs twice in one object" + at);
      case NOT_UTF8 -> refused(Kind.NOT_JSON, null, "The message is not UTF-8" + at);
      case LONE_SURROGATE ->
          refused(Kind.NOT_JSON, null, "A string holds half of a surrogate pair" + at);
      case SYNTAX -> refused(Kind.NOT_JSON, null, "The message is not JSON" + at);
    };
  }

  private static MessageRefused refused(Kind kind, JsonNode id, String message) {
    return new MessageRefused(Refusal.of(kind, id, message));
  }
}
