package dev.tallygate.policy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Warnings about limits that do nothing, or that let nothing through. */
final class LimitLint {
  private final DocumentCheck check;

  LimitLint(DocumentCheck check) {
    this.check = check;
  }

  void run(List<Limit> allTools, Map<String, List<Limit>> byTool) {
    List<Limit> everywhere = new ArrayList<>(allTools);
    byTool.values().forEach(everywhere::addAll);
    for (Limit limit : everywhere) {
      if (limit.admitsNothing()) {
        check.warn(limit.rule(), "no call finds room: one call costs more than \"max\"");
      } else if (limit.incrementFrom().isEmpty() && limit.increment().signum() == 0) {
        check.warn(limit.rule(), "this limit never fills: a call costs nothing");
      }
    }
    Map<CounterIdentity, Integer> uses = new HashMap<>();
    everywhere.forEach(limit -> uses.merge(CounterIdentity.of(limit), 1, Integer::sum));
    shadowed(allTools, List.of(), uses);
    byTool.values().forEach(own -> shadowed(own, allTools, uses));
  }

  private void shadowed(List<Limit> own, List<Limit> allTools, Map<CounterIdentity, Integer> uses) {
    List<Limit> applied = new ArrayList<>(own);
    applied.addAll(allTools);
    for (Limit limit : own) {
      long usesHere = own.stream().filter(o -> o.sharesCounterWith(limit)).count();
      boolean counted = uses.get(CounterIdentity.of(limit)) > usesHere;
      Optional<Limit> stricter =
          applied.stream().filter(o -> o != limit && shadows(o, limit, counted)).findFirst();
      stricter.ifPresent(
          o ->
              check.warn(
                  limit.rule(),
                  "this limit never stops a call: the one at " + o.rule() + " is stricter"));
    }
  }

  /** Whether {@code strict} is full whenever {@code limit} would be. */
  private static boolean shadows(Limit strict, Limit limit, boolean countedElsewhere) {
    if (limit.sharesCounterWith(strict)) {
      int order = strict.max().compareTo(limit.max());
      return order < 0 || (order == 0 && strict.rule().compareTo(limit.rule()) < 0);
    }
    boolean sameCost =
        strict.increment().compareTo(limit.increment()) == 0
            && strict
                .incrementFrom()
                .map(ArgumentPath::toString)
                .equals(limit.incrementFrom().map(ArgumentPath::toString));
    boolean longer =
        strict.windowSeconds() % limit.windowSeconds() == 0
            && strict.algorithm() == limit.algorithm();
    boolean wider = strict.scope() == limit.scope();
    boolean same =
        strict.windowSeconds() == limit.windowSeconds() && strict.max().compareTo(limit.max()) == 0;
    return !countedElsewhere
        && sameCost
        && longer
        && wider
        && strict.max().compareTo(limit.max()) <= 0
        && (!same || strict.rule().compareTo(limit.rule()) < 0);
  }

  /** What makes two limits of one caller count together. */
  private record CounterIdentity(
      Scope scope, String counter, long windowSeconds, Algorithm algorithm) {
    static CounterIdentity of(Limit limit) {
      return new CounterIdentity(
          limit.scope(), limit.counter(), limit.windowSeconds(), limit.algorithm());
    }
  }
}
