package dev.tallygate.node.mcp;

/** A whole piece of an event stream that can be forwarded, changed or left out by itself. */
public sealed interface SseItem permits SseEvent, SseComment {
  /** The bytes of the piece as they came; not a copy, and not to be changed. */
  byte[] raw();

  /** The piece as bytes in which every reader finds the same lines; those that came, if it can. */
  byte[] plain();
}
