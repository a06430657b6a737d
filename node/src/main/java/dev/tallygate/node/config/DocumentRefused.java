package dev.tallygate.node.config;

import java.util.List;

/** A document of the registry has errors; nothing was changed. */
public final class DocumentRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> errors;

  /**
   * @param errors each with its place and its cure
   */
  public DocumentRefused(List<String> errors) {
    super(String.join("; ", errors));
    this.errors = List.copyOf(errors);
  }

  public List<String> errors() {
    return errors;
  }
}
