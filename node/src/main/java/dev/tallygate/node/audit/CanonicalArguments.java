package dev.tallygate.node.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * One spelling for each JSON value, so that equal arguments have equal digests.
 *
 * <p>As RFC 8785 (JCS): no white space, keys ordered by their UTF-16 code units, strings escaped
 * only where JSON demands it. Unlike it, numbers are exact decimals, not doubles: JCS would give
 * 9007199254740993 and 9007199254740992 the same spelling, and a server that reads integers exactly
 * would run two different calls under one digest. A number is its digits without trailing zeros and
 * its power of ten: 42, 42.0 and 4.2e1 are {@code 42}, 4200 is {@code 42e2}, 0.5 is {@code 5e-1}.
 */
public final class CanonicalArguments {
  private static final String HEX = "0123456789abcdef";

  private CanonicalArguments() {}

  /**
   * The canonical bytes, UTF-8. Takes any depth: it keeps its own stack.
   *
   * @throws IllegalArgumentException if the value holds what JSON cannot: not-a-number, infinity,
   *     bytes or Java objects
   */
  public static byte[] bytes(JsonNode value) {
    LineBuffer out = new LineBuffer(256);
    Deque<Container> open = new ArrayDeque<>();
    begin(value, open, out);
    while (!open.isEmpty()) {
      Container innermost = open.peek();
      if (innermost.hasNext()) {
        begin(innermost.next(out), open, out);
      } else {
        out.put(innermost.isArray() ? ']' : '}');
        open.pop();
      }
    }
    return out.toByteArray();
  }

  /** Names of the members of an object, ordered by UTF-16 code units; none for other values. */
  public static List<String> sortedKeys(JsonNode value) {
    List<String> keys = new ArrayList<>(value.isObject() ? value.size() : 0);
    value.fieldNames().forEachRemaining(keys::add);
    keys.sort(null);
    return keys;
  }

  private static void begin(JsonNode value, Deque<Container> open, LineBuffer out) {
    switch (value.getNodeType()) {
      case ARRAY, OBJECT -> {
        out.put(value.isArray() ? '[' : '{');
        open.push(new Container(value));
      }
      case STRING -> string(value.textValue(), out);
      case NUMBER -> number(value, out);
      case BOOLEAN -> out.putAscii(value.booleanValue() ? "true" : "false");
      case NULL -> out.putAscii("null");
      default -> throw new IllegalArgumentException("not a JSON value: " + value.getNodeType());
    }
  }

  /** An array or object whose members are being written. */
  private static final class Container {
    private final JsonNode value;
    private final Iterator<JsonNode> elements;
    private final Iterator<String> keys;
    private boolean begun;

    Container(JsonNode value) {
      this.value = value;
      this.elements = value.elements();
      this.keys = sortedKeys(value).iterator();
    }

    boolean isArray() {
      return value.isArray();
    }

    boolean hasNext() {
      return isArray() ? elements.hasNext() : keys.hasNext();
    }

    /** Writes what stands before the next member, and returns the member. */
    JsonNode next(LineBuffer out) {
      if (begun) {
        out.put(',');
      }
      begun = true;
      if (isArray()) {
        return elements.next();
      }
      String key = keys.next();
      string(key, out);
      out.put(':');
      return value.get(key);
    }
  }

  private static void number(JsonNode number, LineBuffer out) {
    if ((number.isDouble() || number.isFloat()) && !Double.isFinite(number.doubleValue())) {
      throw new IllegalArgumentException("not a JSON value: " + number);
    }
    BigDecimal decimal = number.decimalValue().stripTrailingZeros();
    out.putAscii(decimal.unscaledValue().toString());
    // Zero keeps no exponent: stripTrailingZeros gives it scale 0.
    if (decimal.scale() != 0) {
      out.put('e').putAscii(Long.toString(-(long) decimal.scale()));
    }
  }

  private static void string(String text, LineBuffer out) {
    out.put('"');
    int i = 0;
    while (i < text.length()) {
      int c = text.codePointAt(i);
      switch (c) {
        case '"', '\\' -> out.put('\\').put(c);
        case '\b' -> out.putAscii("\\b");
        case '\t' -> out.putAscii("\\t");
        case '\n' -> out.putAscii("\\n");
        case '\f' -> out.putAscii("\\f");
        case '\r' -> out.putAscii("\\r");
        default -> {
          if (c < 0x20 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
            out.putAscii("\\u");
            for (int shift = 12; shift >= 0; shift -= 4) {
              out.put(HEX.charAt(c >> shift & 0xf));
            }
          } else if (c < 0x80) {
            out.put(c);
          } else {
            out.putUtf8(c);
          }
        }
      }
      i += Character.charCount(c);
    }
    out.put('"');
  }
}
