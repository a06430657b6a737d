package dev.tallygate.hazelcast;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/**
 * A clock that follows another one, never steps back, and never runs more than a twentieth faster
 * or slower than time passes; but see {@link #thatJumpsAhead}.
 *
 * <p>Where the other one jumps, because somebody set it or another member became its source, this
 * one makes up for it slowly. So a jump opens no window early by more than a twentieth of its
 * length. (The slewing of NTP, RFC 5905 section 12, at a coarser rate.)
 *
 * <p>Thread-safe; never blocks.
 */
final class SlewedClock {
  /** How much faster or slower than it passes time may be told. */
  static final double MOST_DRIFT = 0.05;

  private static final long GRAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final LongSupplier followedMillis;
  private final LongSupplier nanos;
  private final double fastest;
  private final AtomicReference<Told> last;

  /** What was told, and when by the monotonic clock. */
  private record Told(double millis, long atNanos) {}

  /**
   * @param followedMillis what to follow, milliseconds since the epoch
   * @param nanos the monotonic clock
   */
  SlewedClock(LongSupplier followedMillis, LongSupplier nanos) {
    this(followedMillis, nanos, 1 + MOST_DRIFT);
  }

  private SlewedClock(LongSupplier followedMillis, LongSupplier nanos, double fastest) {
    this.fastest = fastest;
    this.followedMillis = followedMillis;
    this.nanos = nanos;
    this.last = new AtomicReference<>(new Told(followedMillis.getAsLong(), nanos.getAsLong()));
  }

  /**
   * One that jumps ahead with the clock that it follows, and is slow only in going back: for a
   * process that is alone, whose machine may have slept, while its monotonic clock stood still.
   */
  static SlewedClock thatJumpsAhead(LongSupplier followedMillis, LongSupplier nanos) {
    return new SlewedClock(followedMillis, nanos, Double.POSITIVE_INFINITY);
  }

  /** Goes on from another time, milliseconds since the epoch. */
  void set(long millis) {
    last.set(new Told(millis, nanos.getAsLong()));
  }

  /** Milliseconds since the epoch. */
  long millis() {
    Told before = last.get();
    if (nanos.getAsLong() - before.atNanos() < GRAIN_NANOS) {
      return (long) before.millis();
    }
    long followed = followedMillis.getAsLong();
    // Read after it, so that a pause in between is not taken for a jump ahead.
    long now = nanos.getAsLong();
    long passed = now - before.atNanos();
    double earliest = before.millis() + passed / 1e6 * (1 - MOST_DRIFT);
    double latest = before.millis() + passed / 1e6 * fastest;
    double millis = Math.max(earliest, Math.min(latest, followed));
    // Where another thread was first, what it told is as new.
    last.compareAndSet(before, new Told(millis, now));
    return (long) last.get().millis();
  }
}
