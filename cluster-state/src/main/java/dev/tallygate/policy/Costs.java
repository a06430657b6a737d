package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.Optional;

/** Costs and ceilings: exact decimals, zero or more, within a range that any store can hold. */
final class Costs {
  static final int MAX_DECIMALS = 9;

  /** The largest ceiling or constant cost that a policy may name. */
  static final BigDecimal MOST = BigDecimal.TEN.pow(15);

  private Costs() {}

  /** The cost that an argument names, or nothing where it names none. */
  static Optional<BigDecimal> of(JsonNode value) {
    if (value == null || !value.isNumber() || !JsonEquality.isFinite(value)) {
      return Optional.empty();
    }
    return normalised(value.decimalValue()).filter(cost -> cost.signum() >= 0);
  }

  /** Without trailing zeros; nothing where more decimals remain than a cost may have. */
  static Optional<BigDecimal> normalised(BigDecimal number) {
    BigDecimal stripped = number.stripTrailingZeros();
    if (stripped.scale() > MAX_DECIMALS) {
      return Optional.empty();
    }
    return Optional.of(stripped.scale() < 0 ? stripped.setScale(0) : stripped);
  }
}
