package dev.tallygate.node.gate;

import dev.tallygate.node.mcp.Answers;
import dev.tallygate.node.mcp.Answers.Answer;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.Refusal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** Ends the way of a request before it is forwarded. Cheap: it carries no stack trace. */
abstract sealed class Stopped extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Answer answer;
  private final transient Map<String, String> headers;

  private Stopped(String message, Answer answer, Map<String, String> headers) {
    super(message, null, false, false);
    this.answer = answer;
    this.headers = headers;
  }

  Answer answer() {
    return answer;
  }

  /** Headers of the answer besides those that every answer has. */
  Map<String, String> headers() {
    return headers;
  }

  /** A request that is not in order: refused before a policy is asked. */
  static final class Rejected extends Stopped {
    private static final long serialVersionUID = 1L;

    private final String kind;

    private Rejected(String kind, String message, Answer answer, Map<String, String> headers) {
      super(message, answer, headers);
      this.kind = kind;
    }

    /** A request whose HTTP form is wrong. */
    static Rejected http(int status, String kind, String message) {
      return http(status, kind, message, Map.of());
    }

    static Rejected http(int status, String kind, String message, Map<String, String> headers) {
      int code =
          switch (status) {
            case 401 -> ErrorCodes.UNAUTHENTICATED;
            case 404 -> ErrorCodes.NOT_FOUND;
            case 429 -> ErrorCodes.LIMITED;
            case 503 -> ErrorCodes.UNAVAILABLE;
            default -> ErrorCodes.NOT_ACCEPTABLE;
          };
      Answer answer = Answers.error(status, null, code, message, Optional.empty());
      return new Rejected(kind, message, answer, headers);
    }

    /** A body that is not one message in order. */
    static Rejected message(Refusal refusal) {
      return new Rejected(
          refusal.kind().label(), refusal.message(), Answers.refused(refusal), Map.of());
    }

    /** Short, stable name of what is wrong, for audit and metrics. */
    String kind() {
      return kind;
    }
  }

  /** A message that is in order, and may not pass. */
  static final class Denied extends Stopped {
    private static final long serialVersionUID = 1L;

    private final String rule;
    private final String outcome;

    /**
     * @param rule what decided, for audit
     * @param outcome short word for metrics
     * @param message what the client is told
     */
    Denied(
        String rule, String outcome, String message, Answer answer, Optional<Duration> retryAfter) {
      super(
          message,
          answer,
          retryAfter
              .map(wait -> Map.of("Retry-After", Long.toString(wait.plusMillis(999).toSeconds())))
              .orElse(Map.of()));
      this.rule = rule;
      this.outcome = outcome;
    }

    String rule() {
      return rule;
    }

    String outcome() {
      return outcome;
    }
  }
}
