package dev.tallygate.load.limits;

import dev.tallygate.load.Invocation;
import dev.tallygate.load.LoadFailure;
import dev.tallygate.load.Machine;
import dev.tallygate.load.NodesBenchmark;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/** Measures what limits cost, in one run. Started by {@code load-tests/limits}. */
public final class RunLimits {
  private RunLimits() {}

  /** Writes {@code docs/limits-performance.md}; with {@code --quick}, prints a rough one. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Invocation called = Invocation.of("load-tests/limits", args, ProcessHandle::destroy);
    try {
      String page = measure(called);
      if (called.quick()) {
        System.out.println(page);
      } else {
        System.out.println(
            Files.writeString(called.home().resolve("docs/limits-performance.md"), page));
      }
    } catch (LoadFailure e) {
      System.err.println("load: no result: " + e.getMessage());
      System.exit(1);
    }
  }

  private static String measure(Invocation called) throws IOException, InterruptedException {
    LimitsBenchmark.Plan plan =
        called.quick() ? LimitsBenchmark.Plan.QUICK : LimitsBenchmark.Plan.FULL;
    Machine machine = Machine.here(called.home());
    LimitsBenchmark.Result limits;
    try (Grid grid = Grid.start()) {
      grid.notRun()
          .forEach((name, why) -> System.err.println("load: " + name + " is not run: " + why));
      limits = new LimitsBenchmark(plan, grid, System.err).run();
    }
    Map<String, List<NodesBenchmark.Round>> nodes;
    try (NodesBenchmark benchmark = NodesBenchmark.start(called.home())) {
      nodes = benchmark.run(plan.rounds(), plan.nodesWarmUp(), plan.nodesMeasured(), System.err);
    }
    return new LimitsPage(machine, plan, limits, nodes).text();
  }
}
