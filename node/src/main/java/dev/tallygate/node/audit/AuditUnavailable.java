package dev.tallygate.node.audit;

/** A record cannot be kept: the disk is full, the queue is full, or the log is closed. */
public final class AuditUnavailable extends Exception {
  private static final long serialVersionUID = 1L;

  public AuditUnavailable(String message) {
    super(message, null, false, false);
  }
}
