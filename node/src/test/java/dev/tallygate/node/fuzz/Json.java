package dev.tallygate.node.fuzz;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;

/** JSON as a lenient server reads it: Jackson as it comes, but for numbers, which stay exact. */
final class Json {
  private static final JsonMapper AS_IT_COMES =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
          .build();

  private Json() {}

  static JsonNode read(byte[] text) {
    try {
      return AS_IT_COMES.readTree(text);
    } catch (IOException e) {
      throw new AssertionError("another parser cannot read what was accepted", e);
    }
  }

  /**
   * Reads what a server wrote: unlike {@link #read} it takes halves of surrogate pairs, which
   * servers leave where they cut a text, and which stay as they are on their way to the client.
   */
  static JsonNode readOfServer(byte[] text) {
    String read = new String(text, StandardCharsets.UTF_8);
    try {
      return AS_IT_COMES.readTree(read);
    } catch (NumberFormatException e) {
      return ofDoubles(read); // an exponent that no exact decimal has
    } catch (IOException e) {
      throw new AssertionError("another parser cannot read what was accepted", e);
    }
  }

  private static JsonNode ofDoubles(String text) {
    try {
      return new JsonMapper().readTree(text);
    } catch (IOException e) {
      throw new AssertionError("another parser cannot read what was accepted", e);
    }
  }

  /** Whether two trees hold the same, numbers by value. */
  static boolean same(JsonNode a, JsonNode b) {
    if (a.getNodeType() != b.getNodeType() || a.size() != b.size()) {
      return false;
    }
    if (a.isDouble() || b.isDouble()) {
      return a.doubleValue() == b.doubleValue();
    }
    if (a.isNumber()) {
      BigDecimal number = a.decimalValue();
      return number.compareTo(b.decimalValue()) == 0;
    }
    if (a.isObject()) {
      for (Map.Entry<String, JsonNode> member : a.properties()) {
        JsonNode other = b.get(member.getKey());
        if (other == null || !same(member.getValue(), other)) {
          return false;
        }
      }
      return true;
    }
    if (a.isArray()) {
      Iterator<JsonNode> others = b.iterator();
      for (JsonNode item : a) {
        if (!same(item, others.next())) {
          return false;
        }
      }
      return true;
    }
    return a.equals(b);
  }
}
