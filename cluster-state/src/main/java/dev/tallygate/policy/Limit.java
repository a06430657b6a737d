package dev.tallygate.policy;

import java.math.BigDecimal;
import java.util.Optional;

/**
 * One compiled limit.
 *
 * @param incrementFrom where the cost stands in the arguments; empty where it is {@code increment}
 */
record Limit(
    Scope scope,
    String counter,
    long windowSeconds,
    Algorithm algorithm,
    BigDecimal increment,
    Optional<ArgumentPath> incrementFrom,
    BigDecimal max,
    Refund refund,
    OnStoreLoss onStoreLoss,
    String rule,
    Optional<String> onDeny) {

  boolean sharesCounterWith(Limit other) {
    return scope == other.scope
        && counter.equals(other.counter)
        && windowSeconds == other.windowSeconds
        && algorithm == other.algorithm;
  }

  /** Whether no call at all finds room. */
  boolean admitsNothing() {
    return incrementFrom.isEmpty() && increment.compareTo(max) > 0;
  }
}
