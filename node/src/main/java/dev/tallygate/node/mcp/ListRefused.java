package dev.tallygate.node.mcp;

/**
 * A server's list that cannot be filtered with certainty. None of it may be forwarded: what cannot
 * be read may hold what must not be seen.
 */
public final class ListRefused extends Exception {
  private static final long serialVersionUID = 1L;

  ListRefused(String message) {
    super(message, null, false, false);
  }
}
