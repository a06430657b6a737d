package dev.tallygate.operator.compile;

import static dev.tallygate.operator.compile.Condition.Type.ACCEPTED;

import dev.tallygate.operator.resources.Ref;
import java.util.Optional;

/** Decides between what a resource would be and what it was when it was last in order. */
record Accepting(Published published, Refusals refusals) {
  /** What is in the registry of a resource, and whether that is what it says. */
  record Accepted(Optional<Content> content, Condition condition) {}

  /** What the resource says, unless a node refused just that. */
  Accepted decide(Ref ref, Content content) {
    return Refusals.reason(refusals.contents().get(ref), content)
        .map(reason -> refused(ref, "Refused", reason))
        .orElseGet(
            () ->
                new Accepted(
                    Optional.of(content), Condition.yes(ACCEPTED, "Accepted", "it is in order")));
  }

  /** Why a node refused just that of a server's lock file. */
  Optional<String> refusalOfPins(String server, Content pins) {
    return Refusals.reason(refusals.pins().get(server), pins);
  }

  /** What it was last. */
  Accepted refused(Ref ref, String reason, String message) {
    Optional<Content> last = published.of(ref);
    return new Accepted(
        last,
        Condition.no(
            ACCEPTED,
            reason,
            message + (last.isPresent() ? "; the last accepted version stays in force" : "")));
  }
}
