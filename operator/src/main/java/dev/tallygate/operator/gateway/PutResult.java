package dev.tallygate.operator.gateway;

import java.util.List;

/** What came of putting a document. */
public sealed interface PutResult {
  /** It is the registry's, under this revision. */
  record Done(long revision) implements PutResult {}

  /** Something else changed the registry meanwhile; read it, and decide anew. */
  record Outdated() implements PutResult {}

  /** Another operator took over; this one is to end. */
  record Overtaken(String reason) implements PutResult {}

  /**
   * It is not in order.
   *
   * @param errors each beginning with its place
   */
  record Refused(List<String> errors) implements PutResult {
    public Refused {
      errors = List.copyOf(errors);
    }
  }
}
