package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tallygate.node.mcp.Outgoing.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Watches a message of a server pass and tells at its end what it was. It neither holds nor changes
 * any of it, and takes the same memory for a message of any size.
 *
 * <p>A message that says a thing twice is {@link Kind#UNKNOWN}: which of them a reader takes is not
 * known here. Not thread-safe.
 */
public final class ResultScan {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Set<String> OUTER = Set.of("/id", "/method", "/result", "/error", "/params");
  private static final Set<String> INNER =
      Set.of(
          "/result/isError",
          "/result/resultType",
          "/result/tools",
          "/result/inputRequests",
          "/result/prompts",
          "/result/instructions",
          "/result/taskId",
          "/result/task",
          "/error/code");
  private static final Set<String> TASK = Set.of("/result/task/taskId");

  private final Scanner scanner = new Scanner();

  /** What a whole message is. */
  public static Outgoing of(byte[] message) {
    ResultScan scan = new ResultScan();
    scan.feed(message, 0, message.length);
    return scan.finish();
  }

  /** Watches the bytes {@code from} to {@code to}, the latter excluded. */
  public void feed(byte[] bytes, int from, int to) {
    scanner.feed(bytes, from, to);
  }

  /** Whether a list of tools has begun, so far as the message has passed. */
  public boolean listsTools() {
    return scanner.found.containsKey("/result/tools");
  }

  /** Whether something may be asked of the client in it: such a result or an error has begun. */
  public boolean mayAsk() {
    return scanner.begins("/result/inputRequests") || scanner.begins("/error");
  }

  /** What the message was, now that its last byte has passed. */
  public Outgoing finish() {
    if (scanner.outermost == Outermost.ARRAY) {
      return Outgoing.of(Kind.BATCH);
    }
    if (!scanner.finish() || scanner.outermost != Outermost.OBJECT) {
      return Outgoing.of(Kind.UNKNOWN);
    }
    return classified(scanner.found);
  }

  private static Outgoing classified(Map<String, JsonNode> found) {
    boolean hasMethod = found.containsKey("/method");
    boolean hasResult = found.containsKey("/result");
    boolean hasError = found.containsKey("/error");
    JsonNode id = found.get("/id");
    boolean hasId = id != null && (id.isTextual() || id.isIntegralNumber());
    if ((hasMethod ? 1 : 0) + (hasResult ? 1 : 0) + (hasError ? 1 : 0) != 1) {
      return Outgoing.of(Kind.UNKNOWN);
    }
    Kind kind;
    if (hasMethod) {
      if (!found.get("/method").isTextual() || id != null && !hasId) {
        return Outgoing.of(Kind.UNKNOWN);
      }
      kind = hasId ? Kind.REQUEST : Kind.NOTIFICATION;
    } else if (hasResult && !(hasId && found.get("/result").isObject())) {
      return Outgoing.of(Kind.UNKNOWN);
    } else {
      kind = hasResult ? Kind.RESULT : Kind.ERROR;
    }
    JsonNode isError = found.get("/result/isError");
    if (isError != null && !isError.isBoolean()) {
      return Outgoing.of(Kind.UNKNOWN);
    }
    JsonNode code = found.get("/error/code");
    return new Outgoing(
        kind,
        hasId ? Optional.of(id) : Optional.empty(),
        Optional.ofNullable(found.get("/method")).map(JsonNode::textValue),
        isError != null && isError.booleanValue(),
        Optional.ofNullable(found.get("/result/resultType")).map(JsonNode::textValue),
        code != null && code.isIntegralNumber() && code.canConvertToLong()
            ? OptionalLong.of(code.longValue())
            : OptionalLong.empty(),
        taskId(found),
        found.containsKey("/result/inputRequests")
            || code != null && code.asInt() == Question.URL_REQUIRED,
        found.containsKey("/result/tools"),
        found.containsKey("/result/prompts"),
        found.containsKey("/result/instructions"));
  }

  /** In a task of 2025-11-25 its id stands a level deeper than in one of the extension. */
  private static Optional<String> taskId(Map<String, JsonNode> found) {
    JsonNode id = found.getOrDefault("/result/taskId", found.get("/result/task/taskId"));
    return Optional.ofNullable(id).map(JsonNode::textValue);
  }

  private enum Outermost {
    OBJECT,
    ARRAY,
    NONE
  }

  private static final class Scanner extends JsonScanner {
    /** Stands for a value that is not held. */
    private static final JsonNode OBJECT = JsonNodeFactory.instance.objectNode();

    private static final JsonNode OTHER = JsonNodeFactory.instance.nullNode();

    private final Map<String, JsonNode> found = new HashMap<>();
    private Outermost outermost = Outermost.NONE;
    private String outerKey = "";
    private String innerKey = "";
    private String path;

    /** Whether the key has been read, if not yet its value. */
    boolean begins(String watched) {
      return found.containsKey(watched) || watched.equals(path);
    }

    @Override
    void key(int depth, byte[] written) {
      path = null;
      if (depth > 3) {
        return;
      }
      // A key that cannot be read, or is as long as that, is none of those watched for.
      String key = written == null ? "" : text(written);
      if (depth == 1) {
        outerKey = key;
        innerKey = "";
        path = "/" + key;
        watch(OUTER);
      } else if (depth == 2) {
        innerKey = key;
        if (outerKey.equals("result") || outerKey.equals("error")) {
          path = "/" + outerKey + "/" + key;
          watch(INNER);
        }
      } else if (outerKey.equals("result") && innerKey.equals("task")) {
        path = "/result/task/" + key;
        watch(TASK);
      }
    }

    private void watch(Set<String> watched) {
      if (!watched.contains(path)) {
        path = null;
      } else if (found.containsKey(path)) {
        fail();
      }
    }

    @Override
    void scalar(int depth, byte[] written) {
      if (path != null) {
        found.put(path, written == null ? OTHER : read(written));
        path = null;
      }
    }

    @Override
    void open(int depth, boolean isObject) {
      if (depth == 0) {
        outermost = isObject ? Outermost.OBJECT : Outermost.ARRAY;
      } else if (path != null) {
        found.put(path, isObject ? OBJECT : OTHER);
        path = null;
      }
    }

    /** The text of a string, by itself where it is plain, as nearly every key is. */
    private static String text(byte[] written) {
      for (byte b : written) {
        if (b == '\\' || b < 0) {
          return read(written).asText("");
        }
      }
      return new String(written, 1, written.length - 2, StandardCharsets.US_ASCII);
    }

    private static JsonNode read(byte[] written) {
      try {
        return JSON.readTree(written);
      } catch (IOException e) {
        return OTHER;
      }
    }
  }
}
