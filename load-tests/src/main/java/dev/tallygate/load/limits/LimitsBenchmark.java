package dev.tallygate.load.limits;

import dev.tallygate.load.CpuUse;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Has every limiter decide, in short rounds in which they take turns. */
final class LimitsBenchmark {
  static final int STEADY_PER_SECOND = 5_000;
  static final int FEW = 10;

  /** So many calls wait for their decision at once. */
  static final int IN_FLIGHT = 256;

  private static final int MINUTE_CALLS = 100_000;
  private static final int FIRST_GRANT_OF_MEMORY = 10_000_000;

  static final List<String> LIMITERS =
      List.of(
          LimitsProcess.LEASED,
          LimitsProcess.EXACT,
          LimitsProcess.EXACT_DECISION,
          LimitsProcess.BUCKET,
          LimitsProcess.REDIS,
          LimitsProcess.GUBERNATOR,
          LimitsProcess.ENVOY);

  /**
   * How much is done.
   *
   * @param warmUp of each limiter, before the first round
   * @param sizes how many counters there are, growing
   * @param grants counters that are made to weigh them
   */
  record Plan(
      int rounds,
      Duration warmUp,
      Duration measured,
      Duration storeCalls,
      List<Integer> sizes,
      int grants,
      Duration nodesWarmUp,
      Duration nodesMeasured) {
    static final Plan FULL =
        new Plan(
            5,
            Duration.ofSeconds(10),
            Duration.ofSeconds(2),
            Duration.ofSeconds(30),
            List.of(10, 10_000, 1_000_000),
            50_000,
            Duration.ofSeconds(60),
            Duration.ofSeconds(3));
    static final Plan QUICK =
        new Plan(
            1,
            Duration.ofSeconds(2),
            Duration.ofMillis(800),
            Duration.ofSeconds(3),
            List.of(10, 1_000, 10_000),
            2_000,
            Duration.ofSeconds(5),
            Duration.ofSeconds(1));
  }

  /**
   * What one limiter did in one round.
   *
   * @param cpuMicros CPU time of all processes together, for one decision
   */
  record Round(Drive.Outcome outcome, double cpuMicros) {
    double perSecond() {
      return outcome.perSecond();
    }
  }

  /**
   * Bytes of heap.
   *
   * @param oneLimit of a grant with one limit, all copies on all members together
   * @param threeLimits of a grant with three
   * @param leased of a limit in a process that has leased of it
   */
  record Memory(long oneLimit, long threeLimits, long leased) {}

  /**
   * What came of it.
   *
   * @param few by limiter: decisions on few counters
   * @param many on so many that each call meets another one
   * @param steady by limiter: decisions at a rate
   * @param sizes by number of counters, then limiter
   * @param oneNode store calls for one call, of a process that serves 100,000 calls a minute
   * @param threeNodes of three that share as many
   * @param others cores that others kept busy, by round
   */
  record Result(
      Map<String, List<Round>> few,
      Map<String, List<Round>> many,
      Map<String, List<Round>> steady,
      Map<Integer, Map<String, List<Round>>> sizes,
      double oneNode,
      double threeNodes,
      Memory memory,
      Map<String, String> notRun,
      List<Double> others) {}

  private final Plan plan;
  private final Grid grid;
  private final PrintStream progress;
  private final List<Double> others = new ArrayList<>();

  LimitsBenchmark(Plan plan, Grid grid, PrintStream progress) {
    this.plan = plan;
    this.grid = grid;
    this.progress = progress;
  }

  Result run() throws IOException {
    List<String> limiters =
        LIMITERS.stream().filter(limiter -> !grid.notRun().containsKey(limiter)).toList();
    for (String limiter : limiters) {
      grid.drive(saturated(limiter, FEW, plan.warmUp()));
    }
    Map<String, List<Round>> few =
        rounds("decisions", limiters, limiter -> saturated(limiter, FEW, plan.measured()));
    Map<String, List<Round>> steady = rounds("at a rate", limiters, this::steady);
    int manyCounters = plan.sizes().get(1);
    Map<String, List<Round>> many =
        rounds(
            manyCounters + " counters",
            limiters,
            limiter -> saturated(limiter, manyCounters, plan.measured()));
    double oneNode = storeCalls(List.of(grid.drive(minute(1))));
    double threeNodes = storeCalls(grid.driveMembers(minute(3)));
    Memory memory = memory();
    return new Result(
        few, many, steady, sizes(limiters), oneNode, threeNodes, memory, grid.notRun(), others);
  }

  private interface Orders {
    Drive.Order of(String limiter);
  }

  private Map<String, List<Round>> rounds(String what, List<String> limiters, Orders orders)
      throws IOException {
    Map<String, List<Round>> rounds = new LinkedHashMap<>();
    limiters.forEach(limiter -> rounds.put(limiter, new ArrayList<>()));
    for (int round = 0; round < plan.rounds(); round++) {
      for (String limiter : limiters) {
        Round one = round(orders.of(limiter));
        rounds.get(limiter).add(one);
        progress.printf(
            "%s, round %d of %d, %s: %.0f/s, %.2f us CPU, p99 %.0f us%s%n",
            what,
            round + 1,
            plan.rounds(),
            limiter,
            one.perSecond(),
            one.cpuMicros(),
            one.outcome().p99Micros(),
            one.outcome().failed() == 0 ? "" : ", failed: " + one.outcome().failed());
      }
    }
    return rounds;
  }

  private Round round(Drive.Order order) throws IOException {
    CpuUse began = CpuUse.now();
    Duration before = grid.cpuTime();
    Drive.Outcome outcome = grid.drive(order);
    double micros = grid.cpuTime().minus(before).toNanos() / 1e3;
    CpuUse.now().othersSince(began).ifPresent(others::add);
    return new Round(outcome, micros / (outcome.admitted() + outcome.refused()));
  }

  private static Drive.Order saturated(String limiter, int counters, Duration time) {
    return new Drive.Order(limiter, 0, counters, IN_FLIGHT, 0, time.toMillis());
  }

  private Drive.Order steady(String limiter) {
    return new Drive.Order(limiter, 0, FEW, 0, STEADY_PER_SECOND, plan.measured().toMillis());
  }

  private Drive.Order minute(int nodes) {
    return new Drive.Order(
        LimitsProcess.LEASED_MINUTE,
        0,
        1,
        0,
        MINUTE_CALLS / 60 / nodes,
        plan.storeCalls().toMillis());
  }

  private static double storeCalls(List<Drive.Outcome> outcomes) {
    long calls = outcomes.stream().mapToLong(one -> one.admitted() + one.refused()).sum();
    return outcomes.stream().mapToLong(Drive.Outcome::storeCalls).sum() / (double) calls;
  }

  private Memory memory() throws IOException {
    long empty = grid.membersHeap();
    grid.drive(once(LimitsProcess.EXACT, FIRST_GRANT_OF_MEMORY, plan.grants()));
    long withOne = grid.membersHeap();
    grid.drive(once(LimitsProcess.EXACT_THREE, 2 * FIRST_GRANT_OF_MEMORY, plan.grants()));
    long withThree = grid.membersHeap();
    return new Memory(
        (withOne - empty) / plan.grants(),
        (withThree - withOne) / plan.grants(),
        grid.leaseHeap(Math.min(2_000, plan.grants())));
  }

  private static Drive.Order once(String limiter, int from, int counters) {
    return new Drive.Order(limiter, from, counters, IN_FLIGHT, 0, 0);
  }

  /** Redis is there to tell what else has changed meanwhile. */
  private Map<Integer, Map<String, List<Round>>> sizes(List<String> limiters) throws IOException {
    List<String> chosen =
        List.of(LimitsProcess.LEASED, LimitsProcess.EXACT, LimitsProcess.REDIS).stream()
            .filter(limiters::contains)
            .toList();
    Map<Integer, Map<String, List<Round>>> sizes = new LinkedHashMap<>();
    int there = 0;
    for (int size : plan.sizes()) {
      for (String limiter : chosen) {
        if (!limiter.equals(LimitsProcess.LEASED) && size > there) {
          String once = limiter.equals(LimitsProcess.EXACT) ? LimitsProcess.EXACT_ONCE : limiter;
          grid.drive(once(once, there, size - there));
        }
      }
      there = size;
      sizes.put(
          size,
          rounds(
              size + " counters are there",
              chosen,
              limiter ->
                  saturated(
                      limiter,
                      limiter.equals(LimitsProcess.LEASED) ? FEW : size,
                      plan.measured())));
    }
    return sizes;
  }
}
