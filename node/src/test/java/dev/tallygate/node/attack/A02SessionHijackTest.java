package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A2: Bob sends the id of Alice's session.
 *
 * <p>Without the comparison of grants in {@code Sessions.find} Bob calls in Alice's session, reads
 * her stream and ends it.
 */
@Timeout(180)
class A02SessionHijackTest {
  private static Scene scene;
  private String session;

  @BeforeAll
  static void start() {
    scene =
        Scene.start(
            dev.tallygate.node.fixture.FixtureServer.with(),
            gate -> {
              gate.server("other", java.net.URI.create("http://127.0.0.1:1/mcp"));
              gate.grant("alice-elsewhere", "other", "some");
            });
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  @BeforeEach
  void open() {
    session = scene.alice.initialize();
  }

  /** Everything that a session can be used for. */
  static List<HttpRequest.Builder> uses(TestClient client, String session) {
    return List.of(
        client.legacy(session, TestClient.legacyCallBody("alpha")),
        client.legacy(session, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"),
        client.legacy(session, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"),
        client.legacy(session, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"),
        client.legacy(
            session,
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
                + "\"params\":{\"requestId\":3}}"),
        client.legacy(session, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"),
        client.legacy(session, TestClient.INITIALIZE),
        client.legacyStream(session),
        client.legacyStream(session).header("Last-Event-ID", "event-2"),
        client.legacyStream(session).DELETE());
  }

  @Test
  void sessionOfAnotherGrantDoesNotExist() {
    for (HttpRequest.Builder use : uses(scene.bob, session)) {
      scene.stops(use).rejected(404, "session").withError(-31404);
    }
    assertThat(scene.alice.legacyCall(session, "alpha").statusCode()).isEqualTo(200);
    assertThat(scene.upstream.sessions()).contains(session);
  }

  @Test
  void foreignSessionIsAnsweredAsOneThatWasNeverOpened() {
    // When
    List<String> foreign =
        uses(scene.bob, session).stream().map(use -> scene.stops(use).body()).toList();
    List<String> absent =
        uses(scene.bob, "no-such-session").stream().map(use -> scene.stops(use).body()).toList();

    // Then
    assertThat(foreign).isEqualTo(absent);
  }

  @Test
  void versionHeaderMakesNoDifference() {
    for (String version : List.of("2025-03-26", "2025-06-18")) {
      scene
          .stops(
              scene
                  .bob
                  .post(TestClient.legacyCallBody("alpha"))
                  .header("MCP-Protocol-Version", version)
                  .header("Mcp-Session-Id", session))
          .rejected(404, "session");
    }
    scene
        .stops(scene.bob.post(TestClient.legacyCallBody("alpha")).header("Mcp-Session-Id", session))
        .rejected(404, "session");
  }

  @Test
  void sessionIdIsNoCredential() {
    TestClient nobody = new TestClient(scene.gate.url("fixture"), "tg_nobody");
    for (HttpRequest.Builder use : uses(nobody, session)) {
      scene.stops(use).rejected(401, "token");
    }
    assertThat(scene.alice.legacyCall(session, "alpha").statusCode()).isEqualTo(200);
  }

  @Test
  void sessionIsBoundToItsServer() {
    TestClient elsewhere = scene.gate.client("alice-elsewhere", "other");
    for (HttpRequest.Builder use : uses(elsewhere, session)) {
      scene.stops(use).rejected(404, "session");
    }
  }

  @Test
  void modernMessageCarriesNoSessionToTheServer() {
    // When
    HttpResponse<String> answer =
        TestClient.send(scene.bob.modernCall("alpha", "{}").header("Mcp-Session-Id", session));

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(scene.received(answer).header("Mcp-Session-Id")).isEmpty();
  }

  @Test
  void streamOfTheOwnerLivesOn() throws Exception {
    // Given
    HttpResponse<InputStream> stream =
        TestGate.HTTP.send(scene.alice.legacyStream(session).build(), BodyHandlers.ofInputStream());
    await().until(() -> scene.upstream.openStreams() == 1);

    // When
    uses(scene.bob, session).forEach(use -> scene.stops(use).rejected(404, "session"));
    scene.upstream.push(
        TestGate.json("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/for-alice\"}"));

    // Then
    StringBuilder seen = new StringBuilder();
    while (seen.indexOf("for-alice") < 0) {
      int b = stream.body().read();
      assertThat(b).isNotNegative();
      seen.append((char) b);
    }
    stream.body().close();
    await().until(() -> scene.upstream.openStreams() == 0);
  }
}
