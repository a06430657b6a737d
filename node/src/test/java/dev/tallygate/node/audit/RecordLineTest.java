package dev.tallygate.node.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.node.audit.AuditRecord.Caller;
import dev.tallygate.node.audit.AuditRecord.Charged;
import dev.tallygate.node.audit.AuditRecord.Decision;
import dev.tallygate.node.audit.AuditRecord.Outcome;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordLineTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;

  @Test
  void nothingThatBreaksALineOrATerminalStandsInTheLog() throws IOException {
    // Given
    String hostile =
        "a\n\r\t\u0000\u001b[2J\u007f\u0080\u009b\u2028\u2029\u202e\u2066\u200e\u061c\ufeff\u200b"
            + "\"\\\ud800x\udc00";
    // When
    String line = line(decision(hostile, List.of(hostile)));
    // Then
    assertThat(line).endsWith("\n");
    assertThat(line.substring(0, line.length() - 1)).matches("[\\x20-\\x7e]*");
    assertThat(JSON.readTree(line).get("tool").asText()).isEqualTo(hostile);
    assertThat(JSON.readTree(line).get("argumentKeys").get(0).asText()).isEqualTo(hostile);
  }

  @Test
  void printableTextOfAnyLanguageStaysReadable() throws IOException {
    assertThat(line(decision("Straße 東京 😀", List.of()))).contains("\"tool\":\"Straße 東京 😀\"");
  }

  @Property(tries = 300)
  void anyStringIsOneLineThatReadsBack(@ForAll String text) throws IOException {
    String cut = text.substring(0, Math.min(text.length(), 200));
    LineBuffer out = new LineBuffer(16);
    out.put('"');
    PlainText.escape(cut, out);
    out.put('"');
    String written = new String(out.toByteArray(), StandardCharsets.UTF_8);
    assertThat(JSON.readTree(written).asText()).isEqualTo(cut);
    assertThat(written.codePoints().allMatch(PlainText::mayStand)).isTrue();
  }

  @Test
  void longNamesAndManyKeysAreCut() throws IOException {
    // Given
    List<String> keys = IntStream.range(0, 1000).mapToObj(i -> "k" + i).toList();
    // When
    JsonNode record = JSON.readTree(line(decision("x".repeat(100_000), keys)));
    // Then
    assertThat(record.get("tool").asText()).hasSize(257).endsWith("x…");
    assertThat(record.get("argumentKeys")).hasSize(128);
    assertThat(record.get("more").asInt()).isEqualTo(872);
  }

  @Test
  void cutNeverSplitsACharacter() {
    assertThat(PlainText.capped("ab😀", 3)).isEqualTo("ab…");
    assertThat(PlainText.capped("ab😀", 4)).isEqualTo("ab😀");
  }

  @Test
  void chargesStandInTheOrderOfTheLimitsWithExactUnits() throws IOException {
    // Given
    List<Charged> charged =
        List.of(
            new Charged(
                "grant", "calls", BigDecimal.ONE, Instant.parse("2026-11-22T12:01:00Z"), false),
            new Charged("server", "cost", new BigDecimal("0.005"), AuditFixtures.NOON, true));
    // When
    JsonNode record =
        JSON.readTree(
            line(AuditFixtures.allowed("d-1", "create_issue", charged, List.of(), "00ff")));
    // Then
    assertThat(record.get("charged"))
        .hasToString(
            "[{\"scope\":\"grant\",\"counter\":\"calls\",\"units\":\"1\","
                + "\"until\":\"2026-11-22T12:01:00.000000Z\"},"
                + "{\"scope\":\"server\",\"counter\":\"cost\",\"units\":\"0.005\","
                + "\"until\":\"2026-11-22T12:00:00.250000Z\",\"alone\":true}]");
  }

  @Test
  void callThatWasChargedNothingHasNoFieldForIt() throws IOException {
    assertThat(JSON.readTree(line(AuditFixtures.allowed("d-1"))).has("charged")).isFalse();
  }

  @Test
  void largestRecordIsFarFromWhatReadersRefuse() throws IOException {
    // Given
    String worst = "\u202e".repeat(2000);
    Decision decision =
        new Decision(
            AuditFixtures.NOON,
            worst,
            Long.MAX_VALUE,
            new Caller(worst, worst, worst),
            worst,
            Optional.of(worst),
            Outcome.DENIED,
            Optional.of(worst),
            Optional.of(worst),
            Collections.nCopies(
                1000,
                new Charged(worst, worst, new BigDecimal("1e-300"), AuditFixtures.NOON, true)),
            Collections.nCopies(1000, worst),
            Optional.of(worst));
    // When // Then
    assertThat(line(decision).length()).isLessThan(RecordLine.MAX_BYTES / 2);
  }

  private static Decision decision(String tool, List<String> keys) {
    return AuditFixtures.allowed("d-1", tool, List.of(), keys, "00ff");
  }

  private String line(AuditRecord record) throws IOException {
    AuditKey key = AuditKey.create(directory.resolve("audit.key"));
    RecordLine lines = new RecordLine("node-a", key, 0, key.genesis());
    lines.add(record);
    return new String(lines.lines().toByteArray(), StandardCharsets.UTF_8);
  }
}
