package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds ANDed conditions that no value satisfies together. What it names is a contradiction; what
 * it does not see is left alone.
 */
final class Satisfiability {
  private static final int MAX_TRIALS = 10_000;
  private static final int MAX_TRIED_TEXT = 1_000;

  private Satisfiability() {}

  /** Why no call satisfies all of the conditions, where that is certain. */
  static Optional<String> contradiction(List<Condition> conditions) {
    Map<String, List<Condition>> byPath = new LinkedHashMap<>();
    for (Condition condition : conditions) {
      // An empty list satisfies every "all of them", and "any of them" are not one value.
      if (condition.path().hasWildcard()) {
        continue;
      }
      byPath.computeIfAbsent(condition.path().toString(), p -> new ArrayList<>()).add(condition);
    }
    for (Map.Entry<String, List<Condition>> path : byPath.entrySet()) {
      Optional<String> found = ofOnePath(path.getValue());
      if (found.isPresent()) {
        return found.map(why -> path.getKey() + " " + why);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> ofOnePath(List<Condition> conditions) {
    boolean mustBeThere = false;
    boolean mustNotBeThere = false;
    Set<JsonNodeType> types = EnumSet.allOf(JsonNodeType.class);
    List<JsonNode> candidates = null;
    BigDecimal lowest = null;
    BigDecimal highest = null;
    boolean strict = false;
    for (Condition condition : conditions) {
      Operator operator = condition.operator();
      JsonNode value = condition.value();
      types.retainAll(operator.types());
      if (operator == Operator.EXISTS) {
        mustBeThere |= value.booleanValue();
        mustNotBeThere |= !value.booleanValue();
      }
      if (candidates == null && operator == Operator.EQ) {
        candidates = List.of(value);
      } else if (candidates == null && operator == Operator.IN) {
        candidates = new ArrayList<>();
        value.forEach(candidates::add);
      }
      if (operator == Operator.GT || operator == Operator.GTE) {
        BigDecimal bound = value.decimalValue();
        lowest = lowest == null ? bound : lowest.max(bound);
        strict |= operator == Operator.GT;
      }
      if (operator == Operator.LT || operator == Operator.LTE) {
        BigDecimal bound = value.decimalValue();
        highest = highest == null ? bound : highest.min(bound);
        strict |= operator == Operator.LT;
      }
    }
    if (mustBeThere && mustNotBeThere) {
      return Optional.of("cannot both be given and not be given");
    }
    if (mustNotBeThere && types.size() < JsonNodeType.values().length) {
      return Optional.of("cannot be compared when it must not be given");
    }
    if (types.isEmpty()) {
      return Optional.of("cannot be of two types at once");
    }
    if (candidates != null
        && isCheap(candidates, conditions)
        && candidates.stream()
            .noneMatch(c -> conditions.stream().allMatch(o -> o.judgeValue(c) == Truth.TRUE))) {
      return Optional.of("cannot have any of the values that are named for it");
    }
    if (lowest != null && highest != null) {
      int order = lowest.compareTo(highest);
      // Two bounds that meet leave one value, unless one of them excludes it. Which of several
      // bounds was strict is not kept, so only the simple case is named.
      if (order > 0 || (order == 0 && strict && conditions.size() == 2)) {
        return Optional.of("cannot lie within bounds that leave no number");
      }
    }
    return Optional.empty();
  }

  /** Validation must not take longer than the document is worth. */
  private static boolean isCheap(List<JsonNode> candidates, List<Condition> conditions) {
    return (long) candidates.size() * conditions.size() <= MAX_TRIALS
        && candidates.stream()
            .noneMatch(c -> c.isContainerNode() || c.asText().length() > MAX_TRIED_TEXT);
  }
}
