package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * Why a message is not accepted, with all that its answer needs.
 *
 * @param kind what was wrong
 * @param message for the client's author; holds no text of the message that was refused
 * @param id of the message if it could be read safely, else JSON null
 * @param data of the JSON-RPC error
 */
public record Refusal(Kind kind, String message, JsonNode id, Optional<ObjectNode> data) {
  /** What was wrong: its name in audit records, HTTP status and JSON-RPC error code. */
  public enum Kind {
    TOO_LARGE("too-large", 413, ErrorCodes.INVALID_REQUEST),
    NOT_JSON("not-json", 400, ErrorCodes.PARSE_ERROR),
    DUPLICATE_KEY("duplicate-key", 400, ErrorCodes.INVALID_REQUEST),
    TOO_COMPLEX("too-complex", 400, ErrorCodes.INVALID_REQUEST),
    BATCH("batch", 400, ErrorCodes.INVALID_REQUEST),
    NOT_A_MESSAGE("not-a-message", 400, ErrorCodes.INVALID_REQUEST),
    BAD_ID("bad-id", 400, ErrorCodes.INVALID_REQUEST),
    BAD_METHOD("bad-method", 400, ErrorCodes.INVALID_REQUEST),
    BAD_PARAMS("bad-params", 400, ErrorCodes.INVALID_PARAMS),
    AMBIGUOUS_KEY("ambiguous-key", 400, ErrorCodes.INVALID_REQUEST),
    /** A request such as {@code tools/call} sent as a notification: it would run unanswered. */
    WITHOUT_ID("without-id", 400, ErrorCodes.INVALID_REQUEST),
    /** An MCP header that occurs twice. */
    REPEATED_HEADER("repeated-header", 400, ErrorCodes.HEADER_MISMATCH),
    /** As {@link #REPEATED_HEADER}, in words that a client of an older era does not mistake. */
    REPEATED_LEGACY_HEADER("repeated-header", 400, ErrorCodes.INVALID_REQUEST),
    HEADER_MISMATCH("header-mismatch", 400, ErrorCodes.HEADER_MISMATCH),
    MISSING_META("missing-meta", 400, ErrorCodes.INVALID_PARAMS),
    UNSUPPORTED_VERSION("unsupported-version", 400, ErrorCodes.UNSUPPORTED_VERSION),
    /** As {@link #UNSUPPORTED_VERSION}, in words that a client of an older era does not mistake. */
    UNSUPPORTED_LEGACY_VERSION("unsupported-version", 400, ErrorCodes.INVALID_REQUEST),
    /** A JSON-RPC response where the era has none. */
    RESPONSE("response", 400, ErrorCodes.INVALID_REQUEST);

    private final String label;
    private final int status;
    private final int code;

    Kind(String label, int status, int code) {
      this.label = label;
      this.status = status;
      this.code = code;
    }

    /** Short, stable name for audit records and metrics. */
    public String label() {
      return label;
    }
  }

  public Refusal {
    id = id == null ? NullNode.getInstance() : id;
  }

  static Refusal of(Kind kind, JsonNode id, String message) {
    return new Refusal(kind, message, id, Optional.empty());
  }

  /** HTTP status of the answer. */
  public int status() {
    return kind.status;
  }

  /** Code of the JSON-RPC error. */
  public int code() {
    return kind.code;
  }
}
