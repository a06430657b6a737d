package dev.tallygate.load.accuracy;

import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * How much is run.
 *
 * @param windowSeconds how long windows last, where a scenario needs no longer ones
 * @param nodes sizes of clusters
 * @param scenarios on the ledger's own interface
 * @param calls end to end
 */
record Plan(
    int windowSeconds, List<Integer> nodes, Set<Scenario> scenarios, Set<CallScenario> calls) {
  static final Plan FULL =
      new Plan(10, List.of(1, 3, 5), Set.of(Scenario.values()), Set.of(CallScenario.values()));
  static final Plan QUICK =
      new Plan(
          6,
          List.of(3),
          Set.of(Scenario.BURST, Scenario.KILL_ONE, Scenario.PARTITION),
          Set.of(CallScenario.CALLS_KILL_ONE));

  /**
   * {@code TALLYGATE_SCENARIOS=CALM,CALLS_CALM} and {@code TALLYGATE_NODES=3} leave only those, for
   * whoever mends one.
   */
  Plan chosen() {
    Predicate<String> size = chosen("TALLYGATE_NODES");
    return new Plan(
        windowSeconds,
        nodes.stream().filter(each -> size.test(each.toString())).toList(),
        chosen(scenarios),
        chosen(calls));
  }

  private static <E extends Enum<E>> Set<E> chosen(Set<E> all) {
    Predicate<String> scenario = chosen("TALLYGATE_SCENARIOS");
    return all.stream()
        .filter(each -> scenario.test(each.name()))
        .collect(Collectors.toUnmodifiableSet());
  }

  private static Predicate<String> chosen(String variable) {
    String only = System.getenv(variable);
    return only == null ? any -> true : List.of(only.split(","))::contains;
  }

  boolean has(Scenario scenario, int size) {
    return scenarios.contains(scenario) && nodes.contains(size);
  }

  boolean has(CallScenario scenario) {
    return calls.contains(scenario) && nodes.contains(CallRun.NODES);
  }
}
