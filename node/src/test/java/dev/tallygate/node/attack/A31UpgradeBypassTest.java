package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.gate.TestClient;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A31: leaving HTTP behind, for a protocol in which nothing is judged.
 *
 * <p>Without the check a GET that asks for another protocol reaches the server as a stream, and
 * CONNECT is answered as some path.
 */
@Timeout(180)
class A31UpgradeBypassTest {
  private static Scene scene;

  @BeforeAll
  static void start() {
    scene = Scene.start();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"websocket", "WebSocket", "TLS/1.3", "h2c, websocket", "tcp", "x/1"})
  void upgradeIsRefused(String protocol) {
    String[] headers =
        scene.headersOf(
            "alice",
            "Connection: Upgrade",
            "Upgrade: " + protocol,
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13");
    byte[] call = TestClient.legacyCallBody("denied").getBytes(StandardCharsets.UTF_8);

    scene.stops(http -> http.head("GET", Scene.PATH, headers)).rejected(400, "upgrade");
    scene.stops(http -> http.request("POST", Scene.PATH, call, headers)).rejected(400, "upgrade");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:80", "localhost:443", "fixture:80"})
  void connectIsRefused(String target) {
    scene
        .stops(http -> http.head("CONNECT", target, scene.headersOf("alice")))
        .rejected(400, "upgrade");
  }

  @Test
  void connectToTheServerItselfIsRefused() {
    scene
        .stops(
            http ->
                http.head(
                    "CONNECT", "127.0.0.1:" + scene.upstream.port(), scene.headersOf("alice")))
        .rejected(400, "upgrade");
  }

  @Test
  void offerOfHttp2InClearIsPassedOverAndTheMessageJudged() {
    scene
        .stops(
            http ->
                http.request(
                    "POST",
                    Scene.PATH,
                    TestClient.legacyCallBody("denied").getBytes(StandardCharsets.UTF_8),
                    scene.headersOf(
                        "alice",
                        "Connection: Upgrade, HTTP2-Settings",
                        "Upgrade: h2c",
                        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")))
        .denied(200, "(default deny)");
  }

  @Test
  void http2InClearIsNotSpoken() throws Exception {
    // When
    String answer;
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      http.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").send(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
      answer = http.read(100_000);
    }

    // Then
    assertThat(answer)
        .containsPattern("^HTTP/[12].[0-9] (400|404|505|501) ")
        .doesNotContain(" 101 ", " 200 ");
    assertThat(scene.received()).isEmpty();
  }
}
