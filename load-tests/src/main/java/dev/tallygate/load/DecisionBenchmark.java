package dev.tallygate.load;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.policy.Decision;
import dev.tallygate.policy.Policy;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The decision on a call that meets every rule, so that each rule is looked at. */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecisionBenchmark {
  /** A policy and a call. */
  @State(Scope.Benchmark)
  public static class Rules {
    @Param({"1", "10", "100"})
    public int rules;

    @Param({"small", "4 KB"})
    public String arguments;

    private Policy policy;
    private JsonNode call;

    /** Reads both. */
    @Setup
    public void read() {
      policy = Samples.policy(rules);
      call = Samples.arguments(arguments.equals("4 KB"));
      requireAllowed(policy, call);
    }
  }

  /** A pattern and a long text without it. */
  @State(Scope.Benchmark)
  public static class Pattern {
    private Policy policy;
    private JsonNode call;

    /** Reads both. */
    @Setup
    public void read() {
      policy = Samples.patternPolicy();
      call = Samples.arguments(true);
      requireAllowed(policy, call);
    }
  }

  private static void requireAllowed(Policy policy, JsonNode call) {
    if (!(policy.decide(SampleCall.TOOL, call) instanceof Decision.Allow)) {
      throw new IllegalStateException("the sample call must be allowed");
    }
  }

  /** One decision. */
  @Benchmark
  public Decision decide(Rules state) {
    return state.policy.decide(SampleCall.TOOL, state.call);
  }

  /** One decision by a pattern over a text of 3 KB. */
  @Benchmark
  public Decision patternInLongText(Pattern state) {
    return state.policy.decide(SampleCall.TOOL, state.call);
  }
}
