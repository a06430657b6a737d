package dev.tallygate.counters;

import java.math.BigDecimal;
import java.util.List;

/**
 * Units of one counter that are held at its owner for calls to come. Guarded by the lock of the
 * {@link LeasedCounter} that holds it.
 */
final class Lease {
  private final long deadlineNanos;
  private Reservation reservation;
  private BigDecimal left;
  private long lastUsed;
  private int openCalls;

  /** Units of a lease that one call holds. */
  record Taken(Lease lease, BigDecimal amount) {
    /** What the call holds, as the owner charged it. */
    Reservation.Hold hold() {
      return new Reservation.Hold(lease.held().key(), amount, lease.held().window());
    }

    long deadlineNanos() {
      return lease.deadlineNanos;
    }
  }

  /**
   * @param reservation what the owner holds, of one counter
   * @param deadlineNanos when its units may no longer be spent
   */
  Lease(Reservation reservation, long deadlineNanos, long nanos) {
    this.reservation = reservation;
    this.deadlineNanos = deadlineNanos;
    this.left = held().amount();
    this.lastUsed = nanos;
  }

  Reservation reservation() {
    return reservation;
  }

  private Reservation.Hold held() {
    return reservation.holds().get(0);
  }

  BigDecimal left() {
    return left;
  }

  boolean isSpendable(long nanos) {
    return nanos - deadlineNanos < 0;
  }

  boolean covers(BigDecimal amount, long nanos) {
    return isSpendable(nanos) && left.compareTo(amount) >= 0;
  }

  boolean hasOpenCalls() {
    return openCalls > 0;
  }

  /** Whether what is left can be spent no more, or was not touched for as long. */
  boolean isIdle(long nanos, long idleNanos) {
    return !isSpendable(nanos) || nanos - lastUsed >= idleNanos;
  }

  Taken take(BigDecimal amount, long nanos) {
    left = left.subtract(amount);
    openCalls++;
    lastUsed = nanos;
    return new Taken(this, amount);
  }

  void callEnded(BigDecimal givenBack) {
    openCalls--;
    left = left.add(givenBack);
  }

  /** Parts with what is left; gives the reservation as it is from then on. */
  Reservation partWithRest() {
    Reservation.Hold spent =
        new Reservation.Hold(held().key(), held().amount().subtract(left), held().window());
    reservation = new Reservation(reservation.id(), List.of(spent));
    left = BigDecimal.ZERO;
    return reservation;
  }
}
