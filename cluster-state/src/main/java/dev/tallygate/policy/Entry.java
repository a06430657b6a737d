package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.policy.Denial.Reason;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** One compiled entry of {@code require} or {@code deny_if}: conditions that are ANDed. */
final class Entry {
  private final List<Condition> conditions;
  private final boolean requiring;
  private final boolean deniesMissing;
  private final Decision.Deny denial;
  private final Decision.Deny unjudgedDenial;
  private final Decision.Deny missingDenial;

  Entry(
      String pointer,
      Optional<String> name,
      List<Condition> conditions,
      boolean requiring,
      boolean deniesMissing,
      Optional<String> onDeny) {
    this.conditions = List.copyOf(conditions);
    this.requiring = requiring;
    this.deniesMissing = deniesMissing;
    Reason reason = requiring ? Reason.REQUIRE : Reason.DENY_IF;
    String prefix = name.map(n -> n + ": ").orElse("");
    String cure = prefix + (requiring ? required() : forbidden());
    this.denial = deny(reason, pointer, name, onDeny.orElse(cure));
    this.unjudgedDenial =
        deny(
            reason,
            pointer,
            name,
            onDeny.orElse(cure + " (a value of a type that cannot be judged is refused)"));
    this.missingDenial =
        deny(
            reason,
            pointer,
            name,
            onDeny.orElse(
                prefix
                    + conditions.stream()
                        .map(c -> c.path() + " must be given")
                        .distinct()
                        .collect(Collectors.joining(" and "))));
  }

  /** The denial, or null where the entry lets the call pass. */
  Decision.Deny judge(JsonNode arguments) {
    if (deniesMissing) {
      for (int i = 0; i < conditions.size(); i++) {
        if (conditions.get(i).meetsAbsence(arguments)) {
          return missingDenial;
        }
      }
    }
    Truth all = Truth.TRUE;
    for (int i = 0; i < conditions.size(); i++) {
      all = all.and(conditions.get(i).judge(arguments));
      if (all == Truth.FALSE) {
        return requiring ? denial : null;
      }
    }
    if (all == Truth.INDETERMINATE) {
      return unjudgedDenial;
    }
    return requiring ? null : denial;
  }

  List<Condition> conditions() {
    return conditions;
  }

  private String required() {
    return conditions.stream().map(Condition::requirement).collect(Collectors.joining(" and "));
  }

  private String forbidden() {
    if (conditions.isEmpty()) {
      return "the policy denies every call of this tool";
    }
    if (conditions.size() == 1) {
      return conditions.get(0).opposite();
    }
    return "not allowed while "
        + conditions.stream().map(Condition::statement).collect(Collectors.joining(" and "));
  }

  private static Decision.Deny deny(
      Reason reason, String pointer, Optional<String> name, String message) {
    return new Decision.Deny(new Denial(reason, pointer, name, message));
  }
}
