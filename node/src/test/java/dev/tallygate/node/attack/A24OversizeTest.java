package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.gate.TestClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A24: messages that are too large, too deep, too many-membered, or never complete.
 *
 * <p>Without bounds on depth and number of values such messages reach the server; from 20,000
 * levels on, reading them overflows the stack and the answer is 500.
 */
@Timeout(90)
class A24OversizeTest {
  private static Scene scene;

  @BeforeAll
  static void start() {
    scene = Scene.start();
    scene.alice.list();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static String withArgument(String value) {
    return TestClient.legacyCallBody("alpha")
        .replace("\"arguments\":{}", "\"arguments\":{\"v\":" + value + "}");
  }

  private Scene.Stopped refused(String body, int status, String kind) {
    return scene.stops(scene.posted(body)).rejected(status, kind);
  }

  @Test
  void hundredMegabytesAreRefusedByTheirLength() {
    scene
        .stops(
            http ->
                http.head(
                    "POST",
                    Scene.PATH,
                    scene.headersOf("alice", "Content-Length: " + 100 * 1024 * 1024)))
        .rejected(413, "too-large");
  }

  @Test
  void bytesBeyondTheBoundAreRefusedWithoutALength() {
    scene
        .stops(
            http -> {
              http.head("POST", Scene.PATH, scene.headersOf("alice", "Transfer-Encoding: chunked"));
              byte[] chunk = " ".repeat(64 * 1024).getBytes(StandardCharsets.US_ASCII);
              sendUntilRefused(http, chunk, 100);
            })
        .rejected(413, "too-large");
  }

  /** The gate may close while it is still being sent to. */
  private static void sendUntilRefused(RawHttp http, byte[] chunk, int times) {
    try {
      for (int i = 0; i < times; i++) {
        http.chunk(chunk);
      }
    } catch (java.io.IOException closed) {
      // What it answered is still there to be read.
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {65, 1_000, 20_000, 500_000})
  void deepNestingIsRefused(int levels) {
    refused(withArgument("[".repeat(levels) + "]".repeat(levels)), 400, "too-complex");
    refused(withArgument("{\"a\":".repeat(levels) + "1" + "}".repeat(levels)), 400, "too-complex");
  }

  @Test
  void manyValuesAreRefused() {
    String keys =
        IntStream.range(0, 200_000)
            .mapToObj(i -> "\"" + i + "\":0")
            .collect(Collectors.joining(","));
    refused(withArgument("{" + keys + "}"), 400, "too-complex");
    refused(withArgument("[" + "0,".repeat(1_000_000) + "0]"), 400, "too-complex");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1%s", "0.%s1", "1e%s", "-%s1", "1.0e-%s"})
  void longNumbersAreRefused(String number) {
    refused(withArgument(number.formatted("9".repeat(1_000))), 400, "too-complex");
    refused(withArgument(number.formatted("9".repeat(100_000))), 400, "too-complex");
  }

  @Test
  void longKeyThatAnotherFollowsIsRefused() {
    String key = "\"" + "k".repeat(1 << 20) + "\":1";
    refused(withArgument("{" + key + "," + key + "}"), 400, "duplicate-key");
  }

  @Test
  void bodyThatIsNeverCompleteIsGivenUp() throws Exception {
    // Given
    int before = scene.received().size();

    // When
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      http.head("POST", Scene.PATH, scene.headersOf("alice", "Content-Length: 100"))
          .send("{\"jsonrpc\":");

      // Then
      JsonNode record =
          await()
              .atMost(Duration.ofSeconds(60))
              .until(
                  () ->
                      scene.gate.audit().stream()
                          .filter(r -> r.path("kind").asText().equals("slow-body"))
                          .findFirst()
                          .orElse(null),
                  found -> found != null);
      assertThat(record.get("status").asInt()).isEqualTo(408);
      assertThat(http.read(12)).isEqualTo("HTTP/1.1 408");
    }
    assertThat(scene.received()).hasSize(before);
  }
}
