package dev.tallygate.policy;

import dev.tallygate.json.Position;

/**
 * One thing that is wrong, or odd, in a document.
 *
 * @param severity errors stop the document from being used
 * @param pointer JSON Pointer of the place
 * @param position line and column of the place
 * @param message what is wrong, and the cure
 */
public record Finding(Severity severity, String pointer, Position position, String message) {
  /** Whether a document with this finding can be used. */
  public enum Severity {
    ERROR,
    WARNING
  }

  @Override
  public String toString() {
    return position
        + " "
        + severity.name().toLowerCase(java.util.Locale.ROOT)
        + " at "
        + (pointer.isEmpty() ? "(root)" : pointer)
        + ": "
        + message;
  }
}
