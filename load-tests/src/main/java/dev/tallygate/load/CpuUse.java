package dev.tallygate.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * CPU time of the machine and of this benchmark, read at one moment. What others used between two
 * moments says how far a figure can be trusted.
 *
 * @param machine time that the machine's cores were busy or kept from it by a hypervisor; empty
 *     where the system does not tell
 * @param own time of this process and of all that it started
 */
public record CpuUse(long nanos, Optional<Duration> machine, Duration own) {
  private static final Path STAT = Path.of("/proc/stat");
  private static final long TICKS_PER_SECOND = 100;
  // Fields of the line "cpu": user, nice, system, idle, iowait, irq, softirq, steal.
  private static final int IDLE = 4;
  private static final int IO_WAIT = 5;
  private static final int STEAL = 8;

  /** Reads it off. */
  public static CpuUse now() throws IOException {
    return new CpuUse(
        System.nanoTime(),
        Files.exists(STAT) ? Optional.of(busy(Files.readString(STAT))) : Optional.empty(),
        ServerProcess.cpuTime(ProcessHandle.current()));
  }

  static Duration busy(String stat) {
    String[] fields = stat.substring(0, stat.indexOf('\n')).trim().split("\\s+");
    long ticks = 0;
    for (int i = 1; i <= Math.min(STEAL, fields.length - 1); i++) {
      if (i != IDLE && i != IO_WAIT) {
        ticks += Long.parseLong(fields[i]);
      }
    }
    return Duration.ofMillis(ticks * 1_000 / TICKS_PER_SECOND);
  }

  /** Cores that were busy since {@code earlier}, on average; empty if it is not known. */
  public OptionalDouble coresBusySince(CpuUse earlier) {
    return machine.isEmpty() || earlier.machine.isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of(
            machine.get().minus(earlier.machine.get()).toNanos()
                / (double) (nanos - earlier.nanos));
  }

  /** Cores that others kept busy since {@code earlier}, on average; empty if it is not known. */
  public Optional<Double> othersSince(CpuUse earlier) {
    if (machine.isEmpty() || earlier.machine.isEmpty()) {
      return Optional.empty();
    }
    Duration others = machine.get().minus(earlier.machine.get()).minus(own).plus(earlier.own);
    return Optional.of(Math.max(0, others.toNanos()) / (double) (nanos - earlier.nanos));
  }
}
