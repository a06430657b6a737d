package dev.tallygate.hazelcast;

import java.util.function.LongSupplier;

/**
 * The time by which windows of limits begin and end: follows the cluster's time, never steps back,
 * and never runs more than a twentieth faster or slower than time passes.
 *
 * <p>Where the cluster's time jumps, because somebody set a clock or another member became its
 * source, this one makes up for it slowly. So a jump opens no window early by more than a twentieth
 * of its length. (The slewing of NTP, RFC 5905 section 12, at a coarser rate.)
 *
 * <p>Thread-safe.
 */
final class LedgerClock {
  /** How much faster or slower than it passes time may be told. */
  static final double MOST_DRIFT = 0.05;

  private final LongSupplier clusterMillis;
  private final LongSupplier nanos;
  private long lastNanos;
  private double last;

  /**
   * @param clusterMillis what to follow, milliseconds since the epoch
   * @param nanos the monotonic clock
   */
  LedgerClock(LongSupplier clusterMillis, LongSupplier nanos) {
    this.clusterMillis = clusterMillis;
    this.nanos = nanos;
    this.lastNanos = nanos.getAsLong();
    this.last = clusterMillis.getAsLong();
  }

  /** Milliseconds since the epoch. */
  synchronized long millis() {
    long now = nanos.getAsLong();
    double passed = Math.max(0, now - lastNanos) / 1e6;
    double slowest = last + passed * (1 - MOST_DRIFT);
    double fastest = last + passed * (1 + MOST_DRIFT);
    last = Math.max(slowest, Math.min(fastest, clusterMillis.getAsLong()));
    lastNanos = now;
    return (long) last;
  }
}
