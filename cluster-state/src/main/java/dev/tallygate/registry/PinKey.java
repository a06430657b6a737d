package dev.tallygate.registry;

/**
 * One thing that a server says and an agent takes for true.
 *
 * @param name of the tool or prompt; empty for the instructions
 */
public record PinKey(Kind kind, String name) {
  /** The server's instructions, of which there is one text. */
  public static final PinKey INSTRUCTIONS = new PinKey(Kind.INSTRUCTIONS, "");

  /** What kinds there are; each becomes part of what an agent's model reads. */
  public enum Kind {
    TOOL,
    PROMPT,
    INSTRUCTIONS
  }

  public static PinKey tool(String name) {
    return new PinKey(Kind.TOOL, name);
  }

  public static PinKey prompt(String name) {
    return new PinKey(Kind.PROMPT, name);
  }
}
