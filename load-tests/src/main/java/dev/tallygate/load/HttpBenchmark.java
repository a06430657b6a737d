package dev.tallygate.load;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Calls over HTTP: directly, through nginx and through the node. The ways take turns in short
 * rounds, so that what else goes on at the machine meets each of them alike.
 */
final class HttpBenchmark {
  static final int RATE_PER_SECOND = 1_000;

  /** How calls are made. */
  enum Scenario {
    ONE("1 connection"),
    SIXTEEN("16 connections"),
    STEADY(RATE_PER_SECOND + " calls a second, 32 connections"),
    SATURATION("saturation, 64 connections");

    private final String title;

    Scenario(String title) {
      this.title = title;
    }

    String title() {
      return title;
    }

    private Measured run(LoadGenerator load, Endpoint endpoint) {
      return switch (this) {
        case ONE -> load.closedLoop(endpoint, 1);
        case SIXTEEN -> load.closedLoop(endpoint, 16);
        case STEADY -> load.openLoop(endpoint, 32, RATE_PER_SECOND);
        case SATURATION -> load.closedLoop(endpoint, 64);
      };
    }
  }

  /**
   * How long it takes.
   *
   * @param nodeWarmUp under load, before the first round: its code is compiled while it runs, which
   *     takes 40 s where two cores are shared with the load
   * @param warmUp of each run
   */
  record Plan(int rounds, Duration nodeWarmUp, Duration warmUp, Duration measured) {
    private static final Duration OTHERS_WARM_UP = Duration.ofSeconds(2);

    static final Plan FULL =
        new Plan(5, Duration.ofSeconds(50), Duration.ofMillis(500), Duration.ofSeconds(3));
    static final Plan QUICK =
        new Plan(1, Duration.ofSeconds(15), Duration.ofMillis(200), Duration.ofMillis(800));
  }

  /**
   * What came of it.
   *
   * @param rounds by scenario and way, in the order of the rounds
   * @param others cores that other processes kept busy, by run
   * @param residentBytes of the node at the end of the last saturation
   * @param calls answered by the node, each of which it recorded
   */
  record Result(
      Map<Scenario, Map<String, List<Measured>>> rounds,
      List<Double> others,
      OptionalLong residentBytes,
      OptionalLong peakResidentBytes,
      long calls) {
    List<Measured> of(Scenario scenario, String way) {
      return rounds.get(scenario).getOrDefault(way, List.of());
    }
  }

  private final Plan plan;
  private final PrintStream progress;

  HttpBenchmark(Plan plan, PrintStream progress) {
    this.plan = plan;
    this.progress = progress;
  }

  Result run(Subjects subjects) throws IOException {
    Map<String, LoadGenerator> generators = new LinkedHashMap<>();
    for (Subject subject : subjects.all()) {
      // Alone, because a node asks the server for its tools on the first call.
      try (McpConnection first = new McpConnection(subject.endpoint(), SampleCall.FIRST_ID)) {
        first.call();
      }
      boolean isNode = subject.name().equals(Subjects.TALLYGATE);
      Duration warmUp = isNode ? plan.nodeWarmUp() : Plan.OTHERS_WARM_UP;
      new LoadGenerator(Duration.ZERO, warmUp).closedLoop(subject.endpoint(), 16);
      generators.put(subject.name(), new LoadGenerator(plan.warmUp(), plan.measured()));
    }
    Map<Scenario, Map<String, List<Measured>>> rounds = new LinkedHashMap<>();
    for (Scenario scenario : Scenario.values()) {
      rounds.put(scenario, new LinkedHashMap<>());
      subjects.all().forEach(s -> rounds.get(scenario).put(s.name(), new ArrayList<>()));
    }
    Scraper scraper = Scraper.everySecond(subjects.nodeMetrics());
    double before = answered(scraper);
    List<Double> others = new ArrayList<>();
    OptionalLong resident = OptionalLong.empty();
    for (int round = 0; round < plan.rounds(); round++) {
      for (Scenario scenario : Scenario.values()) {
        for (Subject subject : subjects.all()) {
          CpuUse began = CpuUse.now();
          Measured measured = withCpu(subject, generators.get(subject.name()), scenario);
          CpuUse.now().othersSince(began).ifPresent(others::add);
          rounds.get(scenario).get(subject.name()).add(measured);
          progress.printf(
              "round %d of %d, %s, %s: p50 %.3f ms, p99 %.3f ms, %.0f calls/s%n",
              round + 1,
              plan.rounds(),
              scenario.title(),
              subject.name(),
              measured.millis(50),
              measured.millis(99),
              measured.callsPerSecond());
        }
      }
      resident = subjects.node().residentBytes(false);
    }
    long calls = generators.get(Subjects.TALLYGATE).calls();
    requireOnRecord(scraper, before, calls);
    scraper.close();
    return new Result(rounds, others, resident, subjects.node().residentBytes(true), calls);
  }

  private static Measured withCpu(Subject subject, LoadGenerator load, Scenario scenario) {
    long callsBefore = load.calls();
    Duration cpuBefore = cpu(subject);
    Measured measured = scenario.run(load, subject.endpoint());
    double micros = cpu(subject).minus(cpuBefore).toNanos() / 1e3;
    return measured.withCpuMicrosPerCall(micros / (load.calls() - callsBefore));
  }

  private static Duration cpu(Subject subject) {
    return subject.proxy().map(ServerProcess::cpuTime).orElse(Duration.ZERO);
  }

  private static double answered(Scraper scraper) {
    return Scraper.sum(scraper.scrape(), "tallygate_decisions_total");
  }

  /** That policy, audit log and metrics saw every call is part of what is measured. */
  private static void requireOnRecord(Scraper scraper, double before, long calls) {
    String metrics = scraper.scrape();
    double decided = Scraper.sum(metrics, "tallygate_decisions_total") - before;
    double lost = Scraper.sum(metrics, "tallygate_audit_failures_total");
    if (Math.round(decided) != calls || lost != 0) {
      throw new LoadFailure(
          "the node answered "
              + calls
              + " calls, decided "
              + Math.round(decided)
              + " and could not record "
              + Math.round(lost));
    }
  }
}
