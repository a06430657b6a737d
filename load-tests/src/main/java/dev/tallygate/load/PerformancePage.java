package dev.tallygate.load;

import dev.tallygate.load.HttpBenchmark.Result;
import dev.tallygate.load.HttpBenchmark.Scenario;
import dev.tallygate.load.StepBenchmarks.Step;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** The figures as {@code docs/performance.md} shows them. */
final class PerformancePage {
  private static final List<String> WAYS =
      List.of(Subjects.DIRECT, Subjects.NGINX, Subjects.TALLYGATE);
  private static final double GOAL_ADDED_MILLIS = 0.4;
  private static final long GOAL_RESIDENT_MIB = 256;
  private static final Map<Integer, Double> GOAL_DECISION_MICROS = Map.of(1, 2.0, 100, 10.0);

  private final Machine machine;
  private final HttpBenchmark.Plan plan;
  private final Result http;
  private final List<Step> steps;

  PerformancePage(Machine machine, HttpBenchmark.Plan plan, Result http, List<Step> steps) {
    this.machine = machine;
    this.plan = plan;
    this.http = http;
    this.steps = steps;
  }

  String text(String command) throws IOException {
    String page;
    try (InputStream template = PerformancePage.class.getResourceAsStream("performance.md")) {
      page = new String(template.readAllBytes(), StandardCharsets.UTF_8);
    }
    return page.replace("${date}", machine.date())
        .replace("${commit}", machine.commit())
        .replace("${command}", command)
        .replace("${processor}", machine.processor())
        .replace("${cores}", Integer.toString(machine.cores()))
        .replace("${memory}", machine.memory())
        .replace("${system}", machine.system())
        .replace("${java}", machine.java())
        .replace("${rounds}", Integer.toString(plan.rounds()))
        .replace("${warmUp}", Long.toString(plan.nodeWarmUp().toSeconds()))
        .replace("${seconds}", format("%.1f", plan.measured().toMillis() / 1e3))
        .replace("${others}", others())
        .replace("${goals}", goals())
        .replace("${latency}", latency())
        .replace("${saturation}", saturation())
        .replace("${resident}", mebibytes(http.residentBytes()))
        .replace("${peak}", mebibytes(http.peakResidentBytes()))
        .replace("${calls}", format("%,d", http.calls()))
        .replace("${decisions}", decisions())
        .replace("${steps}", otherSteps());
  }

  private String others() {
    if (http.others().isEmpty()) {
      return "unknown";
    }
    double most = http.others().stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    return format(
        "%.2f of %d cores in the median run, %.2f in the worst",
        Rounds.median(http.others(), cores -> cores), machine.cores(), most);
  }

  private String goals() {
    StringBuilder rows = new StringBuilder();
    for (int rules : new int[] {1, 100}) {
      double goal = GOAL_DECISION_MICROS.get(rules);
      steps.stream()
          .filter(step -> isDecision(step, rules, "small"))
          .forEach(
              step ->
                  rows.append(
                      goal(
                          format("decision by %d rule%s, p50", rules, rules == 1 ? "" : "s"),
                          format("under %.0f µs", goal),
                          format("%.2f µs", step.p50Micros()),
                          step.p50Micros() < goal)));
    }
    double added =
        Rounds.medianAdded(
            http.of(Scenario.SIXTEEN, Subjects.TALLYGATE),
            http.of(Scenario.SIXTEEN, Subjects.DIRECT),
            one -> one.millis(50));
    rows.append(
        goal(
            "added to a call at 16 connections, p50",
            format("at most %.1f ms", GOAL_ADDED_MILLIS),
            format("%+.2f ms", added),
            added <= GOAL_ADDED_MILLIS));
    http.residentBytes()
        .ifPresent(
            bytes ->
                rows.append(
                    goal(
                        "resident memory after saturation",
                        "under " + GOAL_RESIDENT_MIB + " MB",
                        mebibytes(http.residentBytes()),
                        bytes < GOAL_RESIDENT_MIB << 20)));
    return rows.toString().stripTrailing();
  }

  private static String goal(String what, String goal, String measured, boolean met) {
    return format("| %s | %s | %s | %s |%n", what, goal, measured, met ? "yes" : "**no**");
  }

  private String latency() {
    StringBuilder rows = new StringBuilder();
    for (Scenario scenario : List.of(Scenario.ONE, Scenario.SIXTEEN, Scenario.STEADY)) {
      for (String way : WAYS) {
        List<Measured> rounds = http.of(scenario, way);
        if (rounds.isEmpty()) {
          rows.append(format("| %s | %s | not run | | | | |%n", scenario.title(), way));
          continue;
        }
        rows.append(
            format(
                "| %s | %s | %.2f ms | %.2f ms | %s | %s | %s |%n",
                scenario.title(),
                way,
                Rounds.median(rounds, one -> one.millis(50)),
                Rounds.median(rounds, one -> one.millis(99)),
                added(scenario, way, one -> one.millis(50)),
                added(scenario, way, one -> one.millis(99)),
                cpu(way, rounds)));
      }
    }
    return rows.toString().stripTrailing();
  }

  private String added(Scenario scenario, String way, ToDoubleFunction<Measured> figure) {
    List<Measured> baseline = http.of(scenario, Subjects.DIRECT);
    return way.equals(Subjects.DIRECT)
        ? "-"
        : format("%+.2f ms", Rounds.medianAdded(http.of(scenario, way), baseline, figure));
  }

  private static String cpu(String way, List<Measured> rounds) {
    return way.equals(Subjects.DIRECT)
        ? "-"
        : format("%.0f µs", Rounds.median(rounds, Measured::cpuMicrosPerCall));
  }

  private String saturation() {
    StringBuilder rows = new StringBuilder();
    List<Measured> baseline = http.of(Scenario.SATURATION, Subjects.DIRECT);
    for (String way : WAYS) {
      List<Measured> rounds = http.of(Scenario.SATURATION, way);
      if (rounds.isEmpty()) {
        rows.append(format("| %s | not run | | | | |%n", way));
        continue;
      }
      rows.append(
          format(
              "| %s | %,.0f | %.2f | %.2f ms | %.2f ms | %s |%n",
              way,
              Rounds.median(rounds, Measured::callsPerSecond),
              Rounds.medianRatio(rounds, baseline, Measured::callsPerSecond),
              Rounds.median(rounds, one -> one.millis(50)),
              Rounds.median(rounds, one -> one.millis(99)),
              cpu(way, rounds)));
    }
    return rows.toString().stripTrailing();
  }

  private String decisions() {
    return steps.stream()
        .filter(PerformancePage::isDecision)
        .map(
            step ->
                format(
                    "| %s | %s | %.2f µs | %.2f µs | %,.0f B |",
                    step.parameters().get("rules"),
                    step.parameters().get("arguments"),
                    step.p50Micros(),
                    step.p99Micros(),
                    step.bytes()))
        .collect(Collectors.joining("\n"));
  }

  private String otherSteps() {
    return steps.stream()
        .filter(step -> !isDecision(step))
        .map(
            step ->
                format(
                    "| `%s` %s | %.2f µs | %.2f µs | %.2f µs | %,.0f B |",
                    step.name(),
                    String.join(", ", step.parameters().values()),
                    step.p50Micros(),
                    step.p99Micros(),
                    step.meanMicros(),
                    step.bytes()))
        .collect(Collectors.joining("\n"));
  }

  private static boolean isDecision(Step step) {
    return step.name().equals("DecisionBenchmark.decide");
  }

  private static boolean isDecision(Step step, int rules, String arguments) {
    return isDecision(step)
        && step.parameters().get("rules").equals(Integer.toString(rules))
        && step.parameters().get("arguments").equals(arguments);
  }

  private static String mebibytes(OptionalLong bytes) {
    return bytes.isEmpty() ? "unknown" : format("%d MiB", bytes.getAsLong() >> 20);
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
