package dev.tallygate.node.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A line of a log taken apart, byte by byte as {@link RecordLine} writes it. Nothing in it is to be
 * believed before {@link #follows} says so.
 */
final class ReadLine {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final byte[] START = "{\"seq\":".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] MAC_FIELD = RecordLine.MAC_FIELD.getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "\"}".getBytes(StandardCharsets.US_ASCII);
  private static final int MAC_DIGITS = 64;
  private static final int TRAILER = MAC_FIELD.length + MAC_DIGITS + END.length;

  private final byte[] line;
  private final long seq;
  private final byte[] mac;

  private ReadLine(byte[] line, long seq, byte[] mac) {
    this.line = line;
    this.seq = seq;
    this.mac = mac;
  }

  /** Empty where the line, given without its newline, cannot have been written by a node. */
  static Optional<ReadLine> parse(byte[] line) {
    int body = line.length - TRAILER;
    if (body < START.length
        || !matches(line, 0, START)
        || !matches(line, body, MAC_FIELD)
        || !matches(line, line.length - END.length, END)) {
      return Optional.empty();
    }
    long seq = seqOf(line);
    byte[] mac = macOf(line, body + MAC_FIELD.length);
    return seq < 1 || mac == null ? Optional.empty() : Optional.of(new ReadLine(line, seq, mac));
  }

  private static boolean matches(byte[] line, int at, byte[] expected) {
    return Arrays.equals(line, at, at + expected.length, expected, 0, expected.length);
  }

  private static long seqOf(byte[] line) {
    long seq = 0;
    for (int i = START.length; i < line.length && i < START.length + 19; i++) {
      if (line[i] == ',') {
        return seq;
      }
      if (line[i] < '0' || line[i] > '9') {
        return -1;
      }
      seq = seq * 10 + line[i] - '0';
    }
    return -1;
  }

  private static byte[] macOf(byte[] line, int at) {
    for (int i = at; i < at + MAC_DIGITS; i++) {
      // One spelling alone: upper-case digits would be an edit that nobody sees.
      if ((line[i] < '0' || line[i] > '9') && (line[i] < 'a' || line[i] > 'f')) {
        return null;
      }
    }
    return HexFormat.of().parseHex(new String(line, at, MAC_DIGITS, StandardCharsets.US_ASCII));
  }

  long seq() {
    return seq;
  }

  /** The code that the line claims. */
  byte[] mac() {
    return mac;
  }

  /** The code that the line would have after a record of code {@code head}. */
  byte[] macAfter(byte[] head, AuditKey.Chain chain) {
    return chain.next(head, line, 0, line.length - TRAILER);
  }

  boolean follows(byte[] head, AuditKey.Chain chain) {
    return MessageDigest.isEqual(macAfter(head, chain), mac);
  }

  boolean is(String event) {
    byte[] named = (seq + ",\"event\":\"" + event + '"').getBytes(StandardCharsets.US_ASCII);
    return line.length > START.length + named.length && matches(line, START.length, named);
  }

  JsonNode json() throws IOException {
    return JSON.readTree(line);
  }

  /** The code before this line, as a start or rotation record repeats it. */
  Optional<byte[]> linked() {
    if (!is("start") && !is("rotation")) {
      return Optional.empty();
    }
    try {
      byte[] link = HexFormat.of().parseHex(json().path("previousMac").asText());
      return link.length == AuditKey.BYTES ? Optional.of(link) : Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
