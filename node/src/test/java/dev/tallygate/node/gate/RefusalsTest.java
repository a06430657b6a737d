package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.Tool;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused before a policy is asked: answered, on record, and never forwarded. */
@Timeout(180)
class RefusalsTest {
  private static final String CALL = TestClient.legacyCallBody("alpha");

  private static FixtureServer upstream;
  private static TestGate gate;
  private static TestClient client;
  private static String session;

  @BeforeAll
  static void start() {
    upstream = FixtureServer.start(Tool.named("alpha"));
    gate =
        TestGate.before("fixture", upstream)
            .policy("open", "{\"version\":\"1\",\"default\":\"allow\"}")
            .grant("alice", "fixture", "open");
    gate.server("fixture").putObject("limits").put("requestBytes", "200KiB");
    gate.start();
    client = gate.client("alice", "fixture");
    session = client.initialize();
  }

  @AfterAll
  static void stop() {
    gate.assertNothingInFlight();
    gate.close();
    upstream.close();
  }

  /** What a raw answer and the audit log say of one refused request. */
  private record Refused(int status, String kind, RawHttp.Response answer) {}

  private static String[] headers(String... more) {
    return Stream.concat(
            Stream.of(
                "Authorization: Bearer " + client.token(),
                "Content-Type: application/json",
                "Accept: application/json, text/event-stream",
                "Mcp-Session-Id: " + session),
            Arrays.stream(more))
        .toArray(String[]::new);
  }

  private interface Sending {
    void to(RawHttp http) throws IOException;
  }

  /** Sends, and asserts that nothing came of it but an answer and a record. */
  private static Refused refused(Sending sending) throws IOException {
    int before = TestGate.forwarded(upstream).size();
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      sending.to(http);
      RawHttp.Response answer = http.read();
      String id = answer.header("Tallygate-Decision-Id");
      assertThat(id).as(answer.status() + " " + answer.text()).isNotNull();
      var record = gate.record("rejection", id);
      assertThat(record.get("status").asInt()).isEqualTo(answer.status());
      assertThat(record.get("message").asText()).isNotEmpty();
      assertThat(TestGate.forwarded(upstream)).hasSize(before);
      return new Refused(answer.status(), record.get("kind").asText(), answer);
    }
  }

  private static Refused posted(byte[] body, String... more) throws IOException {
    return refused(http -> http.request("POST", "/mcp/fixture", body, headers(more)));
  }

  private static Refused posted(String body, String... more) throws IOException {
    return posted(body.getBytes(StandardCharsets.UTF_8), more);
  }

  static List<String> badBodies() {
    return List.of(
        "",
        "x",
        "null",
        "{}",
        "[" + CALL + "]",
        CALL.replace("\"id\":3,", ""),
        CALL.replace("\"arguments\":{}", "\"arguments\":\"x\""),
        CALL.replace("\"arguments\":{}", "\"arguments\":[]"),
        CALL.replace(
            "\"arguments\":{}", "\"arguments\":{\"a\":" + "[".repeat(200) + "]".repeat(200) + "}"));
  }

  @ParameterizedTest
  @MethodSource("badBodies")
  void bodyThatIsNotOneStrictMessageIsRefused(String body) throws IOException {
    // When
    Refused refused = posted(body);

    // Then
    assertThat(refused.status).isEqualTo(400);
    assertThat(TestGate.json(refused.answer.text()).at("/error/code").asInt()).isNegative();
  }

  @Test
  void declaredSizeIsRefusedBeforeTheBodyIsSent() throws IOException {
    // When
    Refused refused =
        refused(http -> http.head("POST", "/mcp/fixture", headers("Content-Length: 300000")));

    // Then
    assertThat(refused.status).isEqualTo(413);
    assertThat(refused.kind).isEqualTo("too-large");
  }

  @Test
  void tooLargeBodyInChunksIsRefused() throws IOException {
    // When
    Refused refused =
        refused(
            http -> {
              http.head("POST", "/mcp/fixture", headers("Transfer-Encoding: chunked"));
              for (int i = 0; i < 3; i++) {
                http.chunk(new byte[100_000]);
              }
            });

    // Then
    assertThat(refused.status).isEqualTo(413);
    assertThat(refused.answer.header("Connection")).isEqualTo("close");
  }

  @Test
  void largeBodyWithBadTokenGetsItsAnswer() throws Exception {
    // When
    HttpResponse<String> answer =
        TestClient.send(
            HttpRequest.newBuilder(gate.url("fixture"))
                .header("Authorization", "Bearer tg_nobody")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofByteArray(new byte[150_000])));

    // Then
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(gate.rejection(answer).get("kind").asText()).isEqualTo("token");
  }

  @Test
  void bodyIsAskedForOnlyOfThoseWhoMaySendIt() throws IOException {
    // Given
    byte[] body = CALL.getBytes(StandardCharsets.UTF_8);
    String length = "Content-Length: " + body.length;

    // Then
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      http.head("POST", "/mcp/fixture", headers(length, "Expect: 100-continue"));
      assertThat(http.read().status()).isEqualTo(100);
      http.send(body);
      assertThat(http.read().status()).isEqualTo(200);
    }
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      http.head(
          "POST", "/mcp/fixture", length, "Expect: 100-continue", "Content-Type: application/json");
      assertThat(http.read().status()).isEqualTo(401);
    }
  }

  @Test
  void connectionServesOnAfterRefusedPost() throws IOException {
    // Given
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      byte[] body = CALL.getBytes(StandardCharsets.UTF_8);

      // When
      http.request("POST", "/mcp/fixture", body, "Content-Type: application/json");
      RawHttp.Response refused = http.read();
      http.request("POST", "/mcp/fixture", body, headers());
      RawHttp.Response served = http.read();

      // Then
      assertThat(refused.status()).isEqualTo(401);
      assertThat(served.status()).isEqualTo(200);
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredInTheirOrder() throws IOException {
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      // When
      for (int id = 1; id <= 3; id++) {
        byte[] body = CALL.replace("\"id\":3", "\"id\":" + id).getBytes(StandardCharsets.UTF_8);
        http.request("POST", "/mcp/fixture", body, id == 2 ? new String[0] : headers());
      }

      // Then
      assertThat(TestGate.json(http.read().text()).get("id").asInt()).isEqualTo(1);
      assertThat(http.read().status()).isEqualTo(401);
      assertThat(TestGate.json(http.read().text()).get("id").asInt()).isEqualTo(3);
    }
  }

  @Test
  void connectionClosesWhenTheClientAsksForIt() throws IOException {
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      // When
      http.request(
          "POST",
          "/mcp/fixture",
          CALL.getBytes(StandardCharsets.UTF_8),
          headers("Connection: close"));

      // Then
      assertThat(http.read().status()).isEqualTo(200);
      assertThat(http.closedByPeer()).isTrue();
    }
  }

  @Test
  void otherMediaTypesAndEncodingsAreRefused() throws IOException {
    byte[] body = CALL.getBytes(StandardCharsets.UTF_8);
    for (String type :
        List.of("text/plain", "application/json; charset=utf-16", "application/xml")) {
      // When
      Refused refused =
          refused(
              http ->
                  http.request(
                      "POST",
                      "/mcp/fixture",
                      body,
                      "Authorization: Bearer " + client.token(),
                      "Content-Type: " + type));

      // Then
      assertThat(refused.status).isEqualTo(415);
    }
    assertThat(posted(CALL, "Content-Encoding: gzip").status).isEqualTo(415);
  }

  @ParameterizedTest
  @ValueSource(strings = {"PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "BREW"})
  void otherMethodsAreRefused(String method) throws IOException {
    // Given
    int before = TestGate.forwarded(upstream).size();

    // When
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      http.head(method, "/mcp/fixture", headers("Connection: close"));
      String answer = http.read(200);

      // Then
      assertThat(answer).startsWith("HTTP/1.1 405");
      assertThat(TestGate.forwarded(upstream)).hasSize(before);
    }
  }

  private static long rejections(String kind) {
    return gate.audit().stream().filter(r -> r.path("kind").asText().equals(kind)).count();
  }

  @Test
  void tokensThatOpenNothingAreAllAnsweredAlike() throws IOException {
    // Given
    List<String> targets = List.of("/mcp/fixture", "/mcp/unknown-server");
    List<String> credentials =
        List.of(
            "X-None: 1",
            "Authorization: Bearer tg_unknown",
            "Authorization: Basic abc",
            "Authorization: Bearer",
            "Authorization: Bearer " + client.token() + "x");

    // When
    List<RawHttp.Response> answers =
        targets.stream()
            .flatMap(target -> credentials.stream().map(c -> unauthorized(target, c)))
            .toList();

    // Then
    assertThat(answers).allMatch(answer -> answer.status() == 401);
    assertThat(answers.stream().map(RawHttp.Response::text).distinct()).hasSize(1);
    assertThat(answers.stream().map(a -> a.header("WWW-Authenticate")).distinct()).hasSize(1);
    assertThat(answers.stream().map(a -> a.headers().keySet().toString()).distinct()).hasSize(1);
  }

  private static RawHttp.Response unauthorized(String target, String credentials) {
    try {
      Refused refused =
          refused(
              http ->
                  http.request(
                      "POST",
                      target,
                      CALL.getBytes(StandardCharsets.UTF_8),
                      credentials,
                      "Content-Type: application/json"));
      assertThat(refused.kind).isEqualTo("token");
      return refused.answer;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void brokenOffBodyIsRecorded() throws IOException {
    // Given
    long before = rejections("cut-body");

    // When
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      http.head("POST", "/mcp/fixture", headers("Content-Length: 100"));
      http.send("{");
      http.reset();
    }

    // Then
    org.awaitility.Awaitility.await().until(() -> rejections("cut-body") > before);
  }

  @Test
  void methodsThatAreNotLetThroughAreDenied() {
    // When
    HttpResponse<String> request = TestClient.send(client.modern("vendor/anything", ""));
    HttpResponse<String> legacy =
        TestClient.send(
            client.legacy(session, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vendor/x\"}"));
    HttpResponse<String> notification =
        TestClient.send(
            client.legacy(session, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/vendor\"}"));

    // Then
    assertThat(request.statusCode()).isEqualTo(404);
    assertThat(legacy.statusCode()).isEqualTo(200);
    assertThat(List.of(request.body(), legacy.body())).allMatch(b -> b.contains("-32601"));
    assertThat(notification.statusCode()).isEqualTo(202);
    assertThat(notification.body()).isEmpty();
    for (HttpResponse<String> each : List.of(request, legacy, notification)) {
      assertThat(gate.decision(each).get("outcome").asText()).isEqualTo("denied");
      assertThat(gate.decision(each).get("rule").asText()).isEqualTo("(method)");
    }
    assertThat(upstream.requests()).noneMatch(r -> r.text().contains("vendor"));
  }

  @Test
  void modernEraHasOnlyPost() {
    for (String method : List.of("GET", "DELETE")) {
      // When
      HttpResponse<String> answer =
          TestClient.send(
              client
                  .request()
                  .header("MCP-Protocol-Version", "2026-07-28")
                  .method(method, BodyPublishers.noBody()));

      // Then
      assertThat(answer.statusCode()).isEqualTo(405);
      assertThat(answer.headers().firstValue("Allow")).contains("POST");
      assertThat(gate.rejection(answer).get("kind").asText()).isEqualTo("method");
    }
  }
}
