package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.cluster.impl.ClusterClockImpl;
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

  /** Longer than clocks that are kept in time differ. */
  private static final long IN_TIME_MILLIS = 1_000;

  private static volatile HazelcastClock hazelcasts;

  private final SlewedClock clock;

  /** Called by Hazelcast. */
  public HazelcastClock() {
    this(System::currentTimeMillis);
  }

  /**
   * @param machineMillis in place of the machine's clock, milliseconds since the epoch
   */
  protected HazelcastClock(LongSupplier machineMillis) {
    this(machineMillis, System::nanoTime);
    hazelcasts = this;
  }

  HazelcastClock(LongSupplier machineMillis, LongSupplier nanos) {
    clock = new SlewedClock(machineMillis, nanos);
  }

  /** Before anything of Hazelcast asks for the time. */
  static void use() {
    if (System.getProperty(PROPERTY) == null) {
      System.setProperty(PROPERTY, HazelcastClock.class.getName());
    }
  }

  /**
   * A process that has joined others goes on from their time, whatever its machine's clock says:
   * what they hand to it would be expired by another one, and if it becomes the oldest, its error
   * would be the cluster's for ever.
   */
  static void joined(HazelcastInstance member) {
    ClusterClockImpl cluster = InnerNode.of(member).getClusterService().getClusterClock();
    long time = cluster.getClusterTime();
    HazelcastClock here = hazelcasts;
    if (here != null && Math.abs(time - here.currentTimeMillis()) > IN_TIME_MILLIS) {
      here.clock.set(time);
      cluster.setMasterTime(time);
    }
  }

  @Override
  protected final long currentTimeMillis() {
    return clock.millis();
  }
}
