package dev.tallygate.node.audit;

import static dev.tallygate.node.audit.AuditFixtures.lines;
import static dev.tallygate.node.audit.AuditFixtures.verify;
import static dev.tallygate.node.audit.AuditFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.tallygate.node.audit.AuditVerifier.Kind;
import dev.tallygate.node.audit.AuditVerifier.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be done to a log without its key, done at every line. */
class AuditTamperingTest {
  private static final int RECORDS = 8;
  private static final int LINES = RECORDS + 2;

  @TempDir Path directory;
  private AuditSettings settings;
  private Path file;
  private List<String> genuine;

  @BeforeEach
  void writeLog() throws IOException {
    file = directory.resolve("audit.jsonl");
    settings = AuditSettings.of(file, "node-a");
    write(settings, RECORDS);
    genuine = lines(file);
  }

  @Test
  void untouchedLogIsOkAndEndsWithItsHead() throws IOException {
    // When
    Result result = verify(settings);
    // Then
    assertThat(result.fault()).isEmpty();
    assertThat(result.records()).isEqualTo(LINES);
    assertThat(genuine.get(LINES - 1)).endsWith("\"mac\":\"" + result.head() + "\"}");
  }

  @Test
  void editedValueIsFoundOnItsLine() throws IOException {
    for (int i = 0; i < LINES; i++) {
      // Given
      List<String> edited = lines(copy());
      edited.set(i, edited.get(i).replace("node-a", "node-b"));
      lines(file, edited);
      // When // Then
      assertFault(i + 1, Kind.EDITED);
    }
  }

  @Test
  void editedMacIsFoundOnItsLine() throws IOException {
    for (int i = 0; i < LINES; i++) {
      // Given
      List<String> edited = lines(copy());
      String line = edited.get(i);
      int at = line.length() - 3;
      edited.set(i, line.substring(0, at) + (line.charAt(at) == '0' ? '1' : '0') + "\"}");
      lines(file, edited);
      // When // Then
      assertFault(i + 1, Kind.EDITED);
    }
  }

  @Test
  void editedNumberIsFoundOnItsLine() throws IOException {
    for (int i = 0; i < LINES - 1; i++) {
      // Given
      List<String> edited = lines(copy());
      edited.set(i, edited.get(i).replaceFirst("\"seq\":\\d+", "\"seq\":77"));
      lines(file, edited);
      // When // Then
      assertFault(i + 1, Kind.EDITED);
    }
  }

  @Test
  void anySingleBitFlipInTheFileIsFoundOnItsLine() throws IOException {
    // Given a log of three lines
    lines(file, genuine.subList(0, 3));
    byte[] bytes = Files.readAllBytes(file);
    int line = 1;
    for (int i = 0; i < bytes.length; i++) {
      // Each byte once with the bit that turns upper into lower case, once with another.
      for (int bit : new int[] {5, (i * 3 + line) % 8}) {
        byte[] flipped = bytes.clone();
        flipped[i] ^= (byte) (1 << bit);
        Files.write(file, flipped);
        // When
        Result result = verify(settings);
        // Then
        assertThat(result.fault()).as("byte %d bit %d", i, bit).isPresent();
        assertThat(result.fault().get().line()).as("byte %d bit %d", i, bit).isEqualTo(line);
      }
      if (bytes[i] == '\n') {
        line++;
      }
    }
  }

  @Test
  void droppedLineIsFoundWhereItIsMissing() throws IOException {
    for (int i = 0; i < LINES - 1; i++) {
      // Given
      List<String> rest = lines(copy());
      rest.remove(i);
      lines(file, rest);
      // When // Then
      assertFault(i + 1, Kind.REMOVED);
      assertThat(message()).contains("record " + (i + 1) + " is missing");
    }
  }

  @Test
  void swappedLinesAreFoundAtTheFirst() throws IOException {
    for (int i = 0; i < LINES - 1; i++) {
      // Given
      List<String> swapped = lines(copy());
      Collections.swap(swapped, i, i + 1);
      lines(file, swapped);
      // When // Then
      assertFault(i + 1, Kind.REORDERED);
    }
  }

  @Test
  void lineMovedFarIsFoundWhereItBelongs() throws IOException {
    // Given
    List<String> moved = lines(copy());
    moved.add(8, moved.remove(3));
    lines(file, moved);
    // When // Then
    assertFault(4, Kind.REORDERED);
    assertThat(message()).contains("record 4 stands 5 lines further on");
  }

  @Test
  void repeatedLineIsFoundAtTheRepetition() throws IOException {
    for (int i = 0; i < LINES - 1; i++) {
      // Given
      List<String> repeated = lines(copy());
      repeated.add(i + 1, repeated.get(i));
      lines(file, repeated);
      // When // Then
      assertFault(i + 2, Kind.INSERTED);
    }
  }

  @Test
  void insertedLineIsFound() throws IOException {
    for (int i = 0; i < LINES; i++) {
      for (String forged : List.of("", "{}", genuine.get(i).replace("node-a", "node-b"))) {
        // Given
        List<String> inserted = lines(copy());
        inserted.add(i, forged);
        lines(file, inserted);
        // When // Then
        assertFault(i + 1, Kind.INSERTED);
      }
    }
  }

  @Test
  void tailMadeWithAnotherKeyIsFoundAtItsFirstLine() throws IOException {
    // Given
    Path other = directory.resolve("other").resolve("audit.jsonl");
    write(AuditSettings.of(other, "node-a"), RECORDS);
    List<String> foreign = lines(other);
    for (int i = 0; i < LINES - 1; i++) {
      List<String> mixed = lines(copy());
      for (int j = i; j < LINES; j++) {
        mixed.set(j, foreign.get(j));
      }
      lines(file, mixed);
      // When
      Result result = verify(settings);
      // Then
      assertThat(result.fault()).isPresent();
      assertThat(result.fault().get().line()).isEqualTo(i + 1);
      assertThat(result.fault().get().kind()).isIn(Kind.REWRITTEN, Kind.EDITED);
      if (i < LINES - 1) {
        assertThat(result.fault().get().kind()).isEqualTo(Kind.REWRITTEN);
      }
    }
  }

  @Test
  void cutTailIsFoundAgainstEveryHeadThatWasNoted() throws IOException {
    // Given
    String head = verify(settings).head();
    for (int left = 1; left < LINES; left++) {
      lines(file, genuine.subList(0, left));
      // When
      Result blind = verify(settings);
      Result result = verify(settings, Optional.of(head));
      // Then
      assertThat(blind.isOk()).as("a cut alone leaves no trace").isTrue();
      assertThat(result.fault()).isPresent();
      assertThat(result.fault().get().kind()).isEqualTo(Kind.TRUNCATED);
      assertThat(result.fault().get().line()).isEqualTo(left + 1);
    }
  }

  @Test
  void headNotedEarlierIsFoundInTheLogThatGrew() throws IOException {
    // Given
    String head = verify(settings).head();
    write(settings, 3);
    // When // Then
    assertThat(verify(settings, Optional.of(head)).isOk()).isTrue();
    assertThat(verify(settings, Optional.of("0".repeat(64))).isOk()).isFalse();
  }

  @Test
  void malformedHeadIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> verify(settings, Optional.of("abc")))
        .withMessageContaining("64 hexadecimal digits");
  }

  @Test
  void cutWithinAnyLineIsFoundOnThatLine() throws IOException {
    lines(file, genuine.subList(0, 3));
    byte[] bytes = Files.readAllBytes(file);
    int line = 1;
    for (int size = 1; size < bytes.length; size++) {
      if (bytes[size - 1] == '\n') {
        line++;
        continue;
      }
      // Given
      Files.write(file, Arrays.copyOf(bytes, size));
      // When // Then
      assertFault(line, Kind.TORN);
    }
  }

  @Test
  void completeLastLineWithoutNewlineThatWasEditedIsNoTornWrite() throws IOException {
    // Given
    String text = Files.readString(copy()).strip();
    Files.writeString(file, text.replaceAll("\"event\":\"stop\"", "\"event\":\"stap\""));
    // When // Then
    assertFault(LINES, Kind.EDITED);
  }

  @Test
  void emptiedFileIsFound() throws IOException {
    // Given
    Files.write(file, new byte[0]);
    // When // Then
    assertFault(1, Kind.REMOVED);
  }

  @Test
  void endlessLineIsFoundWithoutReadingItIntoMemory() throws IOException {
    // Given
    Files.write(file, new byte[3 * RecordLine.MAX_BYTES], StandardOpenOption.APPEND);
    // When // Then
    assertFault(LINES + 1, Kind.TORN);
  }

  @Test
  void anotherKeyFitsNoLine() throws IOException {
    // Given
    Path other = directory.resolve("other.key");
    AuditKey.create(other);
    // When
    Result result = verify(settings.withKeyFile(other));
    // Then
    assertThat(result.fault().orElseThrow().kind()).isEqualTo(Kind.REWRITTEN);
    assertThat(result.fault().orElseThrow().message()).contains("this is not its key");
  }

  /** The genuine log, back in its place. */
  private Path copy() throws IOException {
    lines(file, genuine);
    return file;
  }

  private String message() throws IOException {
    return verify(settings).fault().orElseThrow().message();
  }

  private void assertFault(long line, Kind kind) throws IOException {
    Result result = verify(settings);
    assertThat(result.fault()).isPresent();
    assertThat(result.fault().get().line()).as(result.fault().toString()).isEqualTo(line);
    assertThat(result.fault().get().kind()).as(result.fault().toString()).isEqualTo(kind);
  }
}
