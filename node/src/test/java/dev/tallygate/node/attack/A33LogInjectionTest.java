package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.tallygate.node.audit.AuditKey;
import dev.tallygate.node.audit.AuditSettings;
import dev.tallygate.node.audit.AuditVerifier;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A33: text of an attacker that forges records, or plays with the terminal of who reads them.
 *
 * <p>Without escapes a text ends its line and begins a record of its own, and what reads the log
 * fails.
 */
@Timeout(180)
class A33LogInjectionTest {
  private static Scene scene;

  @BeforeAll
  static void start() {
    scene = Scene.start();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  static List<String> texts() {
    return List.of(
        "x\n{\"seq\":99,\"event\":\"decision\",\"outcome\":\"allowed\"}",
        "x\r\ny",
        "\u001b[2J\u001b[31mred",
        "\u009b31m",
        "\u202Eevil\u202C",
        "\u2066x\u2069",
        "a\u200Bb",
        "\u2028\u2029\u0085",
        "\u0000\u0007\u0008\u007f",
        "\"},{\"outcome\":\"allowed",
        "\\\\\"\\",
        "\uFEFFx",
        "\uDBFF\uDFFF\uFFFE",
        "y".repeat(200_000));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void textOfACallIsOneHarmlessPieceOfOneRecord(String text) throws Exception {
    // Given
    String json = TextNode.valueOf(text).toString();
    String session = scene.alice.initialize();

    // When
    Scene.Stopped name = scene.stops(scene.alice.legacy(session, call("{\"name\":" + json + "}")));
    Scene.Stopped key =
        scene.stops(
            scene.alice.legacy(
                session, call("{\"name\":\"denied\",\"arguments\":{" + json + ":1}}")));
    Scene.Stopped method =
        scene.stops(
            scene.alice.legacy(session, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":" + json + "}"));
    scene.stops(scene.alice.legacy(session, call("{\"name\":\"denied\",\"" + json)));

    // Then
    name.withError(-32602);
    key.denied(200, "(default deny)");
    assertThat(method.json().has("error")).isTrue();
    assertThat(method.record().toString()).hasSizeLessThan(10_000);
    assertThat(key.record().toString()).hasSizeLessThan(10_000);
    assertThat(name.record().toString()).hasSizeLessThan(10_000);
    assertLogIsClean();
  }

  private static String call(String params) {
    return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":" + params + "}";
  }

  @ParameterizedTest
  @MethodSource("texts")
  void uriThatAMethodNamesIsRecordedHarmlessly(String text) throws Exception {
    // When
    TestClient.send(
        scene.alice.legacy(
            scene.alice.initialize(),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":"
                + TextNode.valueOf(text)
                + "}}"));

    // Then
    assertLogIsClean();
  }

  @Test
  void bytesOfARequestLineAreNotInTheLog() throws Exception {
    // When
    scene.stops(
        http ->
            http.send(
                "POST /mcp/\u001b[31m{\"outcome\":\"allowed\"} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    + "Content-Length: 0\r\n\r\n"));

    // Then
    assertLogIsClean();
  }

  @Test
  void valuesOfArgumentsAndTokensAreNotInTheLog() throws Exception {
    // When
    scene.alice.call("alpha", "{\"password\":\"s3cr3t-value\",\"n\":123456789012}");
    scene.stops(scene.alice.modernCall("denied", "{\"password\":\"s3cr3t-value\"}"));

    // Then
    String log = log();
    assertThat(log)
        .contains("\"password\"")
        .doesNotContain("s3cr3t-value", "123456789012", scene.gate.token("alice"));
    assertLogIsClean();
  }

  private String log() throws IOException {
    return Files.readString(scene.gate.directory().resolve("audit.jsonl"));
  }

  private void assertLogIsClean() throws Exception {
    String log = log();
    assertThat(
            log.codePoints().filter(c -> c != '\n' && !isHarmless(c)).mapToObj("U+%04X"::formatted))
        .isEmpty();
    long expected = 1;
    for (String line : log.lines().toList()) {
      JsonNode record = TestGate.json(line);
      assertThat(record.get("seq").asLong()).isEqualTo(expected++);
      assertThat(line.getBytes(StandardCharsets.UTF_8).length).isLessThan(20_000);
    }
    Path file = scene.gate.directory().resolve("audit.jsonl");
    AuditKey key = AuditKey.read(AuditSettings.defaultKeyFile(file));
    assertThat(AuditVerifier.verify(file, key, Optional.empty(), Optional.empty()).isOk()).isTrue();
  }

  private static boolean isHarmless(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
