package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.HeldTool;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.RawHttp2;
import dev.tallygate.node.fixture.RawHttp2.Frame;
import dev.tallygate.node.fixture.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2, frame by frame: what holds in HTTP/1.1 holds in each of its streams. */
@Timeout(180)
class Http2Test {
  private static final int LARGE = 4 * 1024 * 1024;

  private FixtureServer upstream;
  private TestGate gate;
  private TestClient client;
  private final HeldTool held = new HeldTool();

  @BeforeEach
  void start() {
    upstream =
        FixtureServer.start(
            Tool.named("alpha"),
            Tool.named("denied"),
            Tool.named("large", arguments -> Tool.text("x".repeat(LARGE))),
            held.named("long"));
    gate =
        TestGate.before("fixture", upstream)
            .policy(
                "some",
                "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"alpha\":{},\"large\":{},"
                    + "\"long\":{}}}")
            .grant("client", "fixture", "some");
    gate.config().withObject("/listen").put("h2c", true);
    gate.start();
    client = gate.client("client", "fixture");
    client.list();
  }

  @AfterEach
  void stop() {
    held.letGo();
    gate.close();
    upstream.close();
  }

  private RawHttp2 open() throws IOException {
    return RawHttp2.open(gate.url("fixture"));
  }

  private static byte[] body(String tool) {
    return ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\""
            + tool
            + "\",\"arguments\":{},"
            + TestClient.META
            + "}}")
        .getBytes(StandardCharsets.UTF_8);
  }

  private String[] fields(String tool, String... more) {
    return Stream.concat(
            Stream.of(more),
            Stream.of(
                "authorization: Bearer " + client.token(),
                "content-type: application/json",
                "accept: application/json, text/event-stream",
                "mcp-protocol-version: 2026-07-28",
                "mcp-method: tools/call",
                "mcp-name: " + tool))
        .sorted((a, b) -> Boolean.compare(b.startsWith(":"), a.startsWith(":")))
        .toArray(String[]::new);
  }

  private void call(RawHttp2 http, int stream, String tool, String... more) throws IOException {
    http.head(stream, false, "POST", "/mcp/fixture", fields(tool, more));
    http.data(stream, true, body(tool));
  }

  private List<String> ends(String tool) {
    return gate.audit().stream()
        .filter(r -> r.path("event").asText().equals("completion"))
        .filter(r -> r.path("tool").asText().equals(tool))
        .map(r -> r.path("end").asText())
        .toList();
  }

  @Test
  void callsOfOneConnectionAreJudgedOneByOne() throws Exception {
    try (RawHttp2 http = open()) {
      // When
      call(http, 1, "alpha");
      RawHttp2.Response allowed = http.read(1);
      call(http, 3, "denied");
      RawHttp2.Response denied = http.read(3);

      // Then
      assertThat(allowed.status()).isEqualTo(200);
      assertThat(allowed.text()).contains("\"text\":\"alpha\"");
      assertThat(denied.text()).contains("\"isError\":true");
      assertThat(upstream.calls("denied")).isZero();
      JsonNode record =
          gate.record("decision", denied.headers().get("tallygate-decision-id").toString());
      assertThat(record.path("outcome").asText()).isEqualTo("denied");
    }
    gate.assertNothingInFlight();
  }

  @Test
  void requestsForOtherHostsAreRefused() throws Exception {
    try (RawHttp2 http = open()) {
      // When
      call(http, 1, "alpha", ":authority: evil.example.org");
      RawHttp2.Response foreign = http.read(1);
      call(http, 3, "alpha", ":authority: evil.example.org", "host: 127.0.0.1");
      RawHttp2.Response two = http.read(3);
      call(http, 5, "alpha", "host: evil.example.org");
      RawHttp2.Response other = http.read(5);
      call(http, 7, "alpha", "origin: https://evil.example.org");
      RawHttp2.Response page = http.read(7);

      // Then
      assertThat(foreign.status()).isEqualTo(403);
      assertThat(two.status()).isZero();
      assertThat(other.status()).isZero();
      assertThat(page.status()).isEqualTo(403);
      assertThat(upstream.calls("alpha")).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mcp-param-region: a\r\nX-Injected: 1",
        "mcp-param-region: a\nX-Injected: 1",
        "mcp-param-region: a\0b",
        "mcp-param-re\r\nx-injected: 1",
        "Mcp-Param-Region: a",
        "transfer-encoding: chunked",
        "connection: x-injected",
        ":path: /mcp/other",
        ":authority: 127.0.0.1",
      })
  void fieldsThatWouldBeOtherOnesInHttp1StopAtTheGate(String field) throws Exception {
    try (RawHttp2 http = open()) {
      // When
      String[] fields = fields("alpha", field, ":authority: 127.0.0.1");
      http.head(1, false, "POST", "/mcp/fixture", fields);
      http.data(1, true, body("alpha"));
      int status;
      try {
        status = http.read(1).status();
      } catch (IOException closed) {
        status = 0;
      }

      // Then
      assertThat(status == 0 || status / 100 == 4).as("status %s", status).isTrue();
      assertThat(upstream.calls("alpha")).isZero();
    }
    gate.assertNothingInFlight();
  }

  @Test
  void bodyOfAnotherLengthThanDeclaredIsNotForwarded() throws Exception {
    for (int length : new int[] {1, 100_000}) {
      try (RawHttp2 http = open()) {
        // When
        http.head(1, false, "POST", "/mcp/fixture", fields("alpha", "content-length: " + length));
        http.data(1, true, body("alpha"));

        // Then
        assertThat(http.next(RawHttp2.RST_STREAM)).isNotNull();
      }
    }
    gate.assertNothingInFlight();
    assertThat(upstream.calls("alpha")).isZero();
  }

  @Test
  void resetOfAStreamCancelsItsCallAndNoOther() throws Exception {
    // Given
    upstream.answerNext("tools/call", Answer.endless(Duration.ofMillis(20)));
    try (RawHttp2 http = open()) {
      call(http, 1, "alpha");
      http.next(RawHttp2.DATA);

      // When
      http.reset(1);

      // Then
      await().until(() -> upstream.disconnects() == 1);
      await().until(() -> ends("alpha").equals(List.of("client_gone")));
      call(http, 3, "alpha");
      assertThat(http.read(3).text()).contains("\"text\":\"alpha\"");
    }
    gate.assertNothingInFlight();
  }

  @Test
  void streamThatIsNotReadStallsNoOther() throws Exception {
    // Given
    try (RawHttp2 http = open()) {
      // When
      call(http, 1, "large"); // far more than its window of 64 KiB
      http.frame(
          RawHttp2.WINDOW_UPDATE,
          0,
          0,
          java.nio.ByteBuffer.allocate(4).putInt(1024 * 1024).array());
      int read = 0;
      while (read < 65_535) {
        read += http.next(RawHttp2.DATA).payload().length;
      }
      call(http, 3, "alpha");

      // Then
      assertThat(http.read(3).text()).contains("\"text\":\"alpha\"");
    }
    await().until(() -> ends("large").equals(List.of("client_gone")));
    gate.assertNothingInFlight();
  }

  @Test
  void bodyThatIsTooLargeEndsItsStreamAndNotTheConnection() throws Exception {
    // Given
    String[] large = fields("alpha", "content-length: " + 100L * LARGE);
    try (RawHttp2 http = open()) {
      // When
      http.head(1, false, "POST", "/mcp/fixture", large);
      RawHttp2.Response refused = http.read(1);
      Frame end = http.next(RawHttp2.RST_STREAM);
      call(http, 3, "alpha");

      // Then
      assertThat(refused.status()).isEqualTo(413);
      assertThat(refused.headers().contains("connection")).isFalse();
      assertThat(end.stream()).isEqualTo(1);
      assertThat(end.errorCode()).isZero();
      assertThat(http.read(3).status()).isEqualTo(200);
    }
    gate.assertNothingInFlight();
  }

  @Test
  void connectionHasSoManyStreamsAndHeadersSoManyBytes() throws Exception {
    try (RawHttp2 http = open()) {
      // Given
      List<Integer> refused = new ArrayList<>();
      http.next(RawHttp2.SETTINGS);

      // When
      for (int stream = 1; stream <= 201; stream += 2) {
        http.head(stream, false, "POST", "/mcp/fixture", fields("alpha"));
      }
      Frame frame = http.next(RawHttp2.RST_STREAM);
      refused.add(frame.stream());

      // Then
      assertThat(refused).containsExactly(201);
      assertThat(frame.errorCode()).isEqualTo(7); // REFUSED_STREAM
    }
    gate.assertNothingInFlight();
    try (RawHttp2 http = open()) {
      // When
      http.head(1, true, "GET", "/mcp/fixture", fields("alpha", "x-long: " + "x".repeat(12_000)));
      http.head(
          3,
          true,
          "GET",
          "/mcp/fixture",
          "a: " + "x".repeat(5_000),
          "b: " + "x".repeat(5_000),
          "c: " + "x".repeat(5_000));

      // Then
      assertThat(http.read(1).status()).isEqualTo(405);
    }
  }

  @Test
  void rapidResetsEndTheConnectionAndReachNobody() throws Exception {
    try (RawHttp2 http = open()) {
      // When
      Frame end = null;
      try {
        for (int stream = 1; stream < 4_000; stream += 2) {
          http.head(stream, false, "POST", "/mcp/fixture", fields("alpha"));
          http.reset(stream);
        }
      } catch (IOException closed) {
        // As it should.
      }
      end = http.next(RawHttp2.GOAWAY);

      // Then
      assertThat(end == null || end.errorCode() == 11).isTrue(); // ENHANCE_YOUR_CALM
    }
    gate.assertNothingInFlight();
    assertThat(upstream.calls("alpha")).isZero();
    assertThat(client.call("alpha").body()).contains("\"text\":\"alpha\"");
  }

  @Test
  void someResetsAtOnceAreBorneAndManyAreNot() throws Exception {
    try (RawHttp2 http = open()) {
      // Given
      for (int stream = 1; stream <= 2 * 15; stream += 2) {
        http.head(stream, false, "POST", "/mcp/fixture", fields("alpha"));
        http.reset(stream);
      }
      call(http, 101, "alpha");
      assertThat(http.read(101).text()).contains("\"text\":\"alpha\"");
    }
    try (RawHttp2 http = open()) {
      // When
      for (int stream = 1; stream <= 2 * 30; stream += 2) {
        http.head(stream, false, "POST", "/mcp/fixture", fields("alpha"));
        http.reset(stream);
      }

      // Then
      assertThat(http.next(RawHttp2.GOAWAY).errorCode()).isEqualTo(11); // ENHANCE_YOUR_CALM
    }
    gate.assertNothingInFlight();
  }

  @Test
  void requestThatOffersHttp2IsJudgedAsAnyOther() throws Exception {
    for (boolean chunked : new boolean[] {false, true}) {
      long before = denials();
      try (RawHttp http = new RawHttp(gate.url("fixture"))) {
        // When
        byte[] denied = body("denied");
        http.head(
            "POST",
            "/mcp/fixture",
            upgrade("denied", chunked ? "Transfer-Encoding: chunked" : length(denied)));
        if (chunked) {
          http.chunk(denied).lastChunk();
        } else {
          http.send(denied);
        }
        await().until(() -> denials() > before);

        // Then
        http.send(RawHttp2.PREFACE).send(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
        assertThat(http.read(32)).startsWith("HTTP/1.1 101");
      }
    }
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      // When
      byte[] allowed = body("alpha");
      http.head("POST", "/mcp/fixture", upgrade("alpha", length(allowed)));
      http.send(allowed);

      // Then
      await().until(() -> ends("alpha").equals(List.of("ok")));
    }
    gate.assertNothingInFlight();
    assertThat(TestGate.forwarded(upstream))
        .filteredOn(r -> r.header("Mcp-Method").equals(java.util.Optional.of("tools/call")))
        .hasSize(1);
  }

  private long denials() {
    return gate.audit().stream()
        .filter(r -> r.path("tool").asText().equals("denied"))
        .filter(r -> r.path("outcome").asText().equals("denied"))
        .count();
  }

  private static String length(byte[] body) {
    return "Content-Length: " + body.length;
  }

  private String[] upgrade(String tool, String framing) {
    return Stream.concat(
            Stream.of(fields(tool)),
            Stream.of(
                framing,
                "Connection: Upgrade, HTTP2-Settings",
                "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABkAAQAAP__"))
        .toArray(String[]::new);
  }

  @Test
  void callsAndStreamsEndBeforeTheNodeDoes() throws Exception {
    // Given
    String session = client.initialize();
    try (RawHttp2 http = open()) {
      call(http, 1, "long");
      http.head(
          3,
          true,
          "GET",
          "/mcp/fixture",
          "authorization: Bearer " + client.token(),
          "accept: text/event-stream",
          "mcp-protocol-version: 2025-11-25",
          "mcp-session-id: " + session);
      held.awaitCall();
      await().until(() -> upstream.openStreams() == 1);

      // When
      CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> gate.node().close());
      await().until(() -> upstream.openStreams() == 0);
      assertThat(stopped).isNotDone();
      held.letGo();

      // Then
      assertThat(http.read(1).text()).contains("done");
      stopped.get(60, TimeUnit.SECONDS);
    }
    assertThat(ends("long")).containsExactly("ok");
    assertThat(events()).endsWith("stop");
  }

  @Test
  void callThatDoesNotEndIsBrokenOffOnRecord() throws Exception {
    try (RawHttp2 http = open()) {
      // Given
      call(http, 1, "long");
      held.awaitCall();

      // When
      gate.node().close();

      // Then
      Frame frame = http.next();
      while (frame != null && !frame.endsStream()) {
        frame = http.next();
      }
      assertThat(frame).isNull();
    }
    assertThat(ends("long")).hasSize(1);
    assertThat(events()).endsWith("stop");
  }

  private List<String> events() {
    return gate.audit().stream().map((JsonNode r) -> r.path("event").asText()).toList();
  }
}
