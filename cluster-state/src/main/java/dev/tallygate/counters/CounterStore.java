package dev.tallygate.counters;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * Counts units against ceilings, for every replica alike.
 *
 * <p>What a store MUST do:
 *
 * <ol>
 *   <li>{@code reserve} MUST hold all claims or none. A refused reservation leaves every count as
 *       it was.
 *   <li>The units held in one window of a counter MUST never exceed the {@code max} of the claim
 *       that added the last of them. A claim of zero units finds room while the count is at most
 *       {@code max}.
 *   <li>A fixed window MUST begin at a multiple of its length since the epoch, in UTC. A sliding
 *       counter MUST never hold more than {@code max} in any interval of its length; it MAY refuse
 *       early by at most a 60th of the window. What a claim wants beyond its amount MAY be held in
 *       part.
 *   <li>Windows MUST never go backwards: a clock that steps back goes on counting in the newest
 *       window seen.
 *   <li>{@code settle} MUST take effect at most once for a reservation id. Later calls MUST change
 *       nothing and answer {@code false}.
 *   <li>A refund MUST go to the window that was charged. Where that window has ended, it MUST be
 *       dropped.
 *   <li>{@code shrink} MUST never raise what a reservation holds, whatever comes late or twice.
 *   <li>Amounts MUST be exact decimals: a thousand times 0.005 is 5.
 *   <li>Methods MUST return without blocking, and MUST be thread-safe. Stages of {@code reserve},
 *       {@code settle} and {@code shrink} MUST complete normally; {@link ReserveResult.Unavailable}
 *       is an answer, not an exception.
 * </ol>
 */
public interface CounterStore extends AutoCloseable {
  /** How long a reservation without claims covers its call. */
  Duration ANY_TIME = Duration.ofNanos(Long.MAX_VALUE);

  /**
   * Holds units for a call.
   *
   * <p>A repeated request with an id that holds answers as the first did and holds nothing more; so
   * does one up to ten seconds after the reservation was settled. After a refusal a new attempt
   * takes a new id.
   *
   * @param reservationId unique for ever
   * @param claims no two of one counter; with none, nothing is asked and nothing held
   * @throws IllegalArgumentException where two claims name one counter
   */
  CompletionStage<ReserveResult> reserve(String reservationId, List<Claim> claims);

  /**
   * Ends a reservation: units are given back, the others kept. Of the counters that are named, what
   * {@link #shrink} was to give back before, and has not yet, is given back too.
   *
   * @param reservation as it is to the knowledge of who ends it
   * @param givenBack how much of each counter, zero or more; of more than is held, all is
   * @return whether this call ended it; false for a reservation that is unknown, ended, or
   *     forgotten since its windows have ended, and where the store cannot be had
   */
  CompletionStage<Boolean> settle(Reservation reservation, Map<CounterKey, BigDecimal> givenBack);

  /**
   * Gives back a part of a reservation that goes on: from now on it holds no more of each counter
   * than said here. What arrives late or twice changes nothing.
   *
   * @param smaller the reservation as it is to be; no counter in it that it has not held
   * @return whether this call gave anything back; false as for {@link #settle}
   */
  CompletionStage<Boolean> shrink(Reservation smaller);

  /**
   * What is in use of a counter now. The one stage that may complete exceptionally: where the count
   * cannot be had there is no honest number.
   */
  CompletionStage<Usage> usage(CounterKey key);

  /**
   * A counter as it stands.
   *
   * @param used units in use
   * @param windowLeft how long until they are free again: the end of a fixed window; for a sliding
   *     counter, until the newest units are too old to count
   */
  record Usage(BigDecimal used, Duration windowLeft) {}

  @Override
  void close();
}
