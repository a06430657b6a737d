package dev.tallygate.counters;

import java.time.Duration;

/**
 * How many units of a counter are asked for in a time: a moving average over periods of a tenth of
 * a second, of which each counts for as much as all before it. Not thread-safe.
 */
final class Demand {
  private static final double PERIOD_NANOS = 1e8;

  private long periodBegan;
  private double inPeriod;
  private double perNano;

  Demand(long nanos) {
    periodBegan = nanos;
  }

  /** Notes that units are asked for. */
  void asked(double units, long nanos) {
    roll(nanos);
    inPeriod += units;
  }

  /** What is likely to be asked for in a time to come. */
  double expected(Duration ahead, long nanos) {
    roll(nanos);
    // A burst shows in the period that it falls in, not only in the next.
    return Math.max(perNano, inPeriod / PERIOD_NANOS) * ahead.toNanos();
  }

  private void roll(long nanos) {
    double elapsed = nanos - periodBegan;
    if (elapsed < PERIOD_NANOS) {
      return;
    }
    double whole = Math.floor(elapsed / PERIOD_NANOS);
    perNano = (perNano + inPeriod / PERIOD_NANOS) * Math.pow(0.5, whole);
    inPeriod = 0;
    periodBegan += (long) (whole * PERIOD_NANOS);
  }
}
