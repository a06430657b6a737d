package dev.tallygate.counters;

import java.math.BigDecimal;
import java.time.Duration;

/** What a store answers to {@link CounterStore#reserve}. */
public sealed interface ReserveResult {
  /** Every claim found room. */
  record Reserved(Reservation reservation) implements ReserveResult {}

  /**
   * One claim found none; nothing is held.
   *
   * @param key the counter that is used up
   * @param used units in use when the claim was refused
   * @param retryAfter how long until the claim could find room, at least a millisecond
   */
  record Exceeded(CounterKey key, BigDecimal used, Duration retryAfter) implements ReserveResult {}

  /**
   * The count of a claim that denies without it cannot be had; nothing is held.
   *
   * @param key the counter that cannot be had
   * @param cause for the operator's log
   */
  record Unavailable(CounterKey key, String cause) implements ReserveResult {}
}
