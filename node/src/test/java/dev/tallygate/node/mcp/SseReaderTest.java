package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SseReaderTest {
  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r", "\r\n"})
  void fieldsAreReadWithEveryLineEnd(String end) throws Exception {
    // Given
    String stream =
        String.join(
            end, "event: message", "id: 4", "retry: 250", "data: {\"a\":", "data: 1}", "", "");

    // When
    List<SseItem> items = read(stream);

    // Then
    SseEvent event = (SseEvent) items.get(0);
    assertThat(items).hasSize(1);
    assertThat(event.type()).contains("message");
    assertThat(event.id()).contains("4");
    assertThat(event.retry()).hasValue(250);
    assertThat(text(event)).isEqualTo("{\"a\":\n1}");
    assertThat(event.raw()).isEqualTo(stream.getBytes(UTF_8));
  }

  @Test
  void oneSpaceAfterTheColonIsNotOfTheValue() throws Exception {
    // When
    List<SseItem> items = read("data:a\n\ndata: a\n\ndata:  a\n\ndata\n\n");

    // Then
    assertThat(items).extracting(item -> text((SseEvent) item)).containsExactly("a", "a", " a", "");
  }

  @Test
  void primingEventHasEmptyDataAndIsNoMessage() throws Exception {
    // When
    SseEvent priming = (SseEvent) read("id: 1\nretry: 5\ndata:\n\n").get(0);
    SseEvent withoutData = (SseEvent) read("id: 1\n\n").get(0);

    // Then
    assertThat(priming.data()).isPresent();
    assertThat(priming.hasMessage()).isFalse();
    assertThat(withoutData.data()).isEmpty();
    assertThat(withoutData.hasMessage()).isFalse();
    assertThat(withoutData.id()).contains("1");
  }

  @Test
  void commentComesOutAtOnce() throws Exception {
    // Given
    SseReader reader = new SseReader(1000);

    // When
    List<SseItem> items = reader.read(": keep-alive\n".getBytes(UTF_8));

    // Then
    assertThat(items).hasSize(1);
    assertThat(items.get(0)).isInstanceOf(SseComment.class);
    assertThat(items.get(0).raw()).isEqualTo(": keep-alive\n".getBytes(UTF_8));
  }

  @Test
  void commentInsideAnEventDoesNotDisturbIt() throws Exception {
    // When
    List<SseItem> items = read("data: a\n: x\ndata: b\n\n");

    // Then
    assertThat(items).hasSize(1);
    assertThat(text((SseEvent) items.get(0))).isEqualTo("a\nb");
    assertThat(items.get(0).raw()).isEqualTo("data: a\n: x\ndata: b\n\n".getBytes(UTF_8));
  }

  @Test
  void unfinishedEventIsDroppedAtTheEnd() throws Exception {
    assertThat(read("data: a\n")).isEmpty();
    assertThat(read("data: a\n\ndata: b")).hasSize(1);
    assertThat(read("data: a\r\n\r")).hasSize(1);
  }

  @Test
  void eventOfBareCarriageReturnsIsNotHeldBack() throws Exception {
    // When
    List<SseItem> items = new SseReader(1000).read("data: a\r\r".getBytes(UTF_8));

    // Then
    assertThat(items).hasSize(1);
  }

  @Test
  void lineFeedThatComesLateBelongsToItsCarriageReturn() throws Exception {
    // Given
    SseReader reader = new SseReader(1000);

    // When
    List<SseItem> first = reader.read("data: a\r\n\r".getBytes(UTF_8));
    List<SseItem> second = reader.read("\ndata: b\r\n\r\n".getBytes(UTF_8));

    // Then
    assertThat(first).isEmpty();
    assertThat(second).hasSize(2);
    assertThat(second.get(0).raw()).isEqualTo("data: a\r\n\r\n".getBytes(UTF_8));
  }

  @Test
  void byteOrderMarkIsSkippedAtTheStartOnly() throws Exception {
    // When
    List<SseItem> items = read("\uFEFFdata: a\n\n\uFEFFdata: b\n\n");

    // Then
    assertThat(text((SseEvent) items.get(0))).isEqualTo("a");
    assertThat(((SseEvent) items.get(1)).data()).isEmpty();
  }

  @Test
  void idWithNulAndRetryThatIsNoNumberAreIgnored() throws Exception {
    // When
    SseEvent event = (SseEvent) read("id: a\0b\nretry: 1s\nretry:\nretry: -1\ndata: x\n\n").get(0);

    // Then
    assertThat(event.id()).isEmpty();
    assertThat(event.retry()).isEmpty();
  }

  @Test
  void fieldNamesAreExact() throws Exception {
    // When
    SseEvent event = (SseEvent) read("Data: a\nDATA: b\n data: c\ndata : d\nx\n\n").get(0);

    // Then
    assertThat(event.data()).isEmpty();
  }

  @Test
  void unicodeLineSeparatorsDoNotEndLines() throws Exception {
    // Given
    String json = "{\"t\":\"a\u2028data: b\u2029\u0085\u000b\f\"}";

    // When
    SseEvent event = (SseEvent) read("data: " + json + "\n\n").get(0);

    // Then
    assertThat(text(event)).isEqualTo(json);
  }

  @ParameterizedTest
  @ValueSource(strings = {"data: ", ": ", "x", ""})
  void eventOverTheLimitEndsTheReading(String start) {
    // Given
    SseReader reader = new SseReader(100);

    // Then
    assertThatThrownBy(
            () -> {
              reader.read(start.getBytes(UTF_8));
              for (int i = 0; i < 200; i++) {
                reader.read(new byte[] {'a'});
              }
            })
        .isInstanceOf(EventTooLarge.class);
  }

  @Test
  void manySmallLinesCountTogether() {
    // Given
    SseReader reader = new SseReader(100);

    // Then
    assertThatThrownBy(() -> reader.read("data: a\n".repeat(50).getBytes(UTF_8)))
        .isInstanceOf(EventTooLarge.class);
  }

  @Test
  void limitIsOfOneEventAndNotOfTheStream() throws Exception {
    // When
    List<SseItem> items = new SseReader(20).read("data: a\n\n".repeat(1000).getBytes(UTF_8));

    // Then
    assertThat(items).hasSize(1000);
  }

  @Test
  void changedDataKeepsTheOtherFields() throws Exception {
    // Given
    SseEvent event = (SseEvent) read("retry: 9\nid: 7\nevent: message\ndata: old\n\n").get(0);

    // When
    SseEvent changed = event.withData("{\r\n\"a\":\n1}".getBytes(UTF_8));

    // Then
    assertThat(new String(changed.raw(), UTF_8))
        .isEqualTo("event: message\nid: 7\nretry: 9\ndata: {\ndata: \"a\":\ndata: 1}\n\n");
  }

  @Test
  void plainPieceIsThatWhichCame() throws Exception {
    for (String plain : List.of("id: 1\r\ndata: {}\r\n\r\n", ": \u00e9\u2027\n", "data:\n\n")) {
      assertThat(read(plain).get(0).plain()).isEqualTo(plain.getBytes(UTF_8));
    }
  }

  @Test
  void pieceThatReadersCutDifferentlyIsWrittenAnew() throws Exception {
    // Given
    String json = "{\"t\":\"a\u2028data: b\u2029\u0085\"}";

    // When
    SseItem event =
        read("id: 7\u2028data: x\nevent: m\rx\u2028data: y\rdata: " + json + "\n\n").get(0);
    SseItem comment = read(": \u0085data: x\n").get(0);

    // Then
    assertThat(new String(event.plain(), UTF_8))
        .isEqualTo("event: m\ndata: {\"t\":\"a\\u2028data: b\\u2029\\u0085\"}\n\n");
    assertThat(new String(comment.plain(), UTF_8)).isEqualTo(":\n");
  }

  @Test
  void injectedFieldsInDataStayData() throws Exception {
    // Given
    byte[] hostile = "x\n\nid: 9\r\revent: y\r\n".getBytes(UTF_8);

    // When
    List<SseItem> items = read(SseEvent.message(hostile).raw());

    // Then
    assertThat(items).hasSize(1);
    assertThat(((SseEvent) items.get(0)).id()).isEmpty();
    assertThat(text((SseEvent) items.get(0))).isEqualTo("x\n\nid: 9\n\nevent: y\n");
  }

  @Property
  void anySplitYieldsTheSamePieces(@ForAll("streams") byte[] stream, @ForAll List<Integer> cuts)
      throws Exception {
    // When
    List<String> whole = described(read(stream));
    List<String> split = described(readSplit(stream, cuts));
    List<String> single = described(readSingly(stream));

    // Then
    assertThat(split).isEqualTo(whole);
    assertThat(single).isEqualTo(whole);
  }

  @Property
  void eventsAreThoseOfTheReference(@ForAll("streams") byte[] stream) throws Exception {
    // When
    List<String> events =
        readSingly(stream).stream()
            .filter(SseEvent.class::isInstance)
            .map(SseEvent.class::cast)
            .filter(event -> event.data().isPresent())
            .map(event -> event.type() + "|" + event.id() + "|" + event.retry() + "|" + text(event))
            .toList();

    // Then
    assertThat(events).isEqualTo(reference(new String(stream, UTF_8)));
  }

  @Property
  void rawBytesAreTheStreamButForAnUnfinishedEvent(@ForAll("streams") byte[] stream)
      throws Exception {
    // Given
    ByteArrayOutputStream raw = new ByteArrayOutputStream();
    for (SseItem item : read(stream)) {
      raw.writeBytes(item.raw());
    }

    // Then
    assertThat(raw.toByteArray()).isEqualTo(Arrays.copyOf(stream, raw.size()));
    assertThat(reference(raw.toString(UTF_8))).isEqualTo(reference(new String(stream, UTF_8)));
  }

  @Property
  void arbitraryBytesNeverThrowAnythingElse(@ForAll byte[] stream) {
    try {
      assertThat(new SseReader(50).read(stream)).isNotNull();
    } catch (EventTooLarge e) {
      assertThat(stream.length).isGreaterThan(40);
    }
  }

  @Provide
  Arbitrary<byte[]> streams() {
    return pieces(
        "data: ",
        "data:",
        "data",
        "event: a",
        "id: 1",
        "id: \0",
        "retry: 10",
        ":",
        ": c",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\r\r",
        "\r\n\r\n",
        "x",
        "\u00e9",
        "\u20ac",
        "\ud83d\ude00",
        "\uFEFF",
        " ",
        "{\"a\":1}",
        "\u2028");
  }

  private static Arbitrary<byte[]> pieces(String... pieces) {
    return Arbitraries.of(pieces)
        .list()
        .ofMaxSize(40)
        .map(list -> String.join("", list).getBytes(UTF_8));
  }

  /** The algorithm of the HTML standard on text; what an event has is not carried to the next. */
  private static List<String> reference(String stream) {
    String text = stream.startsWith("\uFEFF") ? stream.substring(1) : stream;
    List<String> lines =
        new ArrayList<>(
            Arrays.asList(text.replace("\r\n", "\n").replace('\r', '\n').split("\n", -1)));
    lines.remove(lines.size() - 1);
    List<String> events = new ArrayList<>();
    Optional<String> type = Optional.empty();
    Optional<String> id = Optional.empty();
    OptionalLong retry = OptionalLong.empty();
    StringBuilder data = new StringBuilder();
    for (String line : lines) {
      if (line.isEmpty()) {
        if (data.length() > 0) {
          data.setLength(data.length() - 1);
          events.add(type + "|" + id + "|" + retry + "|" + data);
        }
        type = Optional.empty();
        id = Optional.empty();
        retry = OptionalLong.empty();
        data.setLength(0);
        continue;
      }
      int colon = line.indexOf(':');
      String name = colon < 0 ? line : line.substring(0, colon);
      String value = colon < 0 ? "" : line.substring(colon + 1);
      value = value.startsWith(" ") ? value.substring(1) : value;
      if (name.equals("data")) {
        data.append(value).append('\n');
      } else if (name.equals("event")) {
        type = Optional.of(value);
      } else if (name.equals("id") && value.indexOf('\0') < 0) {
        id = Optional.of(value);
      } else if (name.equals("retry") && value.matches("[0-9]{1,18}")) {
        retry = OptionalLong.of(Long.parseLong(value));
      }
    }
    return events;
  }

  private static List<SseItem> read(String stream) throws EventTooLarge {
    return read(stream.getBytes(UTF_8));
  }

  private static List<SseItem> read(byte[] stream) throws EventTooLarge {
    return readSplit(stream, List.of());
  }

  private static List<SseItem> readSplit(byte[] stream, List<Integer> cuts) throws EventTooLarge {
    List<Integer> places =
        cuts.stream().map(cut -> Math.floorMod(cut, stream.length + 1)).sorted().toList();
    SseReader reader = new SseReader(100_000);
    List<SseItem> items = new ArrayList<>();
    int from = 0;
    for (int place : places) {
      items.addAll(reader.read(Arrays.copyOfRange(stream, from, place)));
      from = place;
    }
    items.addAll(reader.read(Arrays.copyOfRange(stream, from, stream.length)));
    items.addAll(reader.end());
    return items;
  }

  private static List<SseItem> readSingly(byte[] stream) throws EventTooLarge {
    SseReader reader = new SseReader(100_000);
    List<SseItem> items = new ArrayList<>();
    for (byte b : stream) {
      items.addAll(reader.read(new byte[] {b}));
    }
    items.addAll(reader.end());
    return items;
  }

  private static List<String> described(List<SseItem> items) {
    return items.stream()
        .map(
            item ->
                item instanceof SseEvent event
                    ? event.type()
                        + "|"
                        + event.id()
                        + "|"
                        + event.retry()
                        + "|"
                        + event.data().map(data -> new String(data, ISO_8859_1))
                        + "|"
                        + new String(event.raw(), ISO_8859_1)
                    : "comment " + new String(item.raw(), ISO_8859_1))
        .toList();
  }

  private static String text(SseEvent event) {
    return new String(event.data().orElseThrow(), UTF_8);
  }
}
