package dev.tallygate.node.mcp;

/** How a message speaks MCP, once headers and body agree about it. */
public sealed interface Era {
  /** The revision of the message; of {@code initialize}, the one that the client asks for. */
  String version();

  default boolean isModern() {
    return this instanceof Modern;
  }

  /** With sessions that begin with {@code initialize}: 2025-11-25 and before. */
  record Legacy(String version) implements Era {}

  /** Without sessions, every request by itself: 2026-07-28 and after. */
  record Modern(String version) implements Era {}
}
