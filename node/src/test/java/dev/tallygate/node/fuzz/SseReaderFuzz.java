package dev.tallygate.node.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tallygate.node.mcp.EventTooLarge;
import dev.tallygate.node.mcp.SseEvent;
import dev.tallygate.node.mcp.SseItem;
import dev.tallygate.node.mcp.SseReader;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** An event stream gives the same events however it is cut, and every byte of it once. */
class SseReaderFuzz {
  private static final int MAX_EVENT = 1_024;

  @FuzzTest
  void isReadAlikeHoweverItIsCut(byte[] stream) {
    List<SseItem> whole = read(stream, List.of(stream));
    List<SseItem> cut = read(stream, cut(stream));
    List<SseItem> byByte = read(stream, bytes(stream));

    assertThat(written(cut)).isEqualTo(written(whole));
    assertThat(written(byByte)).isEqualTo(written(whole));
    if (whole == null) {
      return;
    }
    byte[] forwarded = raw(whole);
    assertThat(forwarded).isEqualTo(Arrays.copyOf(stream, forwarded.length));
    for (SseItem item : whole) {
      assertThat(item.raw()).hasSizeLessThanOrEqualTo(MAX_EVENT);
      if (item instanceof SseEvent event && event.hasMessage()) {
        requireOneEvent(event.withData(event.data().orElseThrow()), event);
      }
    }
  }

  private static final List<String> LINE_ENDS_OF_SOME =
      List.of("\u000b", "\f", "\u001c", "\u001d", "\u001e", "\u0085", "\u2028", "\u2029");

  /** An event that is written anew is still one event, with the same lines. */
  private static void requireOneEvent(SseEvent anew, SseEvent event) {
    SseReader reader = new SseReader(MAX_EVENT * 16);
    List<SseItem> read = new ArrayList<>();
    try {
      read.addAll(reader.read(anew.raw()));
      read.addAll(reader.end());
    } catch (EventTooLarge e) {
      throw new AssertionError(e);
    }
    assertThat(read).hasSize(1);
    SseEvent again = (SseEvent) read.get(0);
    // In Latin-1 each byte is a character, so that what is no UTF-8 is compared as well.
    assertThat(spelled(again.data().orElseThrow())).isEqualTo(spelled(event.data().orElseThrow()));
    assertThat(again.id()).isEqualTo(event.id().filter(SseReaderFuzz::isPlain));
    assertThat(again.type()).isEqualTo(event.type().filter(SseReaderFuzz::isPlain));
  }

  /** A text with what some readers take for the end of a line in one spelling of the two. */
  private static String spelled(byte[] data) {
    String text = new String(data, StandardCharsets.ISO_8859_1);
    for (String odd : LINE_ENDS_OF_SOME) {
      String bytes = new String(odd.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
      text = text.replace(bytes, String.format("\\u%04x", (int) odd.charAt(0)));
    }
    return text;
  }

  private static boolean isPlain(String value) {
    return !value.contains("\r") && LINE_ENDS_OF_SOME.stream().noneMatch(value::contains);
  }

  /** What a stream holds; null where one of its events is too large. */
  private static List<SseItem> read(byte[] stream, List<byte[]> chunks) {
    SseReader reader = new SseReader(MAX_EVENT);
    List<SseItem> items = new ArrayList<>();
    try {
      for (byte[] chunk : chunks) {
        items.addAll(reader.read(chunk));
      }
      items.addAll(reader.end());
      return items;
    } catch (EventTooLarge e) {
      assertThat(stream.length).isGreaterThan(MAX_EVENT - 2);
      return null;
    }
  }

  private static List<String> written(List<SseItem> items) {
    if (items == null) {
      return null;
    }
    List<String> written = new ArrayList<>();
    for (SseItem item : items) {
      written.add(Arrays.toString(item.raw()));
      if (item instanceof SseEvent event) {
        written.add(event.type() + " " + event.id() + " " + event.retry() + " " + dataOf(event));
      }
    }
    return written;
  }

  private static String dataOf(SseEvent event) {
    return event.data().map(Arrays::toString).orElse("none");
  }

  private static byte[] raw(List<SseItem> items) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    items.forEach(item -> out.writeBytes(item.raw()));
    return out.toByteArray();
  }

  private static List<byte[]> bytes(byte[] stream) {
    List<byte[]> bytes = new ArrayList<>();
    for (byte b : stream) {
      bytes.add(new byte[] {b});
    }
    return bytes;
  }

  /** Cut at places that the bytes themselves choose, so that a finding can be repeated. */
  private static List<byte[]> cut(byte[] stream) {
    Random random = new Random(Arrays.hashCode(stream));
    List<byte[]> chunks = new ArrayList<>();
    int from = 0;
    while (from < stream.length) {
      int to = Math.min(stream.length, from + random.nextInt(9));
      chunks.add(Arrays.copyOfRange(stream, from, to));
      from = to;
    }
    return chunks;
  }
}
