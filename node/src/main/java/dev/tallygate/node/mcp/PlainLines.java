package dev.tallygate.node.mcp;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Characters at which some readers of event streams end a line and others do not: a carriage return
 * by itself, and those that Python's {@code splitlines} takes besides CR and LF. What stands behind
 * one is text to the one reader and a field, or an event, to the other.
 */
final class PlainLines {
  private PlainLines() {}

  /** Whether every reader finds the same lines in these bytes. */
  static boolean areIn(byte[] raw) {
    for (int i = 0; i < raw.length; i++) {
      boolean alone = raw[i] == '\r' && !(i + 1 < raw.length && raw[i + 1] == '\n');
      if (alone || oddLength(raw, i) > 0) {
        return false;
      }
    }
    return true;
  }

  /** The same JSON, with such characters, which can stand in its strings only, escaped. */
  static byte[] escaped(byte[] json) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(json.length + 16);
    int i = 0;
    while (i < json.length) {
      int length = oddLength(json, i);
      if (length == 0) {
        out.write(json[i++]);
      } else {
        String odd = new String(json, i, length, StandardCharsets.UTF_8);
        out.writeBytes(
            String.format("\\u%04x", (int) odd.charAt(0)).getBytes(StandardCharsets.US_ASCII));
        i += length;
      }
    }
    return out.toByteArray();
  }

  /** How many bytes from {@code i} on are such a character, other than a carriage return. */
  private static int oddLength(byte[] b, int i) {
    return switch (b[i]) {
      case 0x0B, 0x0C, 0x1C, 0x1D, 0x1E -> 1;
      case (byte) 0xC2 -> i + 1 < b.length && b[i + 1] == (byte) 0x85 ? 2 : 0;
      case (byte) 0xE2 ->
          i + 2 < b.length
                  && b[i + 1] == (byte) 0x80
                  && (b[i + 2] == (byte) 0xA8 || b[i + 2] == (byte) 0xA9)
              ? 3
              : 0;
      default -> 0;
    };
  }
}
