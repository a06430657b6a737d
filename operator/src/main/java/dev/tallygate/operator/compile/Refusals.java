package dev.tallygate.operator.compile;

import dev.tallygate.operator.resources.Ref;
import java.util.Map;
import java.util.Optional;

/**
 * What nodes refused. Each counts while it would be the same.
 *
 * @param contents what resources would be in the registry
 * @param pins what is approved of servers, by server
 */
public record Refusals(Map<Ref, Refusal> contents, Map<String, Refusal> pins) {
  /** Since what they were refused for may be no more. */
  public void forget() {
    contents.clear();
    pins.clear();
  }

  static Optional<String> reason(Refusal refusal, Content content) {
    return Optional.ofNullable(refusal)
        .filter(each -> each.content().equals(content))
        .map(Refusal::message);
  }
}
