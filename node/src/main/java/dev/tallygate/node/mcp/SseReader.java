package dev.tallygate.node.mcp;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Reads an event stream ("Server-sent events", HTML Living Standard, 9.2.6) from bytes as they
 * come.
 *
 * <p>Line ends are ASCII and no byte of a longer UTF-8 sequence is, so lines are found in the bytes
 * and never decoded. The pieces that come out do not depend on how the bytes were cut, and their
 * {@code raw} bytes one after the other are the stream, but for an event that the stream's end
 * leaves unfinished. A comment is a piece of its own, but inside an event it stays in the event's
 * bytes.
 *
 * <p>After a carriage return a line feed may follow and belong to it. A blank line that ends an
 * event waits for it only where the line before ended in both; so no event of a stream with bare
 * carriage returns is held back.
 *
 * <p>Not thread-safe. After {@link EventTooLarge} the reader is of no more use.
 */
public final class SseReader {
  private enum Ending {
    LF,
    CR,
    CRLF
  }

  private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final int maxEventBytes;
  private List<SseItem> items = new ArrayList<>();

  /** Bytes of the event so far: whole lines. */
  private ByteArrayOutputStream block = new ByteArrayOutputStream();

  /** Bytes of the line so far, without its end. */
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  private boolean atStreamStart = true;
  private boolean carriageReturnPending;
  private Ending previousEnding = Ending.LF;

  private Optional<String> type = Optional.empty();
  private ByteArrayOutputStream data;
  private Optional<String> id = Optional.empty();
  private OptionalLong retry = OptionalLong.empty();

  /**
   * @param maxEventBytes what one event or comment may have
   */
  public SseReader(int maxEventBytes) {
    this.maxEventBytes = maxEventBytes;
  }

  /** Takes the next bytes and gives the pieces that they complete. */
  public List<SseItem> read(byte[] chunk) throws EventTooLarge {
    int start = 0;
    for (int i = 0; i < chunk.length; i++) {
      byte b = chunk[i];
      if (carriageReturnPending) {
        carriageReturnPending = false;
        if (b == '\n') {
          endLine(Ending.CRLF);
          start = i + 1;
          continue;
        }
        endLine(Ending.CR);
      }
      if (b != '\n' && b != '\r') {
        continue;
      }
      append(chunk, start, i);
      start = i + 1;
      if (b == '\n') {
        endLine(Ending.LF);
      } else if (line.size() == 0 && block.size() > 0 && previousEnding != Ending.CRLF) {
        endLine(Ending.CR);
      } else {
        carriageReturnPending = true;
      }
    }
    append(chunk, start, chunk.length);
    return taken();
  }

  /** Bytes of what is not complete yet. */
  public int held() {
    return block.size() + line.size() + (data == null ? 0 : data.size());
  }

  /** Takes the end of the stream; an event without its blank line is dropped. */
  public List<SseItem> end() throws EventTooLarge {
    if (carriageReturnPending) {
      carriageReturnPending = false;
      endLine(Ending.CR);
    }
    return taken();
  }

  private List<SseItem> taken() {
    List<SseItem> complete = items;
    items = new ArrayList<>();
    return complete;
  }

  private void append(byte[] chunk, int from, int to) throws EventTooLarge {
    // Two more for the end of the line.
    if ((long) block.size() + line.size() + (to - from) + 2 > maxEventBytes) {
      throw new EventTooLarge(maxEventBytes);
    }
    line.write(chunk, from, to - from);
  }

  private void endLine(Ending ending) throws EventTooLarge {
    append(new byte[0], 0, 0);
    byte[] text = line.toByteArray();
    line.reset();
    int start = 0;
    if (atStreamStart) {
      atStreamStart = false;
      start = startsWithBom(text) ? BOM.length : 0;
    }
    if (start == text.length && block.size() > 0) {
      block.writeBytes(text);
      writeEnding(block, ending);
      dispatch();
    } else if (block.size() == 0 && (start == text.length || text[start] == ':')) {
      ByteArrayOutputStream raw = new ByteArrayOutputStream(text.length + 2);
      raw.writeBytes(text);
      writeEnding(raw, ending);
      items.add(new SseComment(raw.toByteArray()));
    } else {
      block.writeBytes(text);
      writeEnding(block, ending);
      previousEnding = ending;
      field(text, start);
    }
  }

  private static boolean startsWithBom(byte[] text) {
    return text.length >= BOM.length && Arrays.equals(text, 0, BOM.length, BOM, 0, BOM.length);
  }

  private static void writeEnding(ByteArrayOutputStream out, Ending ending) {
    if (ending != Ending.LF) {
      out.write('\r');
    }
    if (ending != Ending.CR) {
      out.write('\n');
    }
  }

  private void field(byte[] text, int start) {
    int colon = start;
    while (colon < text.length && text[colon] != ':') {
      colon++;
    }
    int valueStart = Math.min(colon + 1, text.length);
    if (valueStart < text.length && text[valueStart] == ' ') {
      valueStart++;
    }
    String name = new String(text, start, colon - start, StandardCharsets.UTF_8);
    switch (name) {
      case "data" -> {
        if (data == null) {
          data = new ByteArrayOutputStream();
        } else {
          data.write('\n');
        }
        data.write(text, valueStart, text.length - valueStart);
      }
      case "event" -> type = Optional.of(value(text, valueStart));
      case "id" -> {
        String value = value(text, valueStart);
        if (value.indexOf('\0') < 0) {
          id = Optional.of(value);
        }
      }
      case "retry" -> {
        String value = value(text, valueStart);
        if (!value.isEmpty()
            && value.length() <= 18
            && value.chars().allMatch(c -> c >= '0' && c <= '9')) {
          retry = OptionalLong.of(Long.parseLong(value));
        }
      }
      default -> {
        // Comments and other fields mean nothing, but stay in the raw bytes.
      }
    }
  }

  private static String value(byte[] text, int start) {
    return new String(text, start, text.length - start, StandardCharsets.UTF_8);
  }

  private void dispatch() {
    items.add(
        new SseEvent(
            type,
            Optional.ofNullable(data).map(ByteArrayOutputStream::toByteArray),
            id,
            retry,
            block.toByteArray()));
    block = new ByteArrayOutputStream();
    type = Optional.empty();
    data = null;
    id = Optional.empty();
    retry = OptionalLong.empty();
  }
}
