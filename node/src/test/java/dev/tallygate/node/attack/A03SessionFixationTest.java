package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.gate.TestClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A3: a session id that no server issued, or that is no id at all.
 *
 * <p>Where {@code Gate.findSession} takes an id as it comes, a server without sessions of its own
 * serves every id that somebody thought of.
 */
@Timeout(180)
class A03SessionFixationTest {
  private static final String CALL = TestClient.legacyCallBody("alpha");

  private static Scene scene;

  @BeforeAll
  static void start() {
    // The server keeps no sessions, so that it would serve any id that it is sent.
    scene = Scene.start(FixtureServer.with().withoutSessions(), gate -> {});
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  static Stream<String> inventedIds() {
    return Stream.of(
        "invented",
        "00000000-0000-0000-0000-000000000000",
        "../../admin",
        "%0d%0aX-Evil:%201",
        "a b",
        "a\tb",
        "a\u00e9",
        "a\u0001b",
        "a\u0000b",
        "a\u007fb",
        "",
        "' or ''='",
        "${jndi:ldap://127.0.0.1/x}",
        "x".repeat(256),
        "x".repeat(257),
        "x".repeat(20_000));
  }

  @ParameterizedTest
  @MethodSource("inventedIds")
  void inventedIdIsNoSession(String id) {
    String line = "Mcp-Session-Id: " + id;
    for (String method : List.of("POST", "GET", "DELETE")) {
      // When
      Scene.Stopped stopped =
          scene.stops(
              method.equals("POST")
                  ? scene.posted(CALL, line)
                  : http -> http.head(method, Scene.PATH, scene.headersOf("alice", line)));

      // Then
      assertThat(stopped.status()).isIn(400, 404);
      assertThat(stopped.record().path("kind").asText()).isIn("session", "http");
    }
  }

  @Test
  void clientDoesNotChooseTheIdOfItsSession() {
    scene
        .stops(scene.posted(TestClient.INITIALIZE, "Mcp-Session-Id: chosen"))
        .rejected(404, "session");
  }

  @Test
  void longIdNeverGetsAsFarAsAHeader() {
    // When
    String answer =
        scene.stopsConnection(
            http -> http.head("GET", Scene.PATH, "Mcp-Session-Id: " + "x".repeat(1_000_000)));

    // Then
    assertThat(answer).matches("(?s)(HTTP/1.1 431 .*)?");
  }

  @Test
  void idGivenTwiceIsRefused() {
    // Given
    String session = opened("once");

    // Then
    scene
        .stops(scene.posted(CALL, "Mcp-Session-Id: " + session, "Mcp-Session-Id: " + session))
        .rejected(400, "repeated-header");
    scene
        .stops(scene.posted(CALL, "Mcp-Session-Id: invented", "Mcp-Session-Id: " + session))
        .rejected(400, "repeated-header");
  }

  @Test
  void idIsComparedByteByByte() {
    // Given
    String session = opened("Case-Matters");

    // Then
    for (String other : List.of("case-matters", "Case-Matters-", "Case-Matter", "Case-Matters;x")) {
      scene.stops(scene.posted(CALL, "Mcp-Session-Id: " + other)).rejected(404, "session");
    }
    assertThat(scene.alice.legacyCall(session, "alpha").statusCode()).isEqualTo(200);
  }

  private static String opened(String id) {
    HttpResponse<String> answer = initialized(scene.alice, id);
    assertThat(answer.headers().firstValue("Mcp-Session-Id")).contains(id);
    return id;
  }

  private static HttpResponse<String> initialized(TestClient client, String id) {
    scene.upstream.answerNext(
        "initialize",
        Answer.status(
            200,
            Map.of("Content-Type", "application/json", "Mcp-Session-Id", id),
            "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-11-25\","
                + "\"capabilities\":{},\"serverInfo\":{\"name\":\"x\",\"version\":\"1\"}}}"));
    return TestClient.send(client.post(TestClient.INITIALIZE));
  }

  @Test
  void sessionThatTheServerGaveOneGrantCannotBeGivenToAnother() {
    // Given
    String session = opened("fixed");

    // When
    HttpResponse<String> second = initialized(scene.bob, session);

    // Then
    assertThat(second.statusCode()).isEqualTo(502);
    assertThat(second.headers().firstValue("Mcp-Session-Id")).isEmpty();
    assertThat(scene.gate.completion(second).get("end").asText()).isEqualTo("refused");
    scene.stops(scene.bob.legacy(session, CALL)).rejected(404, "session");
    assertThat(scene.alice.legacyCall(session, "alpha").statusCode()).isEqualTo(200);
  }

  @Test
  void oddIdOfAServerIsNotUsed() {
    for (String odd : List.of("a b", "x".repeat(257), "")) {
      HttpResponse<String> answer = initialized(scene.alice, odd);
      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(answer.headers().firstValue("Mcp-Session-Id")).isEmpty();
    }
  }

  @Test
  void idInAnAnswerToAnythingButInitializeOpensNothing() {
    // Given
    scene.upstream.answerNext(
        "tools/call",
        Answer.status(
            200,
            Map.of("Content-Type", "application/json", "Mcp-Session-Id", "slipped-in"),
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"content\":[]}}"));

    // When
    HttpResponse<String> answer = scene.alice.legacyCall(opened("mine"), "alpha");

    // Then
    assertThat(answer.headers().firstValue("Mcp-Session-Id")).isEmpty();
    scene.stops(scene.alice.legacy("slipped-in", CALL)).rejected(404, "session");
  }

  @Test
  void idInTheQueryIsNoSessionAndGoesNowhere() {
    // When
    HttpRequest.Builder call =
        new TestClient(
                java.net.URI.create(
                    scene.gate.url("fixture") + "?sessionId=invented&Mcp-Session-Id=invented"),
                scene.alice.token())
            .modernCall("alpha", "{}");
    HttpResponse<String> answer = TestClient.send(call);

    // Then
    assertThat(scene.received(answer).uri()).isEqualTo("/mcp");
    assertThat(scene.received(answer).header("Mcp-Session-Id")).isEmpty();
    assertThat(scene.received()).allMatch(r -> r.uri().equals("/mcp"));
  }
}
