package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.Tool;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one client, or one server, may take of a node. */
@Timeout(180)
class BoundsTest {
  private static final int MIB = 1024 * 1024;

  private FixtureServer upstream;
  private TestGate gate;
  private TestClient alice;
  private final CountDownLatch finish = new CountDownLatch(1);

  @BeforeEach
  void start() {
    upstream =
        FixtureServer.start(
            Tool.named("alpha"),
            Tool.named(
                "long",
                arguments -> {
                  try {
                    finish.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  return Tool.text("done");
                }));
    gate =
        TestGate.before("fixture", upstream)
            .policy("open", "{\"version\":\"1\",\"default\":\"allow\"}")
            .grant("alice", "fixture", "open")
            .grant("bob", "fixture", "open");
    gate.server("fixture").putObject("limits").put("callsPerGrant", 2).put("streamsPerGrant", 2);
    gate.server("fixture").putObject("timeouts").put("response", "2s").put("idle", "3s");
    gate.start();
    alice = gate.client("alice", "fixture");
    alice.list();
  }

  @AfterEach
  void stop() {
    finish.countDown();
    gate.assertNothingInFlight();
    gate.close();
    upstream.close();
  }

  @Test
  void oneGrantsCallsLeaveRoomForAnothers() throws Exception {
    // Given
    String session = alice.initialize();
    List<CompletableFuture<HttpResponse<String>>> running = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      running.add(
          TestGate.HTTP.sendAsync(alice.modernCall("long", "{}").build(), BodyHandlers.ofString()));
    }
    await().until(() -> upstream.calls("long") == 2);

    // When
    HttpResponse<String> third = alice.call("alpha");
    HttpResponse<String> notified =
        TestClient.send(
            alice.legacy(
                session, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"));
    HttpResponse<String> others = gate.client("bob", "fixture").call("alpha");

    // Then
    assertThat(third.statusCode()).isEqualTo(429);
    assertThat(TestGate.json(third.body()).at("/error/code").asInt()).isEqualTo(-31429);
    assertThat(third.headers().firstValue("Retry-After")).contains("1");
    assertThat(gate.rejection(third).path("kind").asText()).isEqualTo("calls");
    assertThat(notified.statusCode()).isEqualTo(202);
    assertThat(others.body()).contains("\"text\":\"alpha\"");
    assertThat(upstream.calls("alpha")).isEqualTo(1);

    // When
    finish.countDown();
    for (CompletableFuture<HttpResponse<String>> each : running) {
      each.get(60, TimeUnit.SECONDS);
    }

    // Then
    await().until(() -> alice.call("alpha").statusCode() == 200);
  }

  @Test
  void oneGrantsStreamsAreCounted() throws Exception {
    // Given
    String session = alice.initialize();
    Deque<RawHttp> open = new ArrayDeque<>();
    for (int i = 0; i < 2; i++) {
      open.push(stream(session));
      assertThat(open.peek().read(15)).isEqualTo("HTTP/1.1 200 OK");
    }

    // When
    try (RawHttp third = stream(session)) {
      RawHttp.Response refused = third.read();

      // Then
      assertThat(refused.status()).isEqualTo(429);
      assertThat(
              gate.record("rejection", refused.header("Tallygate-Decision-Id"))
                  .path("kind")
                  .asText())
          .isEqualTo("streams");
    }
    assertThat(alice.call("alpha").statusCode()).isEqualTo(200);

    // When
    while (!open.isEmpty()) {
      open.pop().close();
    }

    // Then
    await()
        .until(
            () -> {
              try (RawHttp again = stream(session)) {
                return again.read(15).equals("HTTP/1.1 200 OK");
              }
            });
  }

  private RawHttp stream(String session) throws Exception {
    return new RawHttp(gate.url("fixture"))
        .head(
            "GET",
            "/mcp/fixture",
            "Authorization: Bearer " + alice.token(),
            "Accept: text/event-stream",
            "MCP-Protocol-Version: 2025-11-25",
            "Mcp-Session-Id: " + session);
  }

  @Test
  void streamOnWhichTheServerIsSilentEnds() throws Exception {
    // Given
    String session = alice.initialize();

    // When
    try (RawHttp stream = stream(session)) {
      // Then
      assertThat(stream.read(15)).isEqualTo("HTTP/1.1 200 OK");
      await().until(() -> upstream.openStreams() == 1);
      assertThat(stream.closedByPeer()).isTrue();
    }
    await().until(() -> upstream.openStreams() == 0);
  }

  @Test
  void clientThatNeverReadsIsLeft() throws Exception {
    // Given
    upstream.answerNext("tools/call", Exchanges.flood(64 * MIB, new AtomicLong()));
    String body =
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"alpha\","
            + TestClient.META
            + "}}";

    // When
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      http.request(
          "POST",
          "/mcp/fixture",
          body.getBytes(),
          "Authorization: Bearer " + alice.token(),
          "Content-Type: application/json",
          "MCP-Protocol-Version: 2026-07-28",
          "Mcp-Method: tools/call",
          "Mcp-Name: alpha");

      // Then
      await().atMost(Duration.ofSeconds(60)).until(() -> upstream.disconnects() == 1);
      gate.assertNothingInFlight();
    }
  }

  @Test
  void answerThatNobodyWaitsForIsNotReadForLong() throws Exception {
    // Given
    String session = alice.initialize();
    AtomicLong written = new AtomicLong();
    upstream.answerNext("tools/call", Exchanges.flood(512 * MIB, written));
    byte[] body = TestClient.legacyCallBody("alpha").getBytes();

    // When
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      http.request(
          "POST",
          "/mcp/fixture",
          body,
          "Authorization: Bearer " + alice.token(),
          "Content-Type: application/json",
          "MCP-Protocol-Version: 2025-11-25",
          "Mcp-Session-Id: " + session);
      assertThat(http.read(15)).isEqualTo("HTTP/1.1 200 OK");
    }

    // Then
    await().atMost(Duration.ofSeconds(60)).until(() -> upstream.disconnects() == 1);
    gate.assertNothingInFlight();
    assertThat(written.get()).isLessThan(32 * MIB);
  }

  @Test
  void answersThatDripAreGivenUp() {
    // Given
    Answer drips = Answer.jsonInPieces(1, Duration.ofMillis(400));
    upstream.answerNext("tools/call", drips);
    upstream.answerNext("tools/list", drips);

    // When
    CompletableFuture<HttpResponse<String>> call =
        TestGate.HTTP.sendAsync(alice.modernCall("alpha", "{}").build(), BodyHandlers.ofString());
    HttpResponse<String> list = alice.list();

    // Then
    assertThat(list.statusCode()).isEqualTo(502);
    assertThat(gate.completion(list).path("end").asText()).isEqualTo("broken");
    assertThat(call).failsWithin(Duration.ofSeconds(60));
    await().until(() -> upstream.disconnects() == 2);
  }

  @Test
  void largeMessagesPassBothWays() {
    // Given
    String large = "x".repeat(2 * MIB);
    upstream.add(Tool.named("echo", arguments -> Tool.text(arguments.path("a").asText())));
    for (int i = 0; i < 300; i++) {
      upstream.add(Tool.named("tool-" + i + "-" + "y".repeat(100)));
    }
    alice.list();

    // When
    upstream.answerNext("tools/call", Answer.sse());
    HttpResponse<String> events = alice.call("echo", "{\"a\":\"" + large + "\"}");
    HttpResponse<String> json = alice.call("echo", "{\"a\":\"" + large + "\"}");
    HttpResponse<String> list = alice.list();

    // Then
    assertThat(events.body()).startsWith("event: message").contains(large);
    assertThat(json.body()).contains(large);
    assertThat(list.body()).hasSizeGreaterThan(64 * 1024).contains("tool-299");
    assertThat(gate.decision(events).path("argumentsDigest").asText()).isNotEmpty();
    assertThat(gate.completion(events).path("end").asText()).isEqualTo("ok");
  }

  @Test
  void largeMessagesThatMayNotPassDoNot() {
    // Given
    String large = "x".repeat(2 * MIB);

    // When
    HttpResponse<String> malformed =
        TestClient.send(alice.post("{\"jsonrpc\":\"2.0\",\"id\":7,\"a\":\"" + large + "\"}"));
    HttpResponse<String> unknown = alice.call("absent", "{\"a\":\"" + large + "\"}");

    // Then
    assertThat(malformed.statusCode()).isEqualTo(400);
    assertThat(unknown.body()).contains("Unknown tool: absent");
    assertThat(gate.decision(unknown).path("outcome").asText()).isEqualTo("denied");
    assertThat(upstream.calls("absent")).isZero();
  }

  @Test
  void listsBeyondTheRoomForAnswersAreRefusedWhileSmallOnesPass() throws Exception {
    // Given
    int each = 4 * MIB;
    Answer half =
        exchange -> {
          exchange.response().putHeader("Content-Type", "application/json").setChunked(true);
          exchange.response().write(" ".repeat(each));
        };
    long fit = BodyBudget.ofHeap().forLarge() / each;
    List<CompletableFuture<HttpResponse<String>>> held = new ArrayList<>();
    gate.server("fixture").withObject("/limits").put("callsPerGrant", 1_000);
    gate.server("fixture").withObject("/timeouts").put("response", "20s");
    gate.apply();
    alice.list();

    // When
    for (long i = 0; i <= fit; i++) {
      upstream.answerNext("tools/list", half);
      held.add(
          TestGate.HTTP.sendAsync(alice.modern("tools/list", "").build(), BodyHandlers.ofString()));
    }

    // Then
    HttpResponse<?> refused =
        (HttpResponse<?>)
            CompletableFuture.anyOf(held.toArray(CompletableFuture[]::new))
                .get(60, TimeUnit.SECONDS);
    assertThat(refused.statusCode()).isEqualTo(502);
    assertThat((String) refused.body()).contains("as many answers as it can");
    assertThat(alice.list().statusCode()).isEqualTo(200);
    upstream.forgetSessions();
    held.forEach(answer -> answer.cancel(true));
  }

  @Test
  void sessionIdOfAMegabyteIsRefusedUnread() throws Exception {
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      // When
      http.head(
          "GET",
          "/mcp/fixture",
          "Authorization: Bearer " + alice.token(),
          "Mcp-Session-Id: " + "s".repeat(MIB));

      // Then
      assertThat(http.read(12)).isEqualTo("HTTP/1.1 431");
    } catch (java.net.SocketException closedWhileSending) {
      assertThat(upstream.openStreams()).isZero();
    }
    await().until(() -> gate.metric("tallygate_rejections_total{kind=\"http\",}") == 1);
  }
}
