package dev.tallygate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Whatever stands in a policy: more denials never allow more, and the order of keys says nothing.
 */
class PolicyMonotonicityTest {
  private static final List<String> TOOLS = List.of("t", "t", "t", "u", "T", "no tool");

  @Property(tries = 5_000)
  void addingADenialOfAnyKindNeverAllowsMore(@ForAll Random random) {
    // Given
    JsonNode policy = Policies.json(RandomPolicies.document(random));
    JsonNode stricter = withOneMoreDenial(policy, random);
    String tool = RandomPolicies.pick(random, TOOLS);
    JsonNode arguments = Policies.json(RandomPolicies.object(random, 3));

    // When
    Decision before = compiled(policy).decide(tool, arguments);
    Decision after = compiled(stricter).decide(tool, arguments);

    // Then
    if (before instanceof Decision.Deny) {
      assertThat(after)
          .as("%s called with %s under %s", tool, arguments, stricter)
          .isInstanceOf(Decision.Deny.class);
    } else if (after instanceof Decision.Allow allow) {
      assertThat(allow.charges()).isEqualTo(((Decision.Allow) before).charges());
    }
  }

  @Property(tries = 2_000)
  void addingADenialOfAnyKindNeverListsMore(@ForAll Random random) {
    // Given
    JsonNode policy = Policies.json(RandomPolicies.document(random));
    JsonNode stricter = withOneMoreDenial(policy, random);

    // Then
    for (String tool : TOOLS) {
      assertThat(compiled(policy).lists(tool) || !compiled(stricter).lists(tool)).isTrue();
    }
  }

  @Property(tries = 5_000)
  void orderOfKeysOfPolicyAndArgumentsNeverMatters(@ForAll Random random) {
    // Given
    JsonNode policy = Policies.json(RandomPolicies.document(random));
    String tool = RandomPolicies.pick(random, TOOLS);
    JsonNode arguments = Policies.json(RandomPolicies.object(random, 3));

    // When
    Decision plain = compiled(policy).decide(tool, arguments);
    Decision shuffled =
        compiled(shuffled(policy, random)).decide(tool, shuffled(arguments, random));

    // Then
    assertThat(withoutWording(shuffled)).isEqualTo(withoutWording(plain));
  }

  /** A message may quote an object of the policy, in the order in which it is written there. */
  private static Object withoutWording(Decision decision) {
    return decision instanceof Decision.Deny deny
        ? List.of(deny.denial().reason(), deny.denial().rule(), deny.denial().name())
        : decision;
  }

  private static JsonNode withOneMoreDenial(JsonNode policy, Random random) {
    ObjectNode stricter = policy.deepCopy();
    ObjectNode rule = (ObjectNode) stricter.at("/tools/t");
    switch (random.nextInt(4)) {
      case 0 -> rule.put("action", "deny");
      case 1 -> stricter.withArrayProperty("hide").add("t");
      default -> {
        String field = random.nextBoolean() ? "deny_if" : "require";
        ArrayNode entries = rule.withArrayProperty(field);
        ArrayNode more = (ArrayNode) Policies.json(RandomPolicies.entries(random));
        more.forEach(entry -> entries.insert(random.nextInt(entries.size() + 1), entry));
      }
    }
    return stricter;
  }

  private static Policy compiled(JsonNode document) {
    PolicyReading reading = Policies.read(document.toString());
    assertThat(Policies.errors(reading)).as("errors of %s", document).isEmpty();
    return reading.policy().orElseThrow();
  }

  private static JsonNode shuffled(JsonNode node, Random random) {
    if (node.isArray()) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode();
      node.forEach(element -> array.add(shuffled(element, random)));
      return array;
    }
    if (!node.isObject()) {
      return node;
    }
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    Collections.shuffle(names, random);
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    names.forEach(name -> object.set(name, shuffled(node.get(name), random)));
    return object;
  }
}
