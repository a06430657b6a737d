package dev.tallygate.json;

/** A JSON text that is not accepted: what is wrong, and where. */
public final class JsonRefused extends Exception {
  private static final long serialVersionUID = 1L;

  /** What is wrong with the text. */
  public enum Kind {
    TOO_LARGE,
    TOO_DEEP,
    TOO_MANY_VALUES,
    STRING_TOO_LONG,
    NUMBER_OUT_OF_RANGE,
    NOT_UTF8,
    LONE_SURROGATE,
    DUPLICATE_KEY,
    SYNTAX
  }

  private final Kind kind;
  private final String pointer;
  private final transient Position position;

  JsonRefused(Kind kind, String pointer, Position position, String message) {
    super(message, null, false, false);
    this.kind = kind;
    this.pointer = pointer;
    this.position = position;
  }

  public Kind kind() {
    return kind;
  }

  /** JSON Pointer (RFC 6901) of the value at fault, as far as the text was read. */
  public String pointer() {
    return pointer;
  }

  public Position position() {
    return position;
  }
}
