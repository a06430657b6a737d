package dev.tallygate.node.mcp;

/** An event of a stream is larger than is accepted; the stream cannot be read on. */
public final class EventTooLarge extends Exception {
  private static final long serialVersionUID = 1L;

  EventTooLarge(int maxBytes) {
    super("an event of the stream has more than " + maxBytes + " bytes", null, false, false);
  }
}
