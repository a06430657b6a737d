package dev.tallygate.node.mcp;

/** An event of a stream is larger than is accepted; the stream cannot be read on. */
public final class EventTooLarge extends Exception {
  private static final long serialVersionUID = 1L;

  private EventTooLarge(String message) {
    super(message, null, false, false);
  }

  EventTooLarge(int maxBytes) {
    this("an event of the stream has more than " + maxBytes + " bytes");
  }

  /** Others are held, and leave no room for it. */
  public static EventTooLarge now() {
    return new EventTooLarge("the gateway holds as many answers as it can");
  }
}
