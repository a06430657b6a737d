package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.json.JsonBounds;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the gate accepts means the same to the parsers that servers use: JavaScript's and Python's
 * own, Jackson as it comes, and Vert.x.
 *
 * <p>It means the same if another parser accepts it too, and finds the same method, id, params,
 * result and error: the same members under the same keys, the same strings, unit for unit, and the
 * same numbers. Numbers are the same if they have the same nearest double: parsers with exact
 * numbers and parsers with doubles both stand behind real servers, and beyond 2^53 or 17 digits
 * they cannot agree. What hangs on the difference is not judged by a policy, which is tested there
 * (ConditionTableTest). The sign of zero is no difference, nor is {@code params: {}} where params
 * are missing. Where a parser is given bytes it may guess their encoding; where it is given text,
 * they are decoded before as servers do it: both readings must agree.
 */
class ReaderDifferentialTest {
  private static final int ACCEPTED = 6_000;
  private static final JsonBounds BOUNDS = new JsonBounds(100_000, 64, 10_000, 50_000);
  private static final ObjectMapper JACKSON = new ObjectMapper();

  /** Bodies that the gate accepts, with what they mean to it. */
  private static final List<byte[]> BODIES = new ArrayList<>();

  private static final List<String> MEANINGS = new ArrayList<>();

  private static final Set<String> KNOWN = new HashSet<>();

  @TempDir private static Path directory;

  private enum Parser {
    JAVASCRIPT,
    PYTHON,
    JACKSON,
    VERTX
  }

  @BeforeAll
  static void collectWhatTheGateAccepts() {
    hostile().forEach(ReaderDifferentialTest::collect);
    Random random = new Random(20261122);
    HostileMessages messages = new HostileMessages(random);
    while (BODIES.size() < ACCEPTED) {
      byte[] body = messages.next();
      collect(body);
      collect(messages.damaged(body));
    }
  }

  @ParameterizedTest
  @EnumSource(Parser.class)
  void acceptedMessagesMeanTheSame(Parser parser) throws Exception {
    // When
    List<String> meanings = meanings(parser, BODIES);

    // Then
    assertThat(meanings).hasSameSizeAs(BODIES);
    for (int i = 0; i < BODIES.size(); i++) {
      assertThat(meanings.get(i))
          .as("%s as %s reads it", new String(BODIES.get(i), ISO_8859_1), parser)
          .isEqualTo(MEANINGS.get(i));
    }
  }

  @ParameterizedTest
  @EnumSource(Parser.class)
  void comparisonNoticesAnotherMeaning(Parser parser) throws Exception {
    // Given
    byte[] twice =
        "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"name\":\"b\"}}"
            .getBytes(UTF_8);
    byte[] once = new String(twice, UTF_8).replace(",\"name\":\"b\"", "").getBytes(UTF_8);
    byte[] last = new String(twice, UTF_8).replace("\"name\":\"a\",", "").getBytes(UTF_8);

    // When
    List<String> meanings = meanings(parser, List.of(twice, once, last));

    // Then
    assertThat(meanings.get(0)).isNotEqualTo(meanings.get(1)).isEqualTo(meanings.get(2));
  }

  @Test
  void mostKindsOfHostilityAreAmongWhatIsAccepted() {
    // Then
    String all = String.join("\n", BODIES.stream().map(b -> new String(b, ISO_8859_1)).toList());
    assertThat(all).contains("\\u0000", "\\ud83d\\ude00", "\\/", "1e", "-0", "\t", "\r\n");
    assertThat(MEANINGS).anyMatch(meaning -> meaning.startsWith("- "));
    assertThat(MEANINGS).doesNotHaveDuplicates().hasSizeGreaterThan(1_000);
  }

  private static void collect(byte[] body) {
    try {
      String meaning = Meaning.of(MessageReader.read(body, BOUNDS));
      if (KNOWN.add(meaning)) {
        BODIES.add(body);
        MEANINGS.add(meaning);
      }
    } catch (MessageRefused e) {
      // What is refused can mean nothing to a server.
    }
  }

  private static Stream<byte[]> hostile() {
    String call = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":%s}";
    return Stream.concat(
            HostileMessages.VALUES.stream()
                .map(
                    value ->
                        call.formatted("{\"name\":\"t\",\"arguments\":{\"v\":" + value + "}}")),
            Stream.concat(
                HostileMessages.KEYS.stream()
                    .map(
                        key ->
                            call.formatted(
                                "{\"name\":\"t\",\"arguments\":{\"" + key + "\":true}}")),
                HostileMessages.WHOLE.stream()))
        .map(text -> text.getBytes(UTF_8));
  }

  private static List<String> meanings(Parser parser, List<byte[]> bodies) throws Exception {
    return switch (parser) {
      case JACKSON -> bodies.stream().map(ReaderDifferentialTest::jackson).toList();
      case VERTX -> bodies.stream().map(ReaderDifferentialTest::vertx).toList();
      case JAVASCRIPT -> runtime("node", "meaning.js", bodies);
      case PYTHON -> runtime("python3", "meaning.py", bodies);
    };
  }

  private static String jackson(byte[] body) {
    try {
      return Meaning.of(JACKSON.readValue(body, Map.class));
    } catch (IOException e) {
      return "refused: " + e.getMessage();
    }
  }

  private static String vertx(byte[] body) {
    try {
      return Meaning.of(new JsonObject(Buffer.buffer(body)).getMap());
    } catch (RuntimeException e) {
      return "refused: " + e.getMessage();
    }
  }

  /** Asks one process of a runtime for the meaning of every body. */
  private static List<String> runtime(String program, String script, List<byte[]> bodies)
      throws Exception {
    Assumptions.assumeTrue(isInstalled(program), program + " is not installed");
    Path path = directory.resolve(script);
    try (InputStream resource = ReaderDifferentialTest.class.getResourceAsStream(script)) {
      Files.write(path, resource.readAllBytes());
    }
    Path input = Files.createTempFile(directory, "input", null);
    Path output = Files.createTempFile(directory, "output", null);
    Path errors = Files.createTempFile(directory, "errors", null);
    try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(input))) {
      for (byte[] body : bodies) {
        out.writeInt(body.length);
        out.write(body);
      }
    }
    Process process =
        new ProcessBuilder(program, path.toString())
            .redirectInput(input.toFile())
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    boolean ended = process.waitFor(120, TimeUnit.SECONDS);
    process.destroyForcibly();
    assertThat(ended).isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    return Files.readAllLines(output);
  }

  private static boolean isInstalled(String program) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(program, "--version").start();
      return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
