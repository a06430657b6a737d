package dev.tallygate.operator.kubernetes;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** How many events may be written: a burst, and some a second after it. Thread-safe. */
final class EventBudget {
  private static final double BURST = 100;
  private static final double PER_SECOND = 5;

  private final LongSupplier nanoTime;
  private double left = BURST;
  private long filled;

  EventBudget(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.filled = nanoTime.getAsLong();
  }

  synchronized boolean take() {
    long now = nanoTime.getAsLong();
    left =
        Math.min(BURST, left + PER_SECOND * (now - filled) / (double) TimeUnit.SECONDS.toNanos(1));
    filled = now;
    if (left < 1) {
      return false;
    }
    left--;
    return true;
  }
}
