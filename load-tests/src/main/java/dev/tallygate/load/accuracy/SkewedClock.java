package dev.tallygate.load.accuracy;

import com.hazelcast.internal.util.Clock;

/**
 * The wall clock of one process, so many milliseconds off. Hazelcast takes it in place of the
 * machine's where its property {@code com.hazelcast.clock.impl} names this class; the cluster's
 * time, which the ledger follows, is made of it.
 */
public final class SkewedClock extends Clock.ClockImpl {
  /** How far the clock is off when the process starts, in milliseconds. */
  static final String PROPERTY = "tallygate.accuracy.skewMillis";

  private static volatile long skewMillis = Long.getLong(PROPERTY, 0);

  /** Lets the clock jump. */
  static void set(long millis) {
    skewMillis = millis;
  }

  @Override
  protected long currentTimeMillis() {
    return System.currentTimeMillis() + skewMillis;
  }
}
