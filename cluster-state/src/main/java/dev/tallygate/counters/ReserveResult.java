package dev.tallygate.counters;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;

/** What a store answers to {@link CounterStore#reserve}. */
public sealed interface ReserveResult {
  /**
   * Every claim found room.
   *
   * @param spendWithin how long from now the units of every counter belong to the window that they
   *     were charged to: a call that is let through later is not covered by them
   */
  record Reserved(Reservation reservation, Duration spendWithin) implements ReserveResult {}

  /**
   * A claim found none; nothing is held. Where several claims on one subject found none, this is
   * the one that must wait longest.
   *
   * @param key the counter that is used up
   * @param used units in use when the claim was refused
   * @param retryAfter how long until the claim could find room, exact to the millisecond; empty
   *     where it never can, because its amount alone is more than its maximum
   */
  record Exceeded(CounterKey key, BigDecimal used, Optional<Duration> retryAfter)
      implements ReserveResult {}

  /**
   * The count of a claim cannot be had; nothing stays held.
   *
   * @param key a counter that cannot be had: one whose claim denies without it, where there is one
   * @param cause for the operator's log
   */
  record Unavailable(CounterKey key, String cause) implements ReserveResult {}
}
