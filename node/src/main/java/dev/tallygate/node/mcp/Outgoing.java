package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a message of a server is, as far as it was told by its outermost members.
 *
 * @param id of a response or request, if it is a string or an integer
 * @param method of a request or notification
 * @param toolError whether a result says {@code isError}
 * @param resultType of a result
 * @param errorCode of an error
 * @param taskId of the task that a result says was begun, or is about
 * @param asks whether it asks something of the client: a result with {@code inputRequests}, or the
 *     error that asks to open URLs
 * @param listsTools whether a result has a member {@code tools}, as that of {@code tools/list} has
 * @param listsPrompts whether it has a member {@code prompts}
 * @param instructs whether it has a member {@code instructions}, as that of {@code initialize} has
 */
public record Outgoing(
    Kind kind,
    Optional<JsonNode> id,
    Optional<String> method,
    boolean toolError,
    Optional<String> resultType,
    OptionalLong errorCode,
    Optional<String> taskId,
    boolean asks,
    boolean listsTools,
    boolean listsPrompts,
    boolean instructs) {
  /** The kinds of messages. */
  public enum Kind {
    RESULT,
    ERROR,
    REQUEST,
    NOTIFICATION,
    /** A JSON array. */
    BATCH,
    /** Not one well-formed message, or one that can be read in two ways. */
    UNKNOWN
  }

  static Outgoing of(Kind kind) {
    return new Outgoing(
        kind,
        Optional.empty(),
        Optional.empty(),
        false,
        Optional.empty(),
        OptionalLong.empty(),
        Optional.empty(),
        false,
        false,
        false,
        false);
  }

  /** Whether it is the response to the request of that id. */
  public boolean answers(JsonNode requestId) {
    return (kind == Kind.RESULT || kind == Kind.ERROR)
        && id.map(own -> own.equals(requestId) || own.toString().equals(requestId.toString()))
            .orElse(false);
  }

  /** Whether it is a result that does not say {@code isError}. */
  public boolean isSuccess() {
    return kind == Kind.RESULT && !toolError;
  }
}
