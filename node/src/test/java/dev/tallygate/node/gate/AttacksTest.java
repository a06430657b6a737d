package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.fixture.Tool;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tricks that would bring a denied call to the server, or what is hidden to the client. */
@Timeout(60)
class AttacksTest {
  private static final String HIDDEN_LIST =
      "{\"tools\":[{\"name\":\"hidden\",\"inputSchema\":{\"type\":\"object\"}}]}";

  private static FixtureServer upstream;
  private static TestGate gate;
  private static TestClient client;

  @BeforeAll
  static void start() {
    upstream =
        FixtureServer.with()
            .tools(Tool.named("alpha"), Tool.named("denied"), Tool.named("hidden"))
            .start();
    gate =
        TestGate.before("fixture", upstream)
            .policy(
                "some",
                "{\"version\":\"1\",\"default\":\"deny\",\"list\":\"all\",\"hide\":[\"hidden\"],"
                    + "\"tools\":{\"alpha\":{}}}")
            .policy(
                "ten",
                "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"alpha\":{\"limits\":[{"
                    + "\"name\":\"Calls\",\"counter\":\"c\",\"window\":10000000,\"max\":10,"
                    + "\"on_deny\":\"Ten a day.\"}]}}}")
            .grant("client", "fixture", "some")
            .grant("limited", "fixture", "ten");
    gate.start();
    client = gate.client("client", "fixture");
  }

  @AfterAll
  static void stop() {
    gate.assertNothingInFlight();
    gate.close();
    upstream.close();
  }

  private static String modernBody(String tool) {
    return "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\""
        + tool
        + "\",\"arguments\":{},"
        + TestClient.META
        + "}}";
  }

  private static String modernHeaders(String tool) {
    return "Host: 127.0.0.1\r\nAuthorization: Bearer "
        + gate.token("client")
        + "\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        + "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: "
        + tool
        + "\r\n";
  }

  @Test
  void routingHeadersOfALegacyMessageStopAtTheGate() {
    // Given
    String session = client.initialize();

    // When
    HttpResponse<String> answer =
        TestClient.send(
            client
                .legacy(session, TestClient.legacyCallBody("alpha"))
                .header("Mcp-Method", "tools/call")
                .header("Mcp-Name", "denied")
                .header("Mcp-Param-Region", "x"));

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    ReceivedRequest received = received(answer);
    assertThat(received.header("Mcp-Method")).isEmpty();
    assertThat(received.header("Mcp-Name")).isEmpty();
    assertThat(received.header("Mcp-Param-Region")).isEmpty();
  }

  @Test
  void nameThatTheBodyDoesNotConfirmStopsAtTheGate() {
    // When
    HttpResponse<String> answer =
        TestClient.send(client.modern("tools/list", "").header("Mcp-Name", "denied"));

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(received(answer).header("Mcp-Name")).isEmpty();
  }

  @Test
  void serverIsToldOneMediaType() throws Exception {
    // When
    RawHttp.Response answer;
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      byte[] body = modernBody("alpha").getBytes(StandardCharsets.UTF_8);
      http.send(
              "POST /mcp/fixture HTTP/1.1\r\n"
                  + modernHeaders("alpha")
                  + "Content-Type: application/json; charset=utf-16\r\nContent-Length: "
                  + body.length
                  + "\r\n\r\n")
          .send(body);
      answer = http.read();
    }

    // Then
    assertThat(answer.status()).isEqualTo(415);
  }

  private static ReceivedRequest received(HttpResponse<?> answer) {
    Optional<String> id = Optional.of(TestGate.decisionId(answer));
    return upstream.requests().stream()
        .filter(r -> r.header("Tallygate-Decision-Id").equals(id))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":" + HIDDEN_LIST + "}",
        "{\"jsonrpc\":\"2.0\",\"result\":{\"isError\":false,\"tools\":[{\"name\":\"hidden\"}]},\"id\":7}"
      })
  void listInTheAnswerToAnotherRequestIsNotForwarded(String list) {
    // Given
    upstream.answerNext("tools/call", Answer.body("application/json", list));

    // When
    HttpResponse<String> answer = client.call("alpha");

    // Then
    assertThat(answer.body()).doesNotContain("hidden").contains("isError");
    assertThat(gate.completion(answer).get("end").asText()).isEqualTo("broken");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":" + HIDDEN_LIST + "}",
        "[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":" + HIDDEN_LIST + "}]",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{},\"result\":" + HIDDEN_LIST + "}",
        HIDDEN_LIST
      })
  void listUnderAnErrorStatusIsNotForwarded(String body) {
    for (int status : List.of(400, 404, 422, 500)) {
      // Given
      upstream.answerNext(
          "tools/list", Answer.status(status, Map.of("Content-Type", "application/json"), body));

      // When
      HttpResponse<String> answer = client.list();

      // Then
      assertThat(answer.statusCode()).isEqualTo(status);
      assertThat(answer.body()).doesNotContain("hidden").contains("\"error\"");
    }
  }

  @Test
  void exactlyAsManyCallsArriveAsTheLimitHasRoomFor() {
    // Given
    TestClient limited = gate.client("limited", "fixture");
    limited.list();
    long before = upstream.calls("alpha");

    // When
    List<CompletableFuture<HttpResponse<String>>> burst =
        IntStream.range(0, 200)
            .mapToObj(
                i ->
                    TestGate.HTTP.sendAsync(
                        limited.modernCall("alpha", "{}").build(), BodyHandlers.ofString()))
            .toList();
    long passed =
        burst.stream().map(CompletableFuture::join).filter(a -> !denied(a.body())).count();

    // Then
    assertThat(passed).isEqualTo(10);
    assertThat(upstream.calls("alpha") - before).isEqualTo(10);
  }

  private static boolean denied(String body) {
    JsonNode result = TestGate.json(body).get("result");
    return result.path("isError").asBoolean();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
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
        "POST /mcp/fixture HTTP/1.2",
        "POST /mcp/fixture HTTP/2.0",
        "PRI * HTTP/2.0",
        "POST /mcp/fixture",
        "POST /mcp/Fixture HTTP/1.1"
      })
  void oddRequestLinesBringNothingToTheServer(String line) throws Exception {
    // Given
    long before = upstream.requests().size();

    // When
    String answer;
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      byte[] body = modernBody("alpha").getBytes(StandardCharsets.UTF_8);
      http.send(
              line
                  + "\r\n"
                  + modernHeaders("alpha")
                  + "Connection: close\r\nContent-Length: "
                  + body.length
                  + "\r\n\r\n")
          .send(body);
      answer = http.read(100_000);
    }

    // Then
    assertThat(upstream.requests()).hasSize((int) before);
    assertThat(answer).doesNotStartWith("HTTP/1.1 2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "User-Agent: a\u0001b",
        "User-Agent: a\u007fb",
        "User-Agent: \u00e9\u00ff",
        "Accept: a\u000bb",
        "Mcp-Param-A: \u0001",
        "Mcp-Param-A\u00e9: x",
        "Mcp-Param-: x",
        "Connection: mcp-method, mcp-session-id",
        "Traceparent: a\r\n b",
        "Mcp-Param-A : x",
        "Mcp-Param-X:",
        "Accept-Language: a\r\nAccept-Language: b",
        "Accept: \ttext/html",
        "Transfer-Encoding: identity",
        "Te: trailers",
        "Expect: 100-continue",
        "Expect: something",
        "Host: 127.0.0.1"
      })
  void oddHeadersChangeNothing(String header) throws Exception {
    // When
    String denied = withHeader(header, "denied");
    withHeader(header, "alpha");

    // Then
    assertThat(denied).doesNotContain("\"text\":\"denied\"");
    assertThat(upstream.calls("denied")).isZero();
    assertThat(upstream.requests())
        .allSatisfy(
            r ->
                assertThat(r.headers().keySet())
                    .doesNotContain(
                        "connection", "te", "expect", "transfer-encoding", "authorization"));
  }

  private static String withHeader(String header, String tool) throws Exception {
    byte[] body = modernBody(tool).getBytes(StandardCharsets.UTF_8);
    String head =
        "POST /mcp/fixture HTTP/1.1\r\n"
            + modernHeaders(tool)
            + header
            + "\r\nConnection: close\r\nContent-Length: "
            + body.length
            + "\r\n\r\n";
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      http.send(head.getBytes(StandardCharsets.ISO_8859_1)).send(body);
      return http.read(100_000);
    }
  }
}
