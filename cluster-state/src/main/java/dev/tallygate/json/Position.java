package dev.tallygate.json;

/** A place in a text; both numbers start at 1. The column counts bytes of a JSON text. */
public record Position(int line, int column) {
  public static final Position START = new Position(1, 1);

  @Override
  public String toString() {
    return line + ":" + column;
  }
}
