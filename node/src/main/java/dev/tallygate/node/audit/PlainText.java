package dev.tallygate.node.audit;

import java.nio.charset.StandardCharsets;

/**
 * Which characters may stand in a log or on a terminal as they are. All others are written as JSON
 * escapes: line ends and terminal controls, invisible characters, and those that turn the direction
 * of text, with which a name can be made to look like another (Unicode TR #36).
 */
public final class PlainText {
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private PlainText() {}

  /** Whether a character shows itself, and changes nothing of how others are shown. */
  public static boolean mayStand(int codePoint) {
    if (codePoint < 0x7f) {
      return codePoint >= 0x20;
    }
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }

  /** {@code text} cut to {@code max} UTF-16 units, with an ellipsis where something was cut. */
  static String capped(String text, int max) {
    if (text.length() <= max) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(max - 1)) ? max - 1 : max;
    return text.substring(0, end) + '…';
  }

  /** Writes the inside of a JSON string. */
  static void escape(String text, LineBuffer out) {
    int i = 0;
    while (i < text.length()) {
      int c = text.codePointAt(i);
      int units = Character.charCount(c);
      if (c == '"' || c == '\\') {
        out.put('\\').put(c);
      } else if (c < 0x80 && mayStand(c)) {
        out.put(c);
      } else if (mayStand(c)) {
        out.putUtf8(c);
      } else {
        for (int unit = i; unit < i + units; unit++) {
          escapeUnit(text.charAt(unit), out);
        }
      }
      i += units;
    }
  }

  private static void escapeUnit(char c, LineBuffer out) {
    out.put('\\').put('u');
    for (int shift = 12; shift >= 0; shift -= 4) {
      out.put(HEX[c >> shift & 0xf]);
    }
  }

  /** A text as it may be shown on a terminal. */
  public static String shown(String text) {
    LineBuffer out = new LineBuffer(text.length() + 16);
    escape(text, out);
    return new String(out.bytes(), 0, out.length(), StandardCharsets.UTF_8);
  }
}
