package dev.tallygate.json;

import com.fasterxml.jackson.core.io.schubfach.DoubleToDecimal;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/**
 * One spelling for each JSON value: the JSON Canonicalization Scheme of RFC 8785. No white space,
 * keys ordered by their UTF-16 code units, strings escaped only where JSON demands it, numbers as
 * ECMAScript writes them.
 */
public final class CanonicalJson {
  private static final String HEX = "0123456789abcdef";
  private static final BigDecimal MAX_SAFE = BigDecimal.valueOf(1L << 53);

  /** ECMAScript writes out integers of up to this many digits (ECMA-262, Number::toString). */
  private static final int PLAIN_DIGITS = 21;

  private static final int PLAIN_ZEROS = 6;

  private static final MathContext ONE_DIGIT = new MathContext(1);

  private CanonicalJson() {}

  /**
   * The canonical bytes, UTF-8.
   *
   * @throws IllegalArgumentException if the value has no spelling that says the same to every
   *     reader: an integer that a double cannot hold, a number beyond its range, or what is not
   *     JSON
   */
  public static byte[] bytes(JsonNode value) {
    return bytes(value, CanonicalJson::number);
  }

  /** The canonical bytes with another spelling of numbers. Takes any depth. */
  public static byte[] bytes(JsonNode value, Function<JsonNode, String> numbers) {
    Writer writer = new Writer(numbers);
    writer.begin(value);
    while (!writer.open.isEmpty()) {
      Container innermost = writer.open.peek();
      if (innermost.hasNext()) {
        writer.begin(innermost.next(writer));
      } else {
        writer.out.append(innermost.isArray() ? ']' : '}');
        writer.open.pop();
      }
    }
    return writer.out.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Names of the members of an object, ordered by UTF-16 code units; none for other values. */
  public static List<String> sortedKeys(JsonNode value) {
    List<String> keys = new ArrayList<>(value.isObject() ? value.size() : 0);
    value.fieldNames().forEachRemaining(keys::add);
    keys.sort(null);
    return keys;
  }

  private static final class Writer {
    private final Function<JsonNode, String> numbers;
    private final StringBuilder out = new StringBuilder(256);
    private final Deque<Container> open = new ArrayDeque<>();

    Writer(Function<JsonNode, String> numbers) {
      this.numbers = numbers;
    }

    void begin(JsonNode value) {
      switch (value.getNodeType()) {
        case ARRAY, OBJECT -> {
          out.append(value.isArray() ? '[' : '{');
          open.push(new Container(value));
        }
        case STRING -> string(value.textValue());
        case NUMBER -> out.append(numbers.apply(value));
        case BOOLEAN -> out.append(value.booleanValue());
        case NULL -> out.append("null");
        default -> throw new IllegalArgumentException("not a JSON value: " + value.getNodeType());
      }
    }

    void string(String text) {
      out.append('"');
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        switch (c) {
          case '"', '\\' -> out.append('\\').append(c);
          case '\b' -> out.append("\\b");
          case '\t' -> out.append("\\t");
          case '\n' -> out.append("\\n");
          case '\f' -> out.append("\\f");
          case '\r' -> out.append("\\r");
          default -> {
            if (c < 0x20 || isUnpaired(text, i)) {
              out.append("\\u");
              for (int shift = 12; shift >= 0; shift -= 4) {
                out.append(HEX.charAt(c >> shift & 0xf));
              }
            } else {
              out.append(c);
            }
          }
        }
      }
      out.append('"');
    }

    private static boolean isUnpaired(String text, int i) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)) {
        return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
      }
      return Character.isLowSurrogate(c)
          && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
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
    JsonNode next(Writer writer) {
      if (begun) {
        writer.out.append(',');
      }
      begun = true;
      if (isArray()) {
        return elements.next();
      }
      String key = keys.next();
      writer.string(key);
      writer.out.append(':');
      return value.get(key);
    }
  }

  /** As ECMA-262 writes the double that is nearest (RFC 8785, 3.2.2.3). */
  private static String number(JsonNode node) {
    BigDecimal exact = decimal(node);
    double nearest = node.doubleValue();
    if (Double.isInfinite(nearest)) {
      throw new IllegalArgumentException("a number is beyond the range of a double");
    }
    BigDecimal shortest = shortest(nearest);
    boolean integer = exact.stripTrailingZeros().scale() <= 0;
    if (!node.isDouble()
        && integer
        && exact.abs().compareTo(MAX_SAFE) > 0
        && shortest.compareTo(exact) != 0) {
      throw new IllegalArgumentException("an integer is beyond what a double can hold");
    }
    return nearest == 0 ? "0" : ecmaScript(shortest);
  }

  /** The decimal of the fewest digits that stands for a double, and of those the nearest. */
  private static BigDecimal shortest(double value) {
    BigDecimal decimal = new BigDecimal(DoubleToDecimal.toString(value)).stripTrailingZeros();
    // Java writes two digits at least, where one may do for the smallest of doubles.
    BigDecimal oneDigit = decimal.round(ONE_DIGIT);
    return decimal.precision() == 2 && oneDigit.doubleValue() == value ? oneDigit : decimal;
  }

  /**
   * A number's exact value.
   *
   * @throws IllegalArgumentException for what JSON cannot write: not-a-number, infinity
   */
  public static BigDecimal decimal(JsonNode number) {
    if ((number.isDouble() || number.isFloat()) && !Double.isFinite(number.doubleValue())) {
      throw new IllegalArgumentException("not a JSON value: " + number);
    }
    return number.decimalValue();
  }

  private static String ecmaScript(BigDecimal shortest) {
    BigInteger unscaled = shortest.unscaledValue();
    String sign = unscaled.signum() < 0 ? "-" : "";
    String digits = unscaled.abs().toString();
    int point = digits.length() - shortest.scale();
    if (digits.length() <= point && point <= PLAIN_DIGITS) {
      return sign + digits + "0".repeat(point - digits.length());
    }
    if (0 < point && point <= PLAIN_DIGITS) {
      return sign + digits.substring(0, point) + '.' + digits.substring(point);
    }
    if (-PLAIN_ZEROS < point && point <= 0) {
      return sign + "0." + "0".repeat(-point) + digits;
    }
    String fraction = digits.length() == 1 ? "" : '.' + digits.substring(1);
    int exponent = point - 1;
    return sign
        + digits.charAt(0)
        + fraction
        + 'e'
        + (exponent < 0 ? "-" : "+")
        + Math.abs(exponent);
  }
}
