package dev.tallygate.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Measures everything in one run. Started by {@code load-tests/run-benchmarks}. */
public final class RunBenchmarks {
  private static final String QUICK = "--quick";

  private RunBenchmarks() {}

  /**
   * Writes {@code docs/performance.md}; with {@code --quick}, prints a rough one in less than a
   * minute and writes nothing.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    if (!Set.of(QUICK).containsAll(List.of(args))) {
      System.err.println("usage: load-tests/run-benchmarks [--quick]");
      System.exit(2);
    }
    boolean quick = args.length > 0;
    Path home = Path.of(System.getProperty("tallygate.home", ".")).toAbsolutePath().normalize();
    // On Ctrl-C too, nothing that was started here goes on.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> ProcessHandle.current().descendants().forEach(ProcessHandle::destroy)));
    try {
      String page = measure(home, quick);
      if (quick) {
        System.out.println(page);
      } else {
        Path file = Files.writeString(home.resolve("docs/performance.md"), page);
        System.out.println(file);
      }
    } catch (LoadFailure e) {
      System.err.println("load: no result: " + e.getMessage());
      System.exit(1);
    }
  }

  private static String measure(Path home, boolean quick) throws IOException, InterruptedException {
    HttpBenchmark.Plan plan = quick ? HttpBenchmark.Plan.QUICK : HttpBenchmark.Plan.FULL;
    Machine machine = Machine.here(home);
    HttpBenchmark.Result http;
    try (Subjects subjects = Subjects.start(home)) {
      if (subjects.all().stream().noneMatch(subject -> subject.name().equals(Subjects.NGINX))) {
        System.err.println("load: nginx is not installed: not run");
      }
      http = new HttpBenchmark(plan, System.err).run(subjects);
    }
    List<StepBenchmarks.Step> steps = StepBenchmarks.run(quick);
    return new PerformancePage(machine, plan, http, steps)
        .text("load-tests/run-benchmarks" + (quick ? " " + QUICK : ""));
  }
}
