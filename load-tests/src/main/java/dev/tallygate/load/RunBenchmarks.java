package dev.tallygate.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Measures everything in one run. Started by {@code load-tests/run-benchmarks}. */
public final class RunBenchmarks {
  private RunBenchmarks() {}

  /**
   * Writes {@code docs/performance.md}; with {@code --quick}, prints a rough one in less than a
   * minute and writes nothing.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    Invocation called = Invocation.of("load-tests/run-benchmarks", args, ProcessHandle::destroy);
    try {
      String page = measure(called);
      if (called.quick()) {
        System.out.println(page);
      } else {
        Path file = Files.writeString(called.home().resolve("docs/performance.md"), page);
        System.out.println(file);
      }
    } catch (LoadFailure e) {
      System.err.println("load: no result: " + e.getMessage());
      System.exit(1);
    }
  }

  private static String measure(Invocation called) throws IOException, InterruptedException {
    HttpBenchmark.Plan plan = called.quick() ? HttpBenchmark.Plan.QUICK : HttpBenchmark.Plan.FULL;
    Machine machine = Machine.here(called.home());
    HttpBenchmark.Result http;
    try (Subjects subjects = Subjects.start(called.home())) {
      if (subjects.all().stream().noneMatch(subject -> subject.name().equals(Subjects.NGINX))) {
        System.err.println("load: nginx is not installed: not run");
      }
      http = new HttpBenchmark(plan, System.err).run(subjects);
    }
    List<StepBenchmarks.Step> steps = StepBenchmarks.run(called.quick());
    return new PerformancePage(machine, plan, http, steps)
        .text("load-tests/run-benchmarks" + (called.quick() ? " " + Invocation.QUICK : ""));
  }
}
