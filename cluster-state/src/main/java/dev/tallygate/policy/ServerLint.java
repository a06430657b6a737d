package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Warnings about a policy that does not fit the server that it is attached to: tools that the
 * server does not have, and arguments that a tool's input schema does not have.
 *
 * <p>A schema that says more than {@code properties} and {@code items} ({@code $ref}, {@code
 * anyOf}, {@code additionalProperties}, ...) may well allow an argument that cannot be seen here,
 * so no warning is given beyond it.
 */
public final class ServerLint {
  private static final Set<String> OPENING_KEYWORDS =
      Set.of(
          "$ref",
          "$dynamicRef",
          "allOf",
          "anyOf",
          "oneOf",
          "if",
          "patternProperties",
          "dependentSchemas",
          "prefixItems");

  private final DocumentCheck check;
  private final Map<String, JsonNode> schemas = new HashMap<>();

  private ServerLint(JsonDocument policy, JsonNode tools) {
    this.check = new DocumentCheck(new JsonDocument(policy.root(), policy.positions(), List.of()));
    for (JsonNode tool : tools) {
      schemas.put(tool.path("name").asText(), tool.path("inputSchema"));
    }
  }

  /**
   * Compares a policy with a server's tools. Thread-safe.
   *
   * @param policy the document, UTF-8 JSON; one that cannot be read gives no warnings
   * @param tools the {@code tools} array of a {@code tools/list} result
   */
  public static List<Finding> check(byte[] policy, JsonNode tools) {
    try {
      return check(StrictJson.readDocument(policy, JsonBounds.DOCUMENT), tools);
    } catch (JsonRefused e) {
      return List.of();
    }
  }

  /** As {@link #check(byte[], JsonNode)}, of a document that was read already. */
  public static List<Finding> check(JsonDocument policy, JsonNode tools) {
    ServerLint lint = new ServerLint(policy, tools);
    lint.document(policy.root());
    return lint.check.findings();
  }

  private void document(JsonNode root) {
    JsonNode hide = root.path("hide");
    for (int i = 0; i < hide.size(); i++) {
      String name = hide.get(i).asText();
      if (!name.equals("*")) {
        isKnown(name, JsonPointers.child("/hide", i));
      }
    }
    for (Map.Entry<String, JsonNode> tool : root.path("tools").properties()) {
      String at = JsonPointers.child("/tools", tool.getKey());
      if (isKnown(tool.getKey(), at)) {
        rule(schemas.get(tool.getKey()), tool.getValue(), at);
      }
    }
  }

  private boolean isKnown(String tool, String at) {
    if (schemas.containsKey(tool)) {
      return true;
    }
    check.warn(
        at,
        "the server has no tool "
            + DocumentCheck.quoted(tool)
            + DocumentCheck.suggestion(tool, schemas.keySet()));
    return false;
  }

  private void rule(JsonNode schema, JsonNode rule, String at) {
    for (String field : List.of("require", "deny_if")) {
      JsonNode entries = rule.path(field);
      for (int i = 0; i < entries.size(); i++) {
        String entryAt = JsonPointers.child(JsonPointers.child(at, field), i);
        JsonNode conditions = entries.get(i).path("conditions");
        for (int j = 0; j < conditions.size(); j++) {
          path(
              schema,
              conditions.get(j).path("path").asText(),
              JsonPointers.child(JsonPointers.child(entryAt, "conditions"), j) + "/path");
        }
      }
    }
    JsonNode limits = rule.path("limits");
    for (int i = 0; i < limits.size(); i++) {
      if (limits.get(i).has("increment_from")) {
        path(
            schema,
            limits.get(i).get("increment_from").asText(),
            JsonPointers.child(JsonPointers.child(at, "limits"), i) + "/increment_from");
      }
    }
  }

  private void path(JsonNode schema, String written, String at) {
    List<String> steps;
    try {
      steps = ArgumentPath.parse(written).steps();
    } catch (MalformedValue e) {
      return;
    }
    JsonNode here = schema;
    for (String step : steps) {
      if (!isClosedEnoughToTell(here)) {
        return;
      }
      boolean list = here.path("type").asText().equals("array");
      JsonNode properties = here.path("properties");
      if (list) {
        here = here.path("items");
      } else if (step != null && properties.has(step)) {
        here = properties.get(step);
      } else if (step == null || !properties.isObject() || admitsMore(here)) {
        return;
      } else {
        Set<String> known = new HashSet<>();
        properties.fieldNames().forEachRemaining(known::add);
        List<String> sorted = new ArrayList<>(known);
        sorted.sort(null);
        check.warn(
            at,
            "the tool's input schema has no argument "
                + DocumentCheck.quoted(step)
                + DocumentCheck.suggestion(step, known)
                + (sorted.isEmpty()
                    ? "; it has none here"
                    : "; it has here: "
                        + String.join(", ", sorted.subList(0, Math.min(20, sorted.size())))));
        return;
      }
    }
  }

  /** A schema object without keywords that could bring further properties in. */
  private static boolean isClosedEnoughToTell(JsonNode schema) {
    if (!schema.isObject()) {
      return false;
    }
    for (String keyword : OPENING_KEYWORDS) {
      if (schema.has(keyword)) {
        return false;
      }
    }
    return true;
  }

  /** Whether the schema says outright that other properties are welcome. */
  private static boolean admitsMore(JsonNode schema) {
    JsonNode more = schema.path("additionalProperties");
    return more.isObject() || (more.isBoolean() && more.booleanValue());
  }
}
