package dev.tallygate.policy;

/**
 * The names that a tool may have: 1 to 128 of {@code A-Z a-z 0-9 _ . -}, as the MCP specification
 * recommends. Names are compared byte for byte, so a look-alike letter never passes for another.
 */
final class ToolNames {
  static final int MAX_LENGTH = 128;

  private ToolNames() {}

  static boolean isWellFormed(String name) {
    if (name.isEmpty() || name.length() > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean accepted =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '_'
              || c == '-'
              || c == '.';
      if (!accepted) {
        return false;
      }
    }
    return true;
  }
}
