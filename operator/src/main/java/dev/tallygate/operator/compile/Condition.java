package dev.tallygate.operator.compile;

/**
 * A finding about a resource, as its status shows it.
 *
 * @param reason one word for programs
 * @param message for people
 */
public record Condition(Type type, Status status, String reason, String message) {
  /** In the order in which the first that is not true is the one to look at. */
  public enum Type {
    ACCEPTED("Accepted"),
    RESOLVED_REFS("ResolvedRefs"),
    PROGRAMMED("Programmed"),
    READY("Ready");

    private final String text;

    Type(String text) {
      this.text = text;
    }

    /** As {@code kubectl wait --for=condition=} takes it. */
    public String text() {
      return text;
    }
  }

  /** Whether it holds. */
  public enum Status {
    TRUE("True"),
    FALSE("False"),
    UNKNOWN("Unknown");

    private final String text;

    Status(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }

  public static Condition yes(Type type, String reason, String message) {
    return new Condition(type, Status.TRUE, reason, message);
  }

  public static Condition no(Type type, String reason, String message) {
    return new Condition(type, Status.FALSE, reason, message);
  }

  public boolean holds() {
    return status == Status.TRUE;
  }
}
