package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Equality of JSON values: types are strict, numbers equal by decimal value, order of keys free.
 *
 * <p>A server that keeps numbers as doubles (IEEE 754 binary64, as JavaScript does) takes 100 for
 * what is written as 100.00000000000000000001. So numbers are compared as decimals and as doubles,
 * and where that gives two answers there is none.
 */
final class JsonEquality {
  private static final long MAX_SAFE_INTEGER = (1L << 53) - 1;

  private JsonEquality() {}

  static boolean sameType(JsonNode a, JsonNode b) {
    return a.getNodeType() == b.getNodeType();
  }

  static Truth equal(JsonNode a, JsonNode b) {
    if (!sameType(a, b)) {
      return Truth.FALSE;
    }
    return switch (a.getNodeType()) {
      case STRING -> Truth.of(a.textValue().equals(b.textValue()));
      case NUMBER -> equalNumbers(a, b);
      case ARRAY -> equalArrays(a, b);
      case OBJECT -> equalObjects(a, b);
      default -> Truth.of(a.equals(b));
    };
  }

  /** What {@code test} says of the order of two finite numbers, if both readings agree on it. */
  static Truth ordered(JsonNode a, JsonNode b, IntPredicate test) {
    if (isSafe(a) && isSafe(b)) {
      return Truth.of(test.test(Long.compare(a.longValue(), b.longValue())));
    }
    boolean exact = test.test(a.decimalValue().compareTo(b.decimalValue()));
    // Adding zero makes -0.0 the same as 0.0.
    boolean rounded = test.test(Double.compare(a.doubleValue() + 0.0, b.doubleValue() + 0.0));
    return exact == rounded ? Truth.of(exact) : Truth.INDETERMINATE;
  }

  /** Whether a number is one that JSON can write: neither infinite nor NaN. */
  static boolean isFinite(JsonNode number) {
    return !(number.isDouble() || number.isFloat()) || Double.isFinite(number.doubleValue());
  }

  /** Whether a number is an integer that a double keeps. */
  private static boolean isSafe(JsonNode number) {
    return (number.isLong() || number.isInt()) && Math.abs(number.longValue()) <= MAX_SAFE_INTEGER;
  }

  private static Truth equalNumbers(JsonNode a, JsonNode b) {
    return isFinite(a) && isFinite(b) ? ordered(a, b, order -> order == 0) : Truth.FALSE;
  }

  private static Truth equalArrays(JsonNode a, JsonNode b) {
    Truth all = Truth.of(a.size() == b.size());
    for (int i = 0; i < a.size() && all != Truth.FALSE; i++) {
      all = all.and(equal(a.get(i), b.get(i)));
    }
    return all;
  }

  private static Truth equalObjects(JsonNode a, JsonNode b) {
    Truth all = Truth.of(a.size() == b.size());
    for (Map.Entry<String, JsonNode> member : a.properties()) {
      if (all == Truth.FALSE) {
        break;
      }
      JsonNode other = b.get(member.getKey());
      all = other == null ? Truth.FALSE : all.and(equal(member.getValue(), other));
    }
    return all;
  }
}
