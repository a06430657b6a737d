package dev.tallygate.node.audit;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** One line of the audit log, before it is chained. Argument values are never in it. */
public sealed interface AuditRecord {
  Instant time();

  /**
   * What was decided of a message, written before it goes anywhere.
   *
   * @param decisionId also told to the client and to the upstream
   * @param revision of the snapshot that decided
   * @param caller whose message it was
   * @param method MCP method
   * @param tool tool, prompt or resource that the method names
   * @param outcome allowed or denied
   * @param rule what decided; empty for an allowed call
   * @param message what the client was told; empty for an allowed call
   * @param charged what an allowed call was counted against
   * @param argumentKeys top-level keys of the arguments, sorted
   * @param argumentsDigest keyed digest of the canonical arguments, hex
   */
  record Decision(
      Instant time,
      String decisionId,
      long revision,
      Caller caller,
      String method,
      Optional<String> tool,
      Outcome outcome,
      Optional<String> rule,
      Optional<String> message,
      List<Charged> charged,
      List<String> argumentKeys,
      Optional<String> argumentsDigest)
      implements AuditRecord {}

  /**
   * Units of a limit that were charged to a window before the call went on.
   *
   * @param scope who shares the limit, such as {@code grant}
   * @param counter name of the limit
   * @param units exact decimal
   * @param until when they are charged no more, by the clock that windows go by: it names the
   *     window, or the 60th of a sliding one
   * @param alone whether this node counted them by itself, while the count of all could not be had
   */
  record Charged(String scope, String counter, BigDecimal units, Instant until, boolean alone) {}

  /**
   * How an allowed message ended.
   *
   * @param end what became of it
   * @param status the upstream's HTTP status, if it answered
   * @param latency from forwarding to the end of the response
   * @param refunded counters that were given back
   */
  record Completion(
      Instant time,
      String decisionId,
      Caller caller,
      String method,
      Optional<String> tool,
      End end,
      OptionalInt status,
      Duration latency,
      List<String> refunded)
      implements AuditRecord {}

  /**
   * A message that was refused before a policy was asked: a bad token, a batch, a malformed body.
   *
   * @param server as the path names it, if it does
   * @param caller the grant, where the token was good
   * @param remote address of the client
   * @param status HTTP status of the answer
   * @param kind short, stable name of what was wrong, such as {@code token} or {@code batch}
   */
  record Rejection(
      Instant time,
      String decisionId,
      long revision,
      Optional<String> server,
      Optional<Caller> caller,
      String remote,
      int status,
      String kind,
      String message)
      implements AuditRecord {}

  /**
   * Something that a server says of itself was pinned, or is held back.
   *
   * @param kind tool, prompt or instructions
   * @param name of the tool or prompt; empty for instructions
   * @param approved SHA-256 of the definition that is approved, if one is
   * @param seen SHA-256 of the definition that the server shows, RFC 8785
   * @param changed JSON Pointers of where they differ
   */
  record Pin(
      Instant time,
      long revision,
      String server,
      PinState state,
      String kind,
      String name,
      Optional<String> approved,
      String seen,
      List<String> changed)
      implements AuditRecord {}

  /** What became of a definition. */
  enum PinState {
    /** It was seen for the first time, and is approved from now on. */
    FIRST_USE,
    /** It is not approved yet, and held back. */
    NEW,
    /** It is not the approved one, and held back. */
    CHANGED,
    /** The server shows the approved one and another one in turn: held back. */
    DISAGREEING
  }

  /**
   * Messages without a grant that were refused, in place of a record for each.
   *
   * @param time when they were put on record
   * @param since when the first of them came
   * @param kind what was wrong with them, as in {@link Rejection}
   * @param count how many, 1 or more
   */
  record Rejections(Instant time, Instant since, String kind, long count) implements AuditRecord {}

  /** The grant that a message came with. */
  record Caller(String grantId, String grantLabel, String server) {}

  /** What a policy decided. */
  enum Outcome {
    ALLOWED,
    DENIED
  }

  /** What became of an allowed message. */
  enum End {
    /** A result came back. */
    OK,
    /** A result came back that says {@code isError}, or a JSON-RPC error. */
    ERROR,
    /** An HTTP status other than 2xx came back. */
    REFUSED,
    /** The server could not be reached; nothing ran. */
    UNREACHABLE,
    /** The server did not answer in time. */
    TIMED_OUT,
    /** The response broke off. */
    BROKEN,
    /** The client went away. */
    CLIENT_GONE
  }
}
