package dev.tallygate.node.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.CanonicalJson;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.StrictJson;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class CanonicalArgumentsTest {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  @Example
  void keysAreOrderedByUtf16UnitsAsRfc8785Shows() throws Exception {
    // The sorting example of RFC 8785, section 3.2.3
    String text =
        "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
            + "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
            + "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
            + "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}";
    assertThat(CanonicalJson.sortedKeys(read(text)))
        .containsExactly("\r", "1", "\u0080", "ö", "€", "\ud83d\ude00", "\ufb33");
  }

  @Example
  void stringsAreEscapedAsRfc8785Shows() throws Exception {
    // The string of RFC 8785, section 3.2.2
    assertThat(canonical("\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\""))
        .isEqualTo("\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
  }

  @Example
  void numbersHaveOneSpelling() throws Exception {
    assertThat(canonical("[42, 42.0, 4.2e1, 420E-1, 0.42e+2]")).isEqualTo("[42,42,42,42,42]");
    assertThat(canonical("[0, -0, 0.0, 0e9, -0.00]")).isEqualTo("[0,0,0,0,0]");
    assertThat(canonical("[4200, 0.5, -1.50]")).isEqualTo("[42e2,5e-1,-15e-1]");
  }

  @Example
  void integersBeyondDoublesStayApart() throws Exception {
    assertThat(canonical("9007199254740993")).isNotEqualTo(canonical("9007199254740992"));
    assertThat(canonical("0.1000000000000000055511151231257827")).isNotEqualTo(canonical("0.1"));
  }

  @Example
  void valuesOfDifferentKindsStayApart() throws Exception {
    List<String> all =
        List.of("1", "\"1\"", "[1]", "{\"1\":1}", "true", "\"true\"", "null", "[]", "{}", "[[]]");
    assertThat(all).extracting(CanonicalArgumentsTest::canonical).doesNotHaveDuplicates();
  }

  @Example
  void doublesAndIntegersOfOneValueAreAlike() {
    assertThat(text(NODES.numberNode(2.5d)))
        .isEqualTo(text(NODES.numberNode(new BigDecimal("2.50"))));
    assertThat(text(NODES.numberNode(BigInteger.TEN))).isEqualTo(text(NODES.numberNode(10)));
  }

  @Example
  void whatJsonCannotHoldIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CanonicalArguments.bytes(NODES.numberNode(Double.NaN)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CanonicalArguments.bytes(NODES.binaryNode(new byte[1])));
  }

  @Example
  void depthCostsNoStack() {
    // Given
    ArrayNode root = NODES.arrayNode();
    ArrayNode innermost = root;
    for (int i = 0; i < 200_000; i++) {
      ArrayNode next = NODES.arrayNode();
      innermost.add(next);
      innermost = next;
    }
    // When // Then
    assertThat(CanonicalArguments.bytes(root)).hasSize(400_002);
  }

  @Property(tries = 500)
  void keyOrderAndNumberSpellingNeverMatter(@ForAll long seed) {
    JsonNode value = value(new Random(seed), 4);
    assertThat(text(respelled(value, new Random(seed)))).isEqualTo(text(value));
  }

  @Property(tries = 500)
  void differentValuesDiffer(@ForAll int first, @ForAll int second) {
    JsonNode one = value(new Random(first), 2);
    JsonNode other = value(new Random(second), 2);
    boolean same = one.equals((a, b) -> alike(a, b), other);
    assertThat(text(one).equals(text(other))).isEqualTo(same);
  }

  @Property(tries = 500)
  void canonicalTextReadsBackAsTheSameValue(@ForAll long seed) throws Exception {
    JsonNode value = value(new Random(seed), 4);
    JsonNode again = StrictJson.read(CanonicalArguments.bytes(value), JsonBounds.REQUEST);
    assertThat(again.equals((a, b) -> alike(a, b), value)).isTrue();
  }

  private static int alike(JsonNode a, JsonNode b) {
    if (a.isNumber() && b.isNumber()) {
      return a.decimalValue().compareTo(b.decimalValue());
    }
    return a.equals(b) ? 0 : 1;
  }

  /** Values from a seed: recursive arbitraries grow beyond memory here. */
  private static JsonNode value(Random random, int depth) {
    switch (random.nextInt(depth == 0 ? 4 : 6)) {
      case 0:
        return NODES.numberNode(BigDecimal.valueOf(random.nextInt(21) - 10, random.nextInt(4) - 2));
      case 1:
        return NODES.textNode(string(random));
      case 2:
        return NODES.booleanNode(random.nextBoolean());
      case 3:
        return NODES.nullNode();
      case 4:
        ArrayNode array = NODES.arrayNode();
        for (int i = random.nextInt(4); i > 0; i--) {
          array.add(value(random, depth - 1));
        }
        return array;
      default:
        ObjectNode object = NODES.objectNode();
        for (int i = random.nextInt(4); i > 0; i--) {
          object.set(string(random), value(random, depth - 1));
        }
        return object;
    }
  }

  private static String string(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(3); i > 0; i--) {
      text.append("ab\"\\\n\u0001€".charAt(random.nextInt(7)));
    }
    return text.toString();
  }

  private static JsonNode respelled(JsonNode value, Random random) {
    if (value.isNumber()) {
      BigDecimal number = value.decimalValue();
      return NODES.numberNode(number.setScale(number.scale() + random.nextInt(5)));
    }
    if (value.isArray()) {
      ArrayNode array = NODES.arrayNode();
      value.forEach(element -> array.add(respelled(element, random)));
      return array;
    }
    if (value.isObject()) {
      List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(value.properties());
      Collections.shuffle(fields, random);
      ObjectNode object = NODES.objectNode();
      fields.forEach(field -> object.set(field.getKey(), respelled(field.getValue(), random)));
      return object;
    }
    return value;
  }

  private static JsonNode read(String json) throws Exception {
    return StrictJson.read(json.getBytes(StandardCharsets.UTF_8), JsonBounds.REQUEST);
  }

  private static String canonical(String json) {
    try {
      return text(read(json));
    } catch (Exception e) {
      throw new AssertionError(json, e);
    }
  }

  private static String text(JsonNode value) {
    return new String(CanonicalArguments.bytes(value), StandardCharsets.UTF_8);
  }
}
