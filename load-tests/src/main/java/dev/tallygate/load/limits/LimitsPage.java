package dev.tallygate.load.limits;

import dev.tallygate.load.Machine;
import dev.tallygate.load.NodesBenchmark;
import dev.tallygate.load.Rounds;
import dev.tallygate.load.limits.LimitsBenchmark.Result;
import dev.tallygate.load.limits.LimitsBenchmark.Round;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The figures as {@code docs/limits-performance.md} shows them. */
final class LimitsPage {
  private static final double GOAL_TO_REDIS = 25;
  private static final double GOAL_TO_BUCKET = 100;
  private static final double GOAL_STORE_CALLS = 0.01;
  private static final double GOAL_P99_MILLIS = 0.5;

  /** Rounds of one limiter differ by so much too. */
  private static final double FLAT = 1.5;

  private final Machine machine;
  private final LimitsBenchmark.Plan plan;
  private final Result result;
  private final Map<String, List<NodesBenchmark.Round>> nodes;

  LimitsPage(
      Machine machine,
      LimitsBenchmark.Plan plan,
      Result result,
      Map<String, List<NodesBenchmark.Round>> nodes) {
    this.machine = machine;
    this.plan = plan;
    this.result = result;
    this.nodes = nodes;
  }

  String text() throws IOException {
    String page;
    try (InputStream template = Machine.class.getResourceAsStream("limits-performance.md")) {
      page = new String(template.readAllBytes(), StandardCharsets.UTF_8);
    }
    LimitsBenchmark.Memory memory = result.memory();
    return page.replace("${date}", machine.date())
        .replace("${commit}", machine.commit())
        .replace("${processor}", machine.processor())
        .replace("${cores}", Integer.toString(machine.cores()))
        .replace("${memory}", machine.memory())
        .replace("${system}", machine.system())
        .replace("${java}", machine.java())
        .replace("${others}", others())
        .replace("${goals}", goals())
        .replace("${inFlight}", Integer.toString(LimitsBenchmark.IN_FLIGHT))
        .replace("${rounds}", Integer.toString(plan.rounds()))
        .replace("${seconds}", format("%.1f", plan.measured().toMillis() / 1e3))
        .replace("${bucket4j}", bucketVersion())
        .replace("${gubernator}", System.getProperty("tallygate.peer.gubernator.version", ""))
        .replace("${ratelimit}", System.getProperty("tallygate.peer.ratelimit.version", ""))
        .replace("${few}", Integer.toString(LimitsBenchmark.FEW))
        .replace("${many}", format("%,d", plan.sizes().get(1)))
        .replace("${decisionsOnFew}", decisions(result.few(), true))
        .replace("${decisionsOnMany}", decisions(result.many(), false))
        .replace("${rate}", format("%,d", LimitsBenchmark.STEADY_PER_SECOND))
        .replace("${steady}", steady())
        .replace("${oneNode}", format("%.4f", result.oneNode()))
        .replace("${threeNodes}", format("%.4f", result.threeNodes()))
        .replace("${grants}", format("%,d", plan.grants()))
        .replace("${oneLimit}", format("%,d", memory.oneLimit()))
        .replace("${furtherLimit}", format("%,d", (memory.threeLimits() - memory.oneLimit()) / 2))
        .replace("${leased}", format("%,d", memory.leased()))
        .replace("${sizes}", sizes())
        .replace("${nodes}", nodes());
  }

  private String others() {
    if (result.others().isEmpty()) {
      return "unknown";
    }
    return format(
        "%.2f of %d cores in the median round, %.2f in the worst",
        Rounds.median(result.others(), cores -> cores),
        machine.cores(),
        result.others().stream().mapToDouble(Double::doubleValue).max().orElseThrow());
  }

  private String goals() {
    StringBuilder rows = new StringBuilder();
    rows.append(
        ratio(
            "leased to redis, decisions a second",
            LimitsProcess.LEASED,
            LimitsProcess.REDIS,
            GOAL_TO_REDIS));
    rows.append(
        ratio(
            "leased to bucket4j, decisions a second",
            LimitsProcess.LEASED,
            LimitsProcess.BUCKET,
            GOAL_TO_BUCKET));
    rows.append(
        ratio(
            "exact to bucket4j, the decision alone",
            LimitsProcess.EXACT_DECISION,
            LimitsProcess.BUCKET,
            1));
    rows.append(
        ratio(
            "exact to bucket4j, with the settling that bucket4j does not have",
            LimitsProcess.EXACT,
            LimitsProcess.BUCKET,
            1));
    rows.append(
        goal(
            "store calls for one call, one node, 100,000 calls a minute",
            "at most " + GOAL_STORE_CALLS,
            format("%.4f", result.oneNode()),
            result.oneNode() <= GOAL_STORE_CALLS));
    rows.append(
        goal(
            "store calls for one call, three nodes together, 100,000 calls a minute",
            "at most " + GOAL_STORE_CALLS,
            format("%.4f", result.threeNodes()),
            result.threeNodes() <= GOAL_STORE_CALLS));
    double p99 =
        Rounds.median(
            result.steady().get(LimitsProcess.LEASED), one -> one.outcome().p99Micros() / 1e3);
    rows.append(
        goal(
            format("leased, added p99 at %,d calls a second", LimitsBenchmark.STEADY_PER_SECOND),
            format("at most %.1f ms", GOAL_P99_MILLIS),
            format("%.3f ms", p99),
            p99 <= GOAL_P99_MILLIS));
    double grown = grown(LimitsProcess.LEASED, plan.sizes().get(plan.sizes().size() - 1));
    rows.append(
        goal(
            format("leased, CPU a call with %,d counters there", last(plan.sizes())),
            "flat: that with " + LimitsBenchmark.FEW + " times " + FLAT + " at most",
            format("times %.2f", grown),
            grown <= FLAT));
    return rows.toString().stripTrailing();
  }

  /** As the name of its archive tells. */
  private static String bucketVersion() {
    Matcher name =
        Pattern.compile("bucket4j_jdk17-hazelcast-([0-9.]+)\\.jar")
            .matcher(System.getProperty("java.class.path"));
    return name.find() ? name.group(1) : "";
  }

  private static int last(List<Integer> sizes) {
    return sizes.get(sizes.size() - 1);
  }

  private String ratio(String what, String one, String other, double goal) {
    if (result.notRun().containsKey(other)) {
      return format(
          "| %s | at least %.0f times | not run: %s | |%n", what, goal, result.notRun().get(other));
    }
    double ratio =
        Rounds.medianRatio(result.few().get(one), result.few().get(other), Round::perSecond);
    return goal(
        what, format("at least %.0f times", goal), format("%.2f times", ratio), ratio >= goal);
  }

  private static String goal(String what, String goal, String measured, boolean met) {
    return format("| %s | %s | %s | %s |%n", what, goal, measured, met ? "yes" : "**no**");
  }

  private String decisions(Map<String, List<Round>> all, boolean withRatioOfCpu) {
    StringBuilder rows = new StringBuilder();
    List<Round> redis = all.get(LimitsProcess.REDIS);
    for (String limiter : LimitsBenchmark.LIMITERS) {
      List<Round> rounds = all.get(limiter);
      if (rounds == null) {
        rows.append(format("| %s | not run: %s | | | |%n", limiter, result.notRun().get(limiter)));
        continue;
      }
      String last =
          withRatioOfCpu
              ? redis == null
                  ? ""
                  : format("%.3f", Rounds.medianRatio(rounds, redis, Round::cpuMicros))
              : format("%,d", rounds.stream().mapToLong(one -> one.outcome().failed()).sum());
      rows.append(
          format(
              "| %s | %,.0f | %s | %.2f µs | %s |%n",
              limiter,
              Rounds.median(rounds, Round::perSecond),
              redis == null
                  ? ""
                  : format("%.2f", Rounds.medianRatio(rounds, redis, Round::perSecond)),
              Rounds.median(rounds, Round::cpuMicros),
              last));
    }
    return rows.toString().stripTrailing();
  }

  private String steady() {
    return LimitsBenchmark.LIMITERS.stream()
        .map(
            limiter -> {
              List<Round> rounds = result.steady().get(limiter);
              return rounds == null
                  ? format("| %s | not run | |", limiter)
                  : format(
                      "| %s | %.3f ms | %.3f ms |",
                      limiter,
                      Rounds.median(rounds, one -> one.outcome().p50Micros() / 1e3),
                      Rounds.median(rounds, one -> one.outcome().p99Micros() / 1e3));
            })
        .collect(Collectors.joining("\n"));
  }

  private String sizes() {
    StringBuilder rows = new StringBuilder();
    result
        .sizes()
        .forEach(
            (size, limiters) ->
                limiters.forEach(
                    (limiter, rounds) ->
                        rows.append(
                            format(
                                "| %,d | %s | %,.0f | %.2f µs | %.2f times |%n",
                                size,
                                limiter,
                                Rounds.median(rounds, Round::perSecond),
                                Rounds.median(rounds, Round::cpuMicros),
                                grown(limiter, size)))));
    return rows.toString().stripTrailing();
  }

  /** CPU for one call, beside that with the fewest counters. */
  private double grown(String limiter, int size) {
    return Rounds.median(result.sizes().get(size).get(limiter), Round::cpuMicros)
        / Rounds.median(result.sizes().get(plan.sizes().get(0)).get(limiter), Round::cpuMicros);
  }

  private String nodes() {
    List<NodesBenchmark.Round> alone = nodes.get(NodesBenchmark.ALONE);
    return nodes.entrySet().stream()
        .map(
            way ->
                format(
                    "| %s | %,.0f | %.2f | %.2f ms | %.2f ms | %.0f µs |",
                    way.getKey(),
                    Rounds.median(way.getValue(), NodesBenchmark.Round::callsPerSecond),
                    Rounds.medianRatio(way.getValue(), alone, NodesBenchmark.Round::callsPerSecond),
                    Rounds.median(way.getValue(), NodesBenchmark.Round::p50Millis),
                    Rounds.median(way.getValue(), NodesBenchmark.Round::p99Millis),
                    Rounds.median(way.getValue(), NodesBenchmark.Round::cpuMicros)))
        .collect(Collectors.joining("\n"));
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
