package dev.tallygate.node.mcp;

/** A comment line, as servers send to keep a stream alive, or a blank line that ends no event. */
public record SseComment(byte[] raw) implements SseItem {
  private static final byte[] EMPTY = {':', '\n'};

  @Override
  public byte[] plain() {
    return PlainLines.areIn(raw) ? raw : EMPTY.clone();
  }
}
