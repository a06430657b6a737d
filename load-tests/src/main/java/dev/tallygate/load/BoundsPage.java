package dev.tallygate.load;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/** The page that tells what attacks did to a node. */
final class BoundsPage {
  private final Machine machine;
  private final RunBounds.Plan plan;
  private final List<RunBounds.Outcome> outcomes;

  BoundsPage(Machine machine, RunBounds.Plan plan, List<RunBounds.Outcome> outcomes) {
    this.machine = machine;
    this.plan = plan;
    this.outcomes = outcomes;
  }

  /** Of latencies in nanoseconds, milliseconds. */
  static double p99(Histogram latencies) {
    return latencies.getValueAtPercentile(99) / 1e6;
  }

  String text() {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # Bounds under attack

        What attackers can do to a node, and what well-behaved clients notice of it. `load-tests/bounds` writes this page: it starts a node
        as `./tallygate` does, before a hostile MCP server, lets eight connections of four grants make %d calls a second, and attacks
        it from the same machine for %d s each (slow bodies for longer).

        | | |
        | --- | --- |
        | Machine | %s, %d cores, %s, %s |
        | Java | %s |
        | Commit | %s |
        | Date | %s |

        - **p99** of the well-behaved calls, counted from when each was due: before, during and after. Attackers, clients, server and node
          share the cores, so much of what is added during an attack is the machine's.
        - **lag**: a bound on the longest time that an event loop kept a waiting task waiting (`tallygate_event_loop_lag_seconds`), and in
          brackets how often it was over 50 ms. **busy** is the same of the CPU time that the loop itself used meanwhile: that is what the
          node can help, and it must stay under %.0f ms. It is for all connections together: a loop comes to its timers after some of
          those that have something to read, not after all of them. **pause** is the longest pause of the garbage collector,
          **stall** how late a sleeping thread of the load process was at worst: both, and cores that others use, are in the lag and
          not in busy.
        - **heap** and **RSS** at most, looked at twice a second; **kept** is what the heap held more afterwards than before, collected.
        - **answers** to the attackers by status; `open` had none when the attack ended, `closed` lost the connection first.

        | attack | p99 before, during, after, ms | lag, ms | busy, ms | pause, ms | stall, ms | heap, MiB | RSS, MiB | kept, MiB | answers |
        | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
        """
            .formatted(
                WellBehaved.CALLS_PER_SECOND,
                plan.attack().toSeconds(),
                machine.processor(),
                machine.cores(),
                machine.memory(),
                machine.system(),
                machine.java(),
                machine.commit(),
                machine.date(),
                plan.maxBusyMillis()));
    outcomes.forEach(outcome -> page.append(row(outcome)));
    page.append(
        """

        No well-behaved call may fail, no loop may be held for longer than that, the heap stays within the %d MiB that the launcher
        gives, the process within %d MiB, half a minute after an attack nothing of it is under way or held, and every call comes in time again: where one
        of these does not hold, the command ends with 1.%s
        """
            .formatted(
                RunBounds.MAX_HEAP_MIB,
                RunBounds.MAX_RESIDENT_MIB,
                outcomes.stream().allMatch(outcome -> outcome.broken().isEmpty())
                    ? " In this run all of them held."
                    : ""));
    String leftOut =
        Arrays.stream(Attack.values())
            .filter(attack -> outcomes.stream().noneMatch(outcome -> outcome.attack() == attack))
            .map(Attack::title)
            .collect(Collectors.joining("; "));
    if (!leftOut.isEmpty()) {
      page.append("\nLeft out of this run: ").append(leftOut).append(".\n");
    }
    List<String> broken =
        outcomes.stream()
            .flatMap(o -> o.broken().stream().map(what -> "- " + o.attack().title() + ": " + what))
            .toList();
    if (!broken.isEmpty()) {
      page.append("\nIn this run these did not hold:\n\n");
      page.append(String.join("\n", broken)).append('\n');
    }
    return page.toString();
  }

  private static String row(RunBounds.Outcome outcome) {
    Watch.Period period = outcome.period();
    return String.format(
        Locale.ROOT,
        "| %s | %.1f, %.1f, %.1f | %s | %s | %.0f | %.0f | %.0f | %.0f | %s | %s |%n",
        outcome.attack().title(),
        p99(outcome.before()),
        p99(outcome.during()),
        p99(outcome.after()),
        period.lag(),
        period.busy(),
        period.pause(),
        period.stall(),
        period.heapMib(),
        period.residentMib(),
        Double.isNaN(outcome.keptMib()) ? "?" : Math.round(Math.max(0, outcome.keptMib())),
        outcome.answers().entrySet().stream()
            .map(answer -> answer.getKey() + ": " + answer.getValue())
            .collect(Collectors.joining(", ")));
  }
}
