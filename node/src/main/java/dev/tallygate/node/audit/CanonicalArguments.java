package dev.tallygate.node.audit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.CanonicalJson;
import java.math.BigDecimal;

/**
 * One spelling for each JSON value, so that equal arguments have equal digests.
 *
 * <p>As RFC 8785 (JCS), but numbers are exact decimals, not doubles: JCS would give
 * 9007199254740993 and 9007199254740992 the same spelling, and a server that reads integers exactly
 * would run two different calls under one digest. A number is its digits without trailing zeros and
 * its power of ten: 42, 42.0 and 4.2e1 are {@code 42}, 4200 is {@code 42e2}, 0.5 is {@code 5e-1}.
 */
public final class CanonicalArguments {
  private CanonicalArguments() {}

  /**
   * The canonical bytes, UTF-8.
   *
   * @throws IllegalArgumentException if the value holds what JSON cannot: not-a-number, infinity,
   *     bytes or Java objects
   */
  public static byte[] bytes(JsonNode value) {
    return CanonicalJson.bytes(value, CanonicalArguments::number);
  }

  private static String number(JsonNode number) {
    BigDecimal decimal = CanonicalJson.decimal(number).stripTrailingZeros();
    // Zero keeps no exponent: stripTrailingZeros gives it scale 0.
    String exponent = decimal.scale() == 0 ? "" : "e" + -(long) decimal.scale();
    return decimal.unscaledValue() + exponent;
  }
}
