package dev.tallygate.node.mcp;

/** Names of tools. They are compared byte by byte and never normalised. */
public final class ToolNames {
  private static final int MAX_LENGTH = 128;

  private ToolNames() {}

  /**
   * Whether a name has the form that MCP 2025-11-25 and later recommend: 1 to 128 of {@code
   * A-Za-z0-9_.-}. Any other name is neither listed nor callable, for two of them may look alike.
   */
  public static boolean isPlain(String name) {
    if (name.isEmpty() || name.length() > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean plain =
          c >= 'a' && c <= 'z'
              || c >= 'A' && c <= 'Z'
              || c >= '0' && c <= '9'
              || c == '_'
              || c == '.'
              || c == '-';
      if (!plain) {
        return false;
      }
    }
    return true;
  }
}
