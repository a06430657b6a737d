package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Something that a server asks of a client: a request on a stream, or in the modern era one of the
 * {@code inputRequests} of a result. The error -32042 of MCP 2025-11-25 asks too: to open URLs.
 *
 * @param method empty where it cannot be told
 */
public record Question(String method, ObjectNode params) {
  static final int URL_REQUIRED = -32042;

  private static final String ELICITATION = "elicitation/create";
  private static final String SAMPLING = "sampling/createMessage";
  private static final KeyFolding KEYS =
      new KeyFolding(Set.of("method", "params", "inputRequests", "elicitations"));
  private static final KeyFolding PARAMS = new KeyFolding(Set.of("mode", "url", "tools", "task"));

  /** A question that nobody can be sure of. */
  private static final Question UNCLEAR = new Question("", JsonNodeFactory.instance.objectNode());

  /** All that a message of a server asks; one that cannot be read with certainty is unclear. */
  public static List<Question> in(byte[] message) {
    JsonNode root;
    try {
      int size = Math.max(1, message.length);
      root = StrictJson.read(message, new JsonBounds(size, 200, 200_000, size));
    } catch (JsonRefused e) {
      return List.of(UNCLEAR);
    }
    List<Question> questions = new ArrayList<>();
    if (root.has("method")) {
      questions.add(of(root));
    }
    JsonNode result = root.path("result");
    if (KEYS.mistakable(result.fieldNames()) != null) {
      questions.add(UNCLEAR);
    }
    result.path("inputRequests").forEach(request -> questions.add(of(request)));
    if (root.at("/error/code").asInt() == URL_REQUIRED) {
      for (JsonNode params : root.at("/error/data/elicitations")) {
        questions.add(params instanceof ObjectNode o ? new Question(ELICITATION, o) : UNCLEAR);
      }
    }
    return questions;
  }

  private static Question of(JsonNode request) {
    JsonNode params = request.path("params");
    if (!request.path("method").isTextual() || KEYS.mistakable(request.fieldNames()) != null) {
      return UNCLEAR;
    }
    return new Question(
        request.path("method").textValue(),
        params instanceof ObjectNode object ? object : JsonNodeFactory.instance.objectNode());
  }

  /** Whether the client declared that it can be asked this. */
  public boolean isDeclared(ClientCapabilities declared) {
    if (PARAMS.mistakable(params.fieldNames()) != null || params.has("task") && !declared.tasks()) {
      return false;
    }
    return switch (method) {
      case "ping" -> true;
      case "roots/list" -> declared.roots();
      case SAMPLING -> params.has("tools") ? declared.samplingTools() : declared.sampling();
      case ELICITATION -> opensUrl() ? declared.urls() : declared.forms();
      case "tasks/get", "tasks/result", "tasks/list", "tasks/cancel" -> declared.tasks();
      default -> false;
    };
  }

  /** The URL that the user is asked to open; not a URL at all where that cannot be told. */
  public Optional<String> url() {
    return opensUrl() ? Optional.of(params.path("url").asText("")) : Optional.empty();
  }

  private boolean opensUrl() {
    return method.equals(ELICITATION)
        && (params.has("url") || !params.path("mode").asText("form").equals("form"));
  }
}
