package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/**
 * Equality of JSON values: types are strict, numbers equal by decimal value, order of keys free.
 */
final class JsonEquality {
  private JsonEquality() {}

  static boolean sameType(JsonNode a, JsonNode b) {
    return a.getNodeType() == b.getNodeType();
  }

  static boolean equal(JsonNode a, JsonNode b) {
    if (!sameType(a, b)) {
      return false;
    }
    return switch (a.getNodeType()) {
      case STRING -> a.textValue().equals(b.textValue());
      case NUMBER -> equalNumbers(a, b);
      case ARRAY -> equalArrays(a, b);
      case OBJECT -> equalObjects(a, b);
      default -> a.equals(b);
    };
  }

  /** Compares two numbers by value, exactly. */
  static int compare(JsonNode a, JsonNode b) {
    if (isLong(a) && isLong(b)) {
      return Long.compare(a.longValue(), b.longValue());
    }
    return a.decimalValue().compareTo(b.decimalValue());
  }

  /** Whether a number is one that JSON can write: neither infinite nor NaN. */
  static boolean isFinite(JsonNode number) {
    return !(number.isDouble() || number.isFloat()) || Double.isFinite(number.doubleValue());
  }

  private static boolean isLong(JsonNode number) {
    return number.isLong() || number.isInt();
  }

  private static boolean equalNumbers(JsonNode a, JsonNode b) {
    return isFinite(a) && isFinite(b) && compare(a, b) == 0;
  }

  private static boolean equalArrays(JsonNode a, JsonNode b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!equal(a.get(i), b.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean equalObjects(JsonNode a, JsonNode b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (Map.Entry<String, JsonNode> member : a.properties()) {
      JsonNode other = b.get(member.getKey());
      if (other == null || !equal(member.getValue(), other)) {
        return false;
      }
    }
    return true;
  }
}
