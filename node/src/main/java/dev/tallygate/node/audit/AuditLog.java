package dev.tallygate.node.audit;

import java.util.concurrent.CompletionStage;

/** Where decisions are recorded. Thread-safe; nothing here blocks the caller. */
public interface AuditLog extends AutoCloseable {
  /**
   * Records one event. The stage completes once the record is certain enough to act on: queued, or
   * on disk where the log is strict. It fails with {@link AuditUnavailable} when the record cannot
   * be kept; what it describes must then not happen.
   *
   * <p>The stage may complete on a thread of the log: what depends on it must not block.
   */
  CompletionStage<Void> append(AuditRecord record);

  /** Keyed digest (HMAC-SHA-256, hex) of a text that must not itself be recorded. */
  String digest(byte[] secret);

  /** Records that wait to be written. */
  int queued();

  @Override
  void close();
}
