package dev.tallygate.counters;

import dev.tallygate.policy.OnStoreLoss;
import java.math.BigDecimal;
import java.util.Objects;

/**
 * Room that a call asks of one counter.
 *
 * @param key the counter; no two claims of a reservation share one
 * @param amount zero or more
 * @param max the inclusive ceiling that this call is held to, zero or more
 * @param onStoreLoss what to do while the counter cannot be had
 */
public record Claim(CounterKey key, BigDecimal amount, BigDecimal max, OnStoreLoss onStoreLoss) {
  /** Digits on either side of the point; sums of wider numbers would cost time and memory. */
  private static final int MOST_DIGITS = 128;

  public Claim {
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(onStoreLoss, "onStoreLoss");
    requireBounded("amount", amount);
    requireBounded("max", max);
  }

  private static void requireBounded(String name, BigDecimal number) {
    if (number.signum() < 0) {
      throw new IllegalArgumentException(name + " must be zero or more, not " + number);
    }
    if (number.precision() > MOST_DIGITS || Math.abs((long) number.scale()) > MOST_DIGITS) {
      throw new IllegalArgumentException(name + " has more than " + MOST_DIGITS + " digits");
    }
  }
}
