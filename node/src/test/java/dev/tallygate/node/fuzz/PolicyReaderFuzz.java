package dev.tallygate.node.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.policy.Decision;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Policy;
import dev.tallygate.policy.PolicyImport;
import dev.tallygate.policy.PolicyReading;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A policy is refused with findings, or compiles to one that no order of keys and no added denial
 * makes more generous.
 */
class PolicyReaderFuzz {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final List<String> TOOLS = List.of("t", "pay", "read", "no tool", "");
  private static final List<JsonNode> ARGUMENTS =
      List.of(
          NODES.objectNode(),
          NODES.objectNode().put("a", 1).put("b", "x"),
          NODES.objectNode().put("amount", 100).put("path", "/srv/data/../x"),
          NODES.objectNode().set("a", NODES.arrayNode().add(1).add("1").addNull()));

  @FuzzTest
  void compilesToThePolicyThatItSays(byte[] document) {
    PolicyImport.fromYaml(document)
        .policy()
        .ifPresent(
            made ->
                assertThat(Policy.read(made.getBytes(StandardCharsets.UTF_8)).policy())
                    .isPresent());
    PolicyReading reading = Policy.read(document);
    requireFindingsOrAPolicy(reading);
    reading.policy().ifPresent(policy -> requireProperties(policy, Json.read(document)));
  }

  private static void requireFindingsOrAPolicy(PolicyReading reading) {
    boolean errors =
        reading.findings().stream().anyMatch(f -> f.severity() == Finding.Severity.ERROR);
    assertThat(reading.policy().isPresent()).isEqualTo(!errors);
  }

  private static void requireProperties(Policy policy, JsonNode document) {
    Policy reversed = compiled(reversed(document));
    Policy stricter = stricter(document);
    for (String tool : TOOLS) {
      for (JsonNode arguments : ARGUMENTS) {
        Decision decision = policy.decide(tool, arguments);
        assertThat(reversed.decide(tool, reversed(arguments))).isEqualTo(decision);
        if (stricter != null && decision instanceof Decision.Deny) {
          assertThat(stricter.decide(tool, arguments)).isInstanceOf(Decision.Deny.class);
        }
      }
    }
  }

  /** The policy with one more denial in the rule of the first tool; null where it has no rule. */
  private static Policy stricter(JsonNode document) {
    ObjectNode copy = document.deepCopy();
    if (!(copy.get("tools") instanceof ObjectNode tools) || tools.isEmpty()) {
      return null;
    }
    ObjectNode rule = (ObjectNode) tools.elements().next();
    ArrayNode denials = rule.get("deny_if") instanceof ArrayNode array ? array : null;
    if (denials == null) {
      denials = rule.putArray("deny_if");
    }
    denials
        .addObject()
        .putArray("conditions")
        .addObject()
        .put("path", "args.a")
        .put("op", "eq")
        .put("value", 1);
    return Policy.read(copy.toString().getBytes(StandardCharsets.UTF_8)).policy().orElse(null);
  }

  private static Policy compiled(JsonNode document) {
    return Policy.read(document.toString().getBytes(StandardCharsets.UTF_8)).policy().orElseThrow();
  }

  private static JsonNode reversed(JsonNode node) {
    if (node.isArray()) {
      ArrayNode array = NODES.arrayNode();
      node.forEach(item -> array.add(reversed(item)));
      return array;
    }
    if (!node.isObject()) {
      return node;
    }
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    Collections.reverse(names);
    ObjectNode object = NODES.objectNode();
    names.forEach(name -> object.set(name, reversed(node.get(name))));
    return object;
  }
}
