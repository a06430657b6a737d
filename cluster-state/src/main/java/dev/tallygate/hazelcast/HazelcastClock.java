package dev.tallygate.hazelcast;

import com.hazelcast.internal.util.Clock;
import java.util.function.LongSupplier;

/**
 * The machine's clock as Hazelcast is shown it: one that does not jump. By a jump, Hazelcast would
 * take steps that are on their way for late, entries for expired and members for lost; and a member
 * that joins would begin with a time of the cluster that the others follow slowly.
 *
 * <p>Hazelcast has one clock in a process, and makes it by the name in a system property.
 * Thread-safe.
 */
public class HazelcastClock extends Clock.ClockImpl {
  private static final String PROPERTY = "com.hazelcast.clock.impl";

  private final SlewedClock clock;

  /** Called by Hazelcast. */
  public HazelcastClock() {
    this(System::currentTimeMillis);
  }

  /**
   * @param machineMillis in place of the machine's clock, milliseconds since the epoch
   */
  protected HazelcastClock(LongSupplier machineMillis) {
    clock = new SlewedClock(machineMillis, System::nanoTime);
  }

  /** Before anything of Hazelcast asks for the time. */
  static void use() {
    if (System.getProperty(PROPERTY) == null) {
      System.setProperty(PROPERTY, HazelcastClock.class.getName());
    }
  }

  @Override
  protected final long currentTimeMillis() {
    return clock.millis();
  }
}
