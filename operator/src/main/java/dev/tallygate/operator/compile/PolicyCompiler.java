package dev.tallygate.operator.compile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.compile.Accepting.Accepted;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Finding.Severity;
import dev.tallygate.policy.PolicyReading;
import java.util.List;
import java.util.Optional;

/** A Policy is its document in the registry. */
record PolicyCompiler(Accepting accepting) {
  private static final int MOST_ERRORS = 3;

  Verdict compile(Resource policy) {
    PolicyReading reading = policy.policy().orElseThrow();
    Accepted accepted =
        reading.policy().isPresent()
            ? accepting.decide(policy.ref(), new Content(policy.spec()))
            : accepting.refused(policy.ref(), "Invalid", errors(reading));
    ObjectNode facts = Verdict.noFacts().put("tools", policy.spec().path("tools").size());
    return new Verdict(
        policy,
        accepted.content(),
        accepted.condition(),
        Optional.empty(),
        Optional.empty(),
        facts);
  }

  private static String errors(PolicyReading reading) {
    List<Finding> errors =
        reading.findings().stream()
            .filter(finding -> finding.severity() == Severity.ERROR)
            .toList();
    StringBuilder text = new StringBuilder();
    for (Finding error : errors.subList(0, Math.min(errors.size(), MOST_ERRORS))) {
      text.append(text.isEmpty() ? "" : "; ")
          .append("spec")
          .append(error.pointer())
          .append(": ")
          .append(error.message());
    }
    return errors.size() > MOST_ERRORS
        ? text + "; and " + (errors.size() - MOST_ERRORS) + " more"
        : text.toString();
  }
}
