package dev.tallygate.counters;

import java.time.Duration;

/**
 * How a counter's time is cut into slots, and how long units stay charged.
 *
 * <p>Slot {@code n} of a window of {@code W} ms cut into {@code k} slots holds the instants {@code
 * t} (ms since the epoch) with {@code n = floor(t * k / W)}; a slot's first millisecond is {@code
 * ceil(n * W / k)}, so lengths that {@code k} does not divide need no rounding rule. Units charged
 * in slot {@code n} stay charged while the current slot is before {@code n + charged}:
 *
 * <ul>
 *   <li>fixed: one slot a window, charged for that slot alone;
 *   <li>sliding: 60 slots a window, charged for 61. An interval of length {@code W} touches at most
 *       61 slots, so a sum over 61 slots covers it. A slot expires when its <em>last</em> instant
 *       is older than the window; its first instant was then held one slot too long, which is all
 *       that a sliding counter may refuse early.
 * </ul>
 */
record Slots(long windowMillis, int perWindow, int charged) {
  private static final int SUB_WINDOWS = 60;

  static Slots of(CounterKey key) {
    long millis = Math.multiplyExact(key.windowSeconds(), 1000L);
    return switch (key.algorithm()) {
      case FIXED -> new Slots(millis, 1, 1);
      case SLIDING -> new Slots(millis, SUB_WINDOWS, SUB_WINDOWS + 1);
    };
  }

  /** The slot that holds an instant. */
  long at(long epochMillis) {
    return Math.floorDiv(epochMillis * perWindow, windowMillis);
  }

  /** How long a slot lasts, to the millisecond. */
  Duration length() {
    return Duration.ofMillis(windowMillis / perWindow);
  }

  /** The first millisecond after the slot. */
  long end(long slot) {
    return -Math.floorDiv(-(slot + 1) * windowMillis, perWindow);
  }

  /** The first millisecond at which units charged in the slot are charged no more. */
  long endOfCharge(long slot) {
    return -Math.floorDiv(-(slot + charged) * windowMillis, perWindow);
  }

  /** Whether units charged in the slot are still charged at an instant. */
  boolean isCharged(long slot, long epochMillis) {
    return at(epochMillis) < slot + charged;
  }
}
