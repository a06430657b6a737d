package dev.tallygate.load.accuracy;

import dev.tallygate.hazelcast.HazelcastClock;

/**
 * The product's clock on a machine whose own is so many milliseconds off. Hazelcast takes it where
 * its property {@code com.hazelcast.clock.impl} names this class; the cluster's time, which the
 * ledger follows, is made of it.
 */
public final class SkewedClock extends HazelcastClock {
  /** How far the machine's clock is off when the process starts, in milliseconds. */
  static final String PROPERTY = "tallygate.accuracy.skewMillis";

  private static volatile long skewMillis = Long.getLong(PROPERTY, 0);

  /** Called by Hazelcast. */
  public SkewedClock() {
    super(() -> System.currentTimeMillis() + skewMillis);
  }

  /** Lets the machine's clock jump. */
  static void set(long millis) {
    skewMillis = millis;
  }
}
