package dev.tallygate.node.mcp;

/** A message that is not accepted; nothing of it may be forwarded. */
public final class MessageRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Refusal refusal;

  public MessageRefused(Refusal refusal) {
    super(refusal.message(), null, false, false);
    this.refusal = refusal;
  }

  public Refusal refusal() {
    return refusal;
  }
}
