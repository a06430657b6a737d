package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/** The compiled rule of one tool. */
final class ToolRule {
  private final Optional<Decision.Deny> action;
  private final List<Entry> require;
  private final List<Entry> denyIf;
  private final Optional<Decision.Deny> approval;
  private final ChargePlan charges;
  private final boolean reachable;

  /**
   * Compiles a rule.
   *
   * @param action the answer to every call, where the action denies
   * @param approval the answer to calls that only an approval could let through
   * @param reachable whether some call could pass, as far as the rule alone tells
   */
  ToolRule(
      Optional<Decision.Deny> action,
      List<Entry> require,
      List<Entry> denyIf,
      Optional<Decision.Deny> approval,
      ChargePlan charges,
      boolean reachable) {
    this.action = action;
    this.require = List.copyOf(require);
    this.denyIf = List.copyOf(denyIf);
    this.approval = approval;
    this.charges = charges;
    this.reachable = reachable;
  }

  Decision decide(JsonNode arguments) {
    if (action.isPresent()) {
      return action.get();
    }
    Decision.Deny stopped = firstDenial(require, arguments);
    if (stopped == null) {
      stopped = firstDenial(denyIf, arguments);
    }
    if (stopped == null && approval.isPresent()) {
      stopped = approval.get();
    }
    return stopped != null ? stopped : charges.charge(arguments);
  }

  boolean reachable() {
    return reachable;
  }

  private static Decision.Deny firstDenial(List<Entry> entries, JsonNode arguments) {
    for (int i = 0; i < entries.size(); i++) {
      Decision.Deny denial = entries.get(i).judge(arguments);
      if (denial != null) {
        return denial;
      }
    }
    return null;
  }
}
