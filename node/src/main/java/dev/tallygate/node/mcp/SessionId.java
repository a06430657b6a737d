package dev.tallygate.node.mcp;

/** The value of an {@code Mcp-Session-Id} header. */
public final class SessionId {
  /** Longer ids are not accepted, from a client or from a server. */
  public static final int MAX_LENGTH = 256;

  private SessionId() {}

  /** Whether an id is 1 to {@value #MAX_LENGTH} characters of visible ASCII, 0x21 to 0x7E. */
  public static boolean isWellFormed(String id) {
    return !id.isEmpty()
        && id.length() <= MAX_LENGTH
        && id.chars().allMatch(c -> c >= 0x21 && c <= 0x7E);
  }
}
