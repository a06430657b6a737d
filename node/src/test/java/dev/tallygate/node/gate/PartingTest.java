package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.HeldTool;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.Tool;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What ends with a grant, with a client that leaves, and with the node. */
@Timeout(180)
class PartingTest {
  private FixtureServer upstream;
  private TestGate gate;
  private final HeldTool held = new HeldTool();

  @BeforeEach
  void start() {
    upstream = FixtureServer.start(Tool.named("alpha"), held.named("long"));
    gate =
        TestGate.before("fixture", upstream)
            .policy("open", "{\"version\":\"1\",\"default\":\"allow\"}")
            .grant("stays", "fixture", "open")
            .grant("goes", "fixture", "open");
    gate.server("fixture").putObject("timeouts").put("response", "8s");
    gate.start();
  }

  @AfterEach
  void stop() {
    held.letGo();
    gate.close();
    upstream.close();
  }

  private RawHttp openStream(String grant) throws IOException {
    TestClient client = gate.client(grant, "fixture");
    String session = client.initialize();
    RawHttp http = new RawHttp(gate.url("fixture"));
    http.head(
        "GET",
        "/mcp/fixture",
        "Authorization: Bearer " + client.token(),
        "Accept: text/event-stream",
        "MCP-Protocol-Version: 2025-11-25",
        "Mcp-Session-Id: " + session);
    assertThat(http.read(15)).isEqualTo("HTTP/1.1 200 OK");
    return http;
  }

  @Test
  void streamsAndSessionsEndWithTheirGrant() throws Exception {
    try (RawHttp going = openStream("goes");
        RawHttp staying = openStream("stays")) {
      await().until(() -> upstream.openStreams() == 2);

      // When
      ((ObjectNode) gate.config().at("/grants/1"))
          .put("revoked", Instant.now().minusSeconds(1).toString());
      gate.apply();

      // Then
      assertThat(going.closedByPeer()).isTrue();
      await().until(() -> upstream.openStreams() == 1);
      await().until(() -> gate.metric("tallygate_sessions") == 1);
      upstream.push(TestGate.json("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}"));
      assertThat(readUntil(staying, "notifications/message")).isTrue();
    }
  }

  private static boolean readUntil(RawHttp http, String text) throws IOException {
    StringBuilder read = new StringBuilder();
    for (String next = http.read(1); !next.isEmpty(); next = http.read(1)) {
      if (read.append(next).indexOf(text) >= 0) {
        return true;
      }
    }
    return false;
  }

  @Test
  void streamsEndWhenTheServerMovesAway() throws Exception {
    try (FixtureServer other = FixtureServer.start(Tool.named("alpha"));
        RawHttp stream = openStream("stays")) {
      // When
      gate.server("fixture").put("url", other.url().toString());
      gate.apply();

      // Then
      assertThat(stream.closedByPeer()).isTrue();
      await().until(() -> upstream.openStreams() == 0);
    }
  }

  @Test
  void abandonedLegacyCallIsNotReadForEver() throws Exception {
    // Given
    TestClient client = gate.client("stays", "fixture");
    client.list();
    String session = client.initialize();
    upstream.answerNext("tools/call", Answer.endless(Duration.ofMillis(50)));
    byte[] body = TestClient.legacyCallBody("alpha").getBytes();

    // When
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      http.request(
          "POST",
          "/mcp/fixture",
          body,
          "Authorization: Bearer " + client.token(),
          "Content-Type: application/json",
          "MCP-Protocol-Version: 2025-11-25",
          "Mcp-Session-Id: " + session);
      assertThat(http.read(15)).isEqualTo("HTTP/1.1 200 OK");
    }

    // Then
    await().atMost(Duration.ofSeconds(60)).until(() -> upstream.disconnects() == 1);
    await().until(() -> completions("alpha").contains("client_gone"));
  }

  private List<String> completions(String tool) {
    return gate.audit().stream()
        .filter(r -> r.path("event").asText().equals("completion"))
        .filter(r -> r.path("tool").asText().equals(tool))
        .map(r -> r.path("end").asText())
        .toList();
  }

  private CompletableFuture<HttpResponse<String>> longCall() throws InterruptedException {
    TestClient client = gate.client("stays", "fixture");
    CompletableFuture<HttpResponse<String>> answer =
        TestGate.HTTP.sendAsync(client.modernCall("long", "{}").build(), BodyHandlers.ofString());
    held.awaitCall();
    return answer;
  }

  @Test
  void callsUnderWayEndBeforeTheNodeDoes() throws Exception {
    // Given
    URI url = gate.url("fixture");
    CompletableFuture<HttpResponse<String>> inFlight = longCall();
    try (RawHttp idle = new RawHttp(url);
        RawHttp stream = openStream("goes")) {
      // When
      CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> gate.node().close());

      // Then
      assertThat(readUntil(stream, "\r\n0\r\n\r\n") || stream.closedByPeer()).isTrue();
      assertThat(stopped).isNotDone();
      held.letGo();
      assertThat(inFlight.get(60, TimeUnit.SECONDS).body()).contains("done");
      stopped.get(60, TimeUnit.SECONDS);
      assertThat(idle.closedByPeer()).isTrue();
      assertThatThrownBy(() -> new RawHttp(url).close()).isInstanceOf(IOException.class);
    }
    assertThat(completions("long")).containsExactly("ok");
    assertThat(events()).endsWith("stop");
  }

  @Test
  void callThatDoesNotEndIsBrokenOffOnRecord() throws Exception {
    // Given
    CompletableFuture<HttpResponse<String>> inFlight = longCall();

    // When
    gate.node().close();

    // Then
    assertThat(inFlight).isCompletedExceptionally();
    assertThat(completions("long")).hasSize(1);
  }

  private List<String> events() {
    return gate.audit().stream().map((JsonNode r) -> r.path("event").asText()).toList();
  }
}
