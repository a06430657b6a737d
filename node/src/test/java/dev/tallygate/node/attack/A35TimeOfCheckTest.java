package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.HeldTool;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A35: a policy or a grant that changes between the judgement and the end of a call.
 *
 * <p>Where the policy of the moment judges, a call is allowed by a revision that came into force
 * after it began, and the record names another.
 */
@Timeout(180)
class A35TimeOfCheckTest {
  private static final String ALLOW = "{\"version\":\"1\",\"default\":\"allow\"}";
  private static final String DENY = "{\"version\":\"1\",\"default\":\"deny\",\"list\":\"all\"}";

  private final HeldTool held = new HeldTool();
  private Scene scene;
  private TestClient client;
  private ObjectNode grant;

  @BeforeEach
  void start() {
    Tool slow = held.named("slow");
    scene =
        Scene.start(
            FixtureServer.with().tools(slow),
            gate -> {
              gate.policy("changing", ALLOW);
              grant = gate.grantNode("changing", "fixture").put("policy", "changing");
            });
    client = scene.gate.client("changing", "fixture");
  }

  @AfterEach
  void stop() {
    held.letGo();
    scene.close();
  }

  @Test
  void callIsJudgedAndFinishedByOneRevisionAndTheNextByTheNew() throws Exception {
    // Given
    long before = scene.gate.node().config().snapshot().revision();
    CompletableFuture<HttpResponse<String>> inFlight =
        TestGate.HTTP.sendAsync(client.modernCall("slow", "{}").build(), BodyHandlers.ofString());
    held.awaitCall();

    // When
    scene.gate.changePolicy("changing", DENY);
    Scene.Stopped next = scene.stops(client.modernCall("alpha", "{}"));
    Scene.Stopped again = scene.stops(client.modernCall("slow", "{}"));
    held.letGo();
    HttpResponse<String> old = inFlight.get(60, TimeUnit.SECONDS);

    // Then
    next.denied(200, "(default deny)");
    again.denied(200, "(default deny)");
    assertThat(next.record().get("revision").asLong()).isGreaterThan(before);
    assertThat(old.body()).contains("done");
    assertThat(scene.gate.decision(old).get("revision").asLong()).isEqualTo(before);
    assertThat(scene.gate.completion(old).get("end").asText()).isEqualTo("ok");
    assertThat(scene.upstream.calls()).hasSize(1);
  }

  @Test
  void bodyThatArrivesAfterTheChangeIsStillJudgedByTheRevisionThatItBeganUnder() throws Exception {
    // Given
    byte[] body =
        TestClient.legacyCallBody("denied").getBytes(java.nio.charset.StandardCharsets.UTF_8);
    scene.gate.changePolicy("changing", DENY);
    client.list();
    long revision = scene.gate.node().config().snapshot().revision();

    // When
    String answer;
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      http.head("POST", Scene.PATH, scene.headersOf("changing", "Content-Length: " + body.length));
      http.send(new String(body, 0, 20, java.nio.charset.StandardCharsets.UTF_8));
      await().until(() -> scene.gate.metric("tallygate_requests_in_flight") >= 1);
      scene.gate.changePolicy("changing", ALLOW);
      http.send(new String(body, 20, body.length - 20, java.nio.charset.StandardCharsets.UTF_8));
      answer = http.read().text();
    }

    // Then
    assertThat(answer).contains("\"isError\":true");
    await()
        .untilAsserted(
            () ->
                assertThat(scene.gate.audit())
                    .anySatisfy(
                        r -> {
                          assertThat(r.path("tool").asText()).isEqualTo("denied");
                          assertThat(r.path("outcome").asText()).isEqualTo("denied");
                          assertThat(r.path("revision").asLong()).isEqualTo(revision);
                        }));
    assertThat(scene.upstream.calls()).isEmpty();
  }

  @Test
  void streamEndsWhenItsGrantIsRevoked() throws Exception {
    // Given
    String session = client.initialize();
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      http.head(
          "GET",
          Scene.PATH,
          "Authorization: Bearer " + client.token(),
          "Accept: text/event-stream",
          "MCP-Protocol-Version: 2025-11-25",
          "Mcp-Session-Id: " + session);
      assertThat(http.read(15)).isEqualTo("HTTP/1.1 200 OK");

      // When
      grant.put("revoked", Instant.now().minusSeconds(1).toString());
      scene.gate.apply();

      // Then
      assertThat(http.closedByPeer()).isTrue();
      await().until(() -> scene.upstream.openStreams() == 0);
    }
    scene.stops(client.legacy(session, TestClient.legacyCallBody("alpha"))).rejected(401, "token");
  }
}
