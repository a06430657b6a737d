package dev.tallygate.counters;

import dev.tallygate.policy.OnStoreLoss;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Room that is asked of one counter: for one call, or for calls to come.
 *
 * @param key the counter; no two claims of a reservation share one
 * @param amount the least that helps, zero or more
 * @param wanted what is held where there is plenty of room, {@code amount} or more
 * @param max the inclusive ceiling that this call is held to, zero or more
 * @param onStoreLoss what to do while the counter cannot be had
 */
public record Claim(
    CounterKey key, BigDecimal amount, BigDecimal wanted, BigDecimal max, OnStoreLoss onStoreLoss) {
  /** Digits on either side of the point; sums of wider numbers would cost time and memory. */
  private static final int MOST_DIGITS = 128;

  public Claim {
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(onStoreLoss, "onStoreLoss");
    requireBounded("amount", amount);
    requireBounded("wanted", wanted);
    requireBounded("max", max);
    if (wanted.compareTo(amount) < 0) {
      throw new IllegalArgumentException(
          "wanted must be " + amount + " or more, as the amount is, not " + wanted);
    }
  }

  /** What one call costs. */
  public Claim(CounterKey key, BigDecimal amount, BigDecimal max, OnStoreLoss onStoreLoss) {
    this(key, amount, amount, max, onStoreLoss);
  }

  /**
   * Refuses two claims of one counter.
   *
   * @throws IllegalArgumentException if there are
   */
  public static void requireDistinct(List<Claim> claims) {
    if (claims.size() < 2) {
      return;
    }
    Set<CounterKey> keys = new HashSet<>();
    for (Claim claim : claims) {
      if (!keys.add(claim.key())) {
        throw new IllegalArgumentException("two claims of one counter: " + claim.key());
      }
    }
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
