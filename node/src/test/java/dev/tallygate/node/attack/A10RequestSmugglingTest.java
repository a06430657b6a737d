package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.gate.TestClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A10: bytes in which the gate sees one HTTP request, and the server two or another.
 *
 * <p>Without the check in {@code Door} a body under {@code gzip, chunked} or {@code xchunked,
 * chunked} is served; what else contradicts itself is refused by the HTTP codec, of which a version
 * with {@code chunked, xchunked} mended is pinned.
 */
@Timeout(180)
class A10RequestSmugglingTest {
  private static final String CALL = TestClient.modernBody("alpha");
  private static final String CHUNKED =
      Integer.toHexString(CALL.length()) + "\r\n" + CALL + "\r\n0\r\n\r\n";

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

  private static String headers(String tool) {
    return "Host: 127.0.0.1\r\n"
        + String.join(
            "\r\n",
            scene.headersOf(
                "alice",
                "MCP-Protocol-Version: 2026-07-28",
                "Mcp-Method: tools/call",
                "Mcp-Name: " + tool))
        + "\r\n";
  }

  private static String request(String framing) {
    return "POST /mcp/fixture HTTP/1.1\r\n" + headers("alpha") + framing;
  }

  static List<String> contradictions() {
    String length = "Content-Length: " + CALL.length();
    return List.of(
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: chunked\r\n" + length + "\r\n\r\n" + CHUNKED,
        length + "\r\nTransfer-Encoding: identity\r\n\r\n" + CALL,
        "Transfer-Encoding: chunked, xchunked\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: xchunked, chunked\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: xchunked\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: identity\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: \u000bchunked\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: chunked;x=y\r\n\r\n" + CHUNKED,
        "Transfer-Encoding: \"chunked\"\r\n\r\n" + CHUNKED,
        "Transfer-Encoding : chunked\r\n" + length + "\r\n\r\n" + CHUNKED,
        "Transfer-Encoding:\r\n chunked\r\n" + length + "\r\n\r\n" + CHUNKED,
        "Transfer-Encoding\r\n: chunked\r\n\r\n" + CHUNKED,
        length + "\r\nContent-Length: 5\r\n\r\n" + CALL,
        "Content-Length: 5\r\n" + length + "\r\n\r\n" + CALL,
        "Content-Length: " + CALL.length() + ", 5\r\n\r\n" + CALL,
        "Content-Length: -1\r\n\r\n" + CALL,
        "Content-Length: +" + CALL.length() + "\r\n\r\n" + CALL,
        "Content-Length: 0x" + Integer.toHexString(CALL.length()) + "\r\n\r\n" + CALL,
        "Content-Length: " + CALL.length() + "x\r\n\r\n" + CALL,
        "Content-Length: 99999999999999999999\r\n\r\n" + CALL,
        "Content-Length:\r\n\r\n" + CALL,
        length + "\r\nX-Nul: a\u0000b\r\n\r\n" + CALL,
        length + "\r\nX\u0000-Nul: a\r\n\r\n" + CALL,
        length + "\r\nX Space: a\r\n\r\n" + CALL,
        length + "\r\nNo colon\r\n\r\n" + CALL,
        "X: y\nContent-Length: " + CALL.length() + "\n\n" + CALL,
        length + "\r\nX: a\rContent-Length: 5\r\n\r\n" + CALL,
        "Transfer-Encoding: chunked\r\n\r\nx\r\n" + CALL + "\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + CALL + "\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n" + CALL + "\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n" + CHUNKED.replaceFirst("\r\n", "\n"),
        "Transfer-Encoding: chunked\r\n\r\n1\r\n{xx\r\n" + CHUNKED);
  }

  @ParameterizedTest
  @MethodSource("contradictions")
  void messageWhoseEndCanBeReadInTwoWaysEndsTheConnection(String framing) {
    // When
    String answer =
        scene.stopsConnection(
            http ->
                http.send(request(framing).getBytes(StandardCharsets.ISO_8859_1))
                    .send(request("Content-Length: " + CALL.length() + "\r\n\r\n" + CALL)));

    // Then: an answer, or none where the head was in order and the chunks are not.
    assertThat(answer).matches("(?s)(HTTP/1.1 (400|501) .*)?").doesNotContain("HTTP/1.1 2");
  }

  @Test
  void secondRequestInsideABodyIsBodyToTheGate() throws IOException {
    // Given
    String inner = request("Content-Length: " + CALL.length() + "\r\n\r\n" + CALL);

    // When
    scene
        .stops(http -> http.send(request("Content-Length: " + inner.length() + "\r\n\r\n" + inner)))
        .rejected(400, "not-json");
    scene
        .stops(
            http ->
                http.send(
                    request("Transfer-Encoding: chunked\r\n\r\n")
                        + Integer.toHexString(inner.length())
                        + "\r\n"
                        + inner
                        + "\r\n0\r\n\r\n"))
        .rejected(400, "not-json");
  }

  @Test
  void bodyIsFramedAnewForTheServer() throws IOException {
    // When
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      http.send(request("Transfer-Encoding: Chunked\r\nTrailer: Mcp-Name\r\n\r\n"));
      for (byte b : CALL.getBytes(StandardCharsets.UTF_8)) {
        http.send("001;ext=\"x\"\r\n").send(new byte[] {b}).send("\r\n");
      }
      http.send("0\r\nMcp-Name: denied\r\nContent-Length: 5\r\n\r\n");
      assertThat(http.read().status()).isEqualTo(200);
    }

    // Then
    ReceivedRequest received = scene.received().get(scene.received().size() - 1);
    assertThat(received.header("Content-Length")).contains(String.valueOf(CALL.length()));
    assertThat(received.headers())
        .doesNotContainKeys("Transfer-Encoding", "Trailer", "Connection", "Te");
    assertThat(received.headers().get("Mcp-Name")).containsExactly("alpha");
    assertThat(received.text()).isEqualTo(CALL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Connection: mcp-method, mcp-name, mcp-session-id",
        "Connection: close, content-length, authorization",
        "Connection: keep-alive\r\nKeep-Alive: timeout=999",
        "Proxy-Connection: keep-alive",
        "Te: trailers",
        "Expect: 100-continue",
        "Expect: something",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        "User-Agent: a\u0001b",
        "User-Agent: a\u007fb",
        "User-Agent: \u00e9\u00ff",
        "Accept: a\u000bb",
        "Mcp-Param-A: \u0001",
        "Mcp-Param-A\u00e9: x",
        "Mcp-Param-: x",
        "Mcp-Param-A : x",
        "Mcp-Param-X:",
        "Traceparent: a\r\n b",
        "Accept-Language: a\r\nAccept-Language: b",
        "Accept: \ttext/html",
        ": no name",
        "Host: 127.0.0.1"
      })
  void headersOfOneConnectionStayOnIt(String header) throws Exception {
    // Given
    int before = scene.received().size();

    // When
    String denied = withHeader(header, "denied");
    withHeader(header, "alpha");

    // Then
    assertThat(denied).doesNotContain("\"text\":\"denied\"");
    assertThat(scene.upstream.calls("denied")).isZero();
    List<ReceivedRequest> received = scene.received();
    assertThat(received.subList(before, received.size()))
        .hasSizeLessThanOrEqualTo(1)
        .allSatisfy(
            r ->
                assertThat(r.headers().keySet().stream().map(String::toLowerCase))
                    .doesNotContain(
                        "connection",
                        "keep-alive",
                        "proxy-connection",
                        "te",
                        "expect",
                        "upgrade",
                        "http2-settings",
                        "transfer-encoding",
                        "authorization"))
        .allSatisfy(r -> assertThat(r.header("Mcp-Name")).contains("alpha"));
  }

  private static String withHeader(String header, String tool) throws IOException {
    byte[] body = TestClient.modernBody(tool).getBytes(StandardCharsets.UTF_8);
    String head =
        "POST /mcp/fixture HTTP/1.1\r\n"
            + headers(tool)
            + header
            + "\r\nConnection: close\r\nContent-Length: "
            + body.length
            + "\r\n\r\n";
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      http.send(head.getBytes(StandardCharsets.ISO_8859_1)).send(body);
      return http.read(100_000);
    }
  }

  static Stream<String> oddRequestLines() {
    return Stream.of(
        "POST /mcp/fixture;x HTTP/1.1",
        "POST /mcp%2ffixture HTTP/1.1",
        "POST //mcp/fixture HTTP/1.1",
        "POST /mcp/./fixture HTTP/1.1",
        "POST /mcp/fixture/ HTTP/1.1",
        "post /mcp/fixture HTTP/1.1",
        "POST http://127.0.0.1/mcp/fixture HTTP/1.1",
        "PATCH /mcp/fixture HTTP/1.1",
        "TRACE /mcp/fixture HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "OPTIONS /mcp/fixture HTTP/1.1",
        "HEAD /mcp/fixture HTTP/1.1",
        "PUT /mcp/fixture HTTP/1.1",
        "POST /mcp/fixture HTTP/1.1 HTTP/1.1",
        "POST /mcp/fix\u0000ture HTTP/1.1",
        "POST /mcp/fixture",
        "POST /mcp/Fixture HTTP/1.1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"POST /mcp/fixture HTTP/1.2", "POST /mcp/fixture HTTP/2.0", "PRI * HTTP/2.0"})
  void otherVersionsOfHttpEndTheConnection(String line) throws IOException {
    // Given
    int before = scene.received().size();

    // When
    String answer;
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      http.send(line + "\r\n" + headers("alpha"));
      http.send("Content-Length: " + CALL.length() + "\r\n\r\n" + CALL);
      answer = http.read(100_000);
    }

    // Then
    assertThat(answer).doesNotStartWith("HTTP/1.1 2");
    assertThat(scene.received()).hasSize(before);
  }

  @ParameterizedTest
  @MethodSource("oddRequestLines")
  void oddRequestLinesBringNothingToTheServer(String line) {
    // When
    String answer =
        scene.stopsConnection(
            http ->
                http.send(
                    line
                        + "\r\n"
                        + headers("alpha")
                        + "Connection: close\r\nContent-Length: "
                        + CALL.length()
                        + "\r\n\r\n"
                        + CALL));

    // Then
    assertThat(answer).doesNotStartWith("HTTP/1.1 2");
  }
}
