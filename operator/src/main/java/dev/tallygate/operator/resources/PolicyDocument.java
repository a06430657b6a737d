package dev.tallygate.operator.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.Set;
import java.util.regex.Pattern;

/** The policy document that a Policy's spec is: decimals that are written as texts are numbers. */
final class PolicyDocument {
  private static final Set<String> COSTS = Set.of("max", "increment");
  private static final Set<String> COMPARISONS = Set.of("lt", "lte", "gt", "gte");
  private static final Pattern DECIMAL = Pattern.compile("-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,18})?");

  private PolicyDocument() {}

  static JsonNode of(JsonNode spec) {
    JsonNode document = spec.deepCopy();
    limits(document.path("all_tools"));
    for (JsonNode rule : document.path("tools")) {
      limits(rule);
      number(rule.path("rate_limit"), "max");
      for (String entries : Set.of("require", "deny_if")) {
        for (JsonNode entry : rule.path(entries)) {
          entry.path("conditions").forEach(PolicyDocument::comparison);
        }
      }
    }
    return document;
  }

  private static void limits(JsonNode rule) {
    for (JsonNode limit : rule.path("limits")) {
      COSTS.forEach(key -> number(limit, key));
    }
  }

  private static void comparison(JsonNode condition) {
    if (COMPARISONS.contains(condition.path("op").asText())) {
      number(condition, "value");
    }
  }

  private static void number(JsonNode in, String key) {
    JsonNode value = in.path(key);
    if (value.isTextual() && DECIMAL.matcher(value.textValue()).matches()) {
      ((ObjectNode) in).set(key, DecimalNode.valueOf(new BigDecimal(value.textValue())));
    }
  }
}
