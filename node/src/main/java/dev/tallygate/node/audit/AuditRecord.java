package dev.tallygate.node.audit;

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
      List<String> argumentKeys,
      Optional<String> argumentsDigest)
      implements AuditRecord {}

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
