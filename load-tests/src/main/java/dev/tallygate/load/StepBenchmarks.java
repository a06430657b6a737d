package dev.tallygate.load;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;

/** Runs the benchmarks of single steps with JMH. */
final class StepBenchmarks {
  private static final String ALLOCATION = "gc.alloc.rate.norm";

  /**
   * One step.
   *
   * @param name class and method
   * @param parameters name and value, in the order of their names
   * @param bytes allocated by each operation
   */
  record Step(
      String name,
      Map<String, String> parameters,
      double p50Micros,
      double p99Micros,
      double meanMicros,
      double bytes) {
    static Step of(RunResult result) {
      Map<String, String> parameters = new TreeMap<>();
      for (String key : result.getParams().getParamsKeys()) {
        parameters.put(key, result.getParams().getParam(key));
      }
      String full = result.getParams().getBenchmark();
      String name = full.substring(full.lastIndexOf('.', full.lastIndexOf('.') - 1) + 1);
      Statistics nanos = result.getPrimaryResult().getStatistics();
      return new Step(
          name,
          parameters,
          nanos.getPercentile(50) / 1e3,
          nanos.getPercentile(99) / 1e3,
          nanos.getMean() / 1e3,
          allocation(result));
    }

    private static double allocation(RunResult result) {
      for (Map.Entry<String, Result> one : result.getSecondaryResults().entrySet()) {
        if (one.getKey().endsWith(ALLOCATION)) {
          return one.getValue().getScore();
        }
      }
      throw new LoadFailure("JMH did not tell " + ALLOCATION);
    }
  }

  private StepBenchmarks() {}

  /**
   * Every step, for some seconds each; the policy's decision alone and briefly if {@code quick}.
   */
  static List<Step> run(boolean quick) {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(quick ? DecisionBenchmark.class.getName() + ".decide" : "dev.tallygate.load")
            .mode(Mode.SampleTime)
            .addProfiler(GCProfiler.class)
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true)
            .forks(1)
            .warmupIterations(2)
            .warmupTime(TimeValue.milliseconds(quick ? 300 : 1_000))
            .measurementIterations(quick ? 1 : 3)
            .measurementTime(TimeValue.milliseconds(quick ? 300 : 1_000));
    if (quick) {
      options.param("arguments", "small");
    }
    Collection<RunResult> results;
    try {
      results = new Runner(options.build()).run();
    } catch (RunnerException e) {
      throw new LoadFailure("JMH: " + e.getMessage(), e);
    }
    List<Step> steps = new ArrayList<>();
    results.forEach(result -> steps.add(Step.of(result)));
    return steps;
  }
}
