package dev.tallygate.node.mcp;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An event of an event stream.
 *
 * @param type its {@code event} field
 * @param data its {@code data} lines joined by line feeds; absent if it has none, which is not the
 *     same as the empty data of an event that primes a stream
 * @param id its {@code id} field
 * @param retry its {@code retry} field, in milliseconds
 * @param raw its bytes as they came, with the blank line that ends it
 */
public record SseEvent(
    Optional<String> type,
    Optional<byte[]> data,
    Optional<String> id,
    OptionalLong retry,
    byte[] raw)
    implements SseItem {

  /** Whether the event carries a message: data that is not empty. */
  public boolean hasMessage() {
    return data.isPresent() && data.get().length > 0;
  }

  @Override
  public byte[] plain() {
    return PlainLines.areIn(raw) ? raw : of(type, data, id, retry).raw;
  }

  private static boolean isPlain(String value) {
    return PlainLines.areIn(value.getBytes(StandardCharsets.UTF_8));
  }

  /** This event with other data, written anew; its type, id and retry stay. */
  public SseEvent withData(byte[] changed) {
    return of(type, Optional.of(changed), id, retry);
  }

  /** An event of a message of Tallygate's own. */
  public static SseEvent message(byte[] data) {
    return of(Optional.of("message"), Optional.of(data), Optional.empty(), OptionalLong.empty());
  }

  private static SseEvent of(
      Optional<String> type, Optional<byte[]> data, Optional<String> id, OptionalLong retry) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    type.filter(SseEvent::isPlain).ifPresent(value -> field(out, "event", value));
    id.filter(SseEvent::isPlain).ifPresent(value -> field(out, "id", value));
    retry.ifPresent(value -> field(out, "retry", Long.toString(value)));
    data.ifPresent(value -> dataLines(out, PlainLines.escaped(value)));
    out.write('\n');
    return new SseEvent(type, data, id, retry, out.toByteArray());
  }

  private static void field(ByteArrayOutputStream out, String name, String value) {
    out.writeBytes((name + ": " + value + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** In JSON a line break stands only between tokens, so each may become a line of its own. */
  private static void dataLines(ByteArrayOutputStream out, byte[] data) {
    int start = 0;
    for (int i = 0; i <= data.length; i++) {
      if (i < data.length && data[i] != '\n' && data[i] != '\r') {
        continue;
      }
      out.writeBytes("data: ".getBytes(StandardCharsets.US_ASCII));
      out.write(data, start, i - start);
      out.write('\n');
      if (i + 1 < data.length && data[i] == '\r' && data[i + 1] == '\n') {
        i++;
      }
      start = i + 1;
    }
  }
}
