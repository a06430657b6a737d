package dev.tallygate.json;

/**
 * What a JSON text may cost its reader.
 *
 * @param maxBytes length of the text in bytes
 * @param maxDepth arrays and objects inside one another; the outermost counts as 1
 * @param maxValues keys and values, containers included
 * @param maxStringLength length of one string or key, in UTF-16 units
 */
public record JsonBounds(int maxBytes, int maxDepth, int maxValues, int maxStringLength) {
  /** A request as an MCP client sends it: files travel in arguments, so strings may be long. */
  public static final JsonBounds REQUEST =
      new JsonBounds(4 * 1024 * 1024, 64, 100_000, 4 * 1024 * 1024);

  /** A document that a person wrote. */
  public static final JsonBounds DOCUMENT =
      new JsonBounds(4 * 1024 * 1024, 32, 200_000, 256 * 1024);

  public JsonBounds withMaxBytes(int bytes) {
    return new JsonBounds(bytes, maxDepth, maxValues, Math.min(bytes, maxStringLength));
  }
}
