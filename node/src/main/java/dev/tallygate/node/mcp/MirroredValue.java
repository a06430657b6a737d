package dev.tallygate.node.mcp;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A value of the body that a header repeats. Values that are not plain ASCII travel as {@code
 * =?base64?...?=}: MCP 2026-07-28, "Streamable HTTP", value encoding.
 */
final class MirroredValue {
  private static final String PREFIX = "=?base64?";
  private static final String SUFFIX = "?=";

  private static final Pattern PADDED =
      Pattern.compile("(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?");

  private MirroredValue() {}

  /** The value that a trimmed header means; empty if it is not well-formed. */
  static Optional<String> decode(String header) {
    if (!header.startsWith(PREFIX)
        || !header.endsWith(SUFFIX)
        || header.length() < PREFIX.length() + SUFFIX.length()) {
      boolean plain = header.chars().allMatch(c -> c == '\t' || c >= 0x20 && c <= 0x7E);
      return plain ? Optional.of(header) : Optional.empty();
    }
    String encoded = header.substring(PREFIX.length(), header.length() - SUFFIX.length());
    if (!PADDED.matcher(encoded).matches()) {
      return Optional.empty();
    }
    byte[] bytes = Base64.getDecoder().decode(encoded);
    // Bits after the last byte could make two texts of one value.
    if (!Base64.getEncoder().encodeToString(bytes).equals(encoded)) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  /** Without the optional white space (RFC 9110, OWS) around it. */
  static String trim(String header) {
    int start = 0;
    int end = header.length();
    while (start < end && isOws(header.charAt(start))) {
      start++;
    }
    while (end > start && isOws(header.charAt(end - 1))) {
      end--;
    }
    return header.substring(start, end);
  }

  private static boolean isOws(char c) {
    return c == ' ' || c == '\t';
  }
}
