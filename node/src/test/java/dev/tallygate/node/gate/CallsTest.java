package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.Era;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.fixture.Tool;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls of both eras through the gate and back. */
@Timeout(180)
class CallsTest {
  private static FixtureServer upstream;
  private static FixtureServer legacyOnly;
  private static TestGate gate;
  private static TestClient alice;

  @BeforeAll
  static void start() {
    upstream =
        FixtureServer.start(
            Tool.named("alpha"),
            Tool.named("secret"),
            Tool.named("failing", arguments -> Tool.error("no")));
    legacyOnly = FixtureServer.with().eras(Era.LEGACY).tools(Tool.named("alpha")).start();
    gate =
        TestGate.before("fixture", upstream)
            .server("unlisted", upstream.url())
            .server("old", legacyOnly.url())
            .server("down", URI.create("http://127.0.0.1:1/mcp"))
            .policy("open", "{\"version\":\"1\",\"default\":\"allow\",\"hide\":[\"secret\"]}")
            .policy(
                "careful",
                "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"alpha\":{\"deny_if\":[{"
                    + "\"conditions\":[{\"path\":\"args.a\",\"op\":\"gt\",\"value\":1}],"
                    + "\"on_deny\":\"a may be 1 at most.\"}]}}}")
            .grant("alice", "fixture", "open")
            .grant("careful", "fixture", "careful")
            .grant("unlisted", "unlisted", "open")
            .grant("old", "old", "open")
            .grant("down", "down", "open");
    gate.grantNode("nobody", "fixture");
    gate.server("fixture").putObject("headers").put("Authorization", "Bearer upstream-secret");
    gate.server("fixture")
        .putObject("limits")
        .put("eventBytes", "64KiB")
        .put("callsPerGrant", 2_000);
    // A thousand connections at once fill the server's queue; a machine under load tries again.
    gate.server("fixture").putObject("timeouts").put("connect", "30s");
    gate.start();
    alice = gate.client("alice", "fixture");
  }

  @AfterAll
  static void stop() {

    gate.assertNothingInFlight();
    gate.close();
    upstream.close();
    legacyOnly.close();
  }

  private static ReceivedRequest received(HttpResponse<?> answer) {
    String id = TestGate.decisionId(answer);
    return upstream.requests().stream()
        .filter(r -> r.header("Tallygate-Decision-Id").equals(java.util.Optional.of(id)))
        .findFirst()
        .orElseThrow();
  }

  private static void assertNotForwarded(HttpResponse<?> answer) {
    String id = TestGate.decisionId(answer);
    assertThat(upstream.requests())
        .noneMatch(r -> r.header("Tallygate-Decision-Id").equals(java.util.Optional.of(id)));
  }

  @Test
  void modernCallPassesAsWritten() {
    // When
    HttpResponse<String> answer = alice.call("alpha", "{\"a\" : 1.0}");

    // Then
    JsonNode result = TestGate.json(answer.body()).get("result");
    assertThat(result.get("resultType").asText()).isEqualTo("complete");
    assertThat(received(answer).text()).contains("{\"a\" : 1.0}");
    assertThat(gate.decision(answer).get("outcome").asText()).isEqualTo("allowed");
    assertThat(gate.completion(answer).get("end").asText()).isEqualTo("ok");
    assertThat(gate.decision(answer).get("seq").asLong())
        .isLessThan(gate.completion(answer).get("seq").asLong());
  }

  @Test
  void legacySessionLivesFromInitializeToDelete() {
    // Given
    String session = alice.initialize();

    // When
    HttpResponse<String> call = alice.legacyCall(session, "alpha");
    HttpResponse<String> end = TestClient.send(alice.legacyStream(session).DELETE());
    HttpResponse<String> after = alice.legacyCall(session, "alpha");

    // Then
    assertThat(TestGate.json(call.body()).at("/result/content/0/text").asText()).isEqualTo("alpha");
    assertThat(TestGate.json(call.body()).get("result").has("resultType")).isFalse();
    assertThat(end.statusCode()).isEqualTo(200);
    assertThat(after.statusCode()).isEqualTo(404);
    assertThat(gate.rejection(after).get("kind").asText()).isEqualTo("session");
    assertNotForwarded(after);
    assertThat(upstream.sessions()).doesNotContain(session);
  }

  @Test
  void sessionThatTheServerForgotIsToldSo() {
    // Given
    TestClient old = gate.client("old", "old");
    String session = old.initialize();
    legacyOnly.forgetSessions();

    // Then
    assertThat(old.legacyCall(session, "alpha").statusCode()).isEqualTo(404);
    assertThat(old.legacyCall(old.initialize(), "alpha").statusCode()).isEqualTo(200);
  }

  @Test
  void hiddenAndAbsentToolsAreAnsweredAlike() {
    // Given
    List<String> names = List.of("secret", "absent", "Secret", "ALPHA", "alph\u0430", "alpha ");
    for (String server : List.of("fixture", "unlisted")) {
      TestClient client = gate.client(server.equals("fixture") ? "alice" : server, server);
      for (String name : names) {
        // When
        HttpResponse<String> answer =
            TestClient.send(
                client
                    .modern("tools/call", "\"name\":\"" + name + "\",\"arguments\":{}")
                    .header(
                        "Mcp-Name",
                        "=?base64?"
                            + java.util.Base64.getEncoder()
                                .encodeToString(
                                    name.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                            + "?="));

        // Then
        String shown = name.replace('\u0430', '?').replace(' ', '?');
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body())
            .isEqualTo(
                "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602,"
                    + "\"message\":\"Unknown tool: "
                    + shown
                    + "\"}}");
        assertThat(gate.decision(answer).get("outcome").asText()).isEqualTo("denied");
        assertNotForwarded(answer);
      }
    }
    assertThat(upstream.calls("secret")).isZero();
  }

  @Test
  void unreachableServerTellsNothingOfItsTools() {
    // Given
    TestClient client = gate.client("down", "down");

    // When
    List<String> answers =
        List.of("secret", "absent", "alpha").stream()
            .map(client::call)
            .map(answer -> answer.body().replace(TestGate.decisionId(answer), "ID"))
            .toList();

    // Then
    assertThat(answers.stream().distinct()).hasSize(1);
    assertThat(answers.get(0)).contains("\"isError\":true", "unavailable");
  }

  @Test
  void firstCallsOfAllConnectionsWaitForOneListing() {
    // Given
    FixtureServer slow =
        FixtureServer.with()
            .tools(Tool.named("alpha"))
            .answering(
                exchange ->
                    exchange
                        .response()
                        .putHeader("Content-Type", "application/json")
                        .end(exchange.message().toString()))
            .start();
    gate.server("slow", slow.url())
        .grant("slow", "slow", "open")
        .server("slow")
        .put("trust", "any");
    gate.apply();
    TestClient client = gate.client("slow", "slow");

    // When
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      answers.add(
          TestGate.HTTP.sendAsync(
              client.modernCall("alpha", "{}").build(), BodyHandlers.ofString()));
    }

    // Then
    assertThat(answers.stream().map(CompletableFuture::join))
        .allMatch(
            answer -> answer.body().contains("\"result\"") && !answer.body().contains("isError"));
    assertThat(slow.requests("tools/list")).hasSize(1);
    slow.close();
  }

  @Test
  void denialNamesItsRuleAndCure() {
    // When
    HttpResponse<String> modern = gate.client("careful", "fixture").call("alpha", "{\"a\":2}");

    // Then
    JsonNode result = TestGate.json(modern.body()).get("result");
    assertThat(modern.statusCode()).isEqualTo(200);
    assertThat(result.get("isError").asBoolean()).isTrue();
    assertThat(result.get("resultType").asText()).isEqualTo("complete");
    assertThat(result.at("/content/0/text").asText()).contains("a may be 1 at most.");
    assertThat(result.get("_meta").toString())
        .contains("/tools/alpha/deny_if/0", TestGate.decisionId(modern), "denied");
    assertThat(gate.decision(modern).get("rule").asText()).isEqualTo("/tools/alpha/deny_if/0");
    assertNotForwarded(modern);
  }

  @Test
  void grantWithoutPolicyMayCallNothing() {
    // When
    HttpResponse<String> answer = gate.client("nobody", "fixture").call("alpha");

    // Then
    assertThat(answer.body()).contains("(no policy)");
    assertNotForwarded(answer);
  }

  @Test
  void headersOfTheServerStopAtTheGate() {
    // Given
    upstream.answerNext(
        "tools/call",
        Answer.status(
            200,
            Map.of(
                "Content-Type", "application/json",
                "Set-Cookie", "a=b",
                "Access-Control-Allow-Origin", "*",
                "WWW-Authenticate", "Bearer",
                "Cache-Control", "public, max-age=600",
                "Mcp-Session-Id", "minted",
                "Server", "secret/1"),
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}"));

    // When
    HttpResponse<String> answer = alice.call("alpha");

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().map().keySet())
        .containsExactlyInAnyOrder(
            "cache-control", "content-length", "content-type", "tallygate-decision-id");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("private, no-store");
  }

  @Test
  void failuresOfTheServerAreToldInWords() {
    for (Answer failing :
        List.of(
            Answer.status(500, Map.of("Content-Type", "text/html"), "<h1>secret</h1>"),
            Answer.status(503, Map.of(), "secret"),
            Answer.resetBeforeHeaders(),
            Answer.resetAfterHeaders(),
            Answer.body("application/json", "{\"secret\":"),
            Answer.body("application/json", "{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{}}"),
            Answer.body("text/html", "secret"),
            Answer.status(202))) {
      // Given
      upstream.answerNext("tools/call", failing);

      // When
      HttpResponse<String> answer = alice.call("alpha");

      // Then
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(TestGate.json(answer.body()).at("/result/isError").asBoolean()).isTrue();
      assertThat(TestGate.json(answer.body()).get("id").asInt()).isEqualTo(7);
      assertThat(answer.body()).doesNotContain("secret");
      assertThat(gate.completion(answer).get("end").asText()).isIn("refused", "broken");
    }
  }

  @Test
  void mistakesOfTheClientPassAsTheServerPutsThem() {
    // Given
    String error =
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32021,\"message\":\"needs more\"}}";
    upstream.answerNext(
        "tools/call", Answer.status(400, Map.of("Content-Type", "application/json"), error));

    // When
    HttpResponse<String> answer = alice.call("alpha");

    // Then
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).isEqualTo(error);
  }

  @Test
  void streamWithoutAnswerEndsWithAnError() {
    for (Answer unfinished : List.of(Answer.sseWithoutResult(), Answer.cutInEvent())) {
      // Given
      upstream.answerNext("tools/call", unfinished);

      // When
      HttpResponse<String> answer = alice.call("alpha");

      // Then
      String last = answer.body().strip();
      JsonNode message = TestGate.json(last.substring(last.lastIndexOf("data:") + 5));
      assertThat(message.get("id").asInt()).isEqualTo(7);
      assertThat(message.at("/result/isError").asBoolean()).isTrue();
      assertThat(gate.completion(answer).get("end").asText()).isEqualTo("broken");
    }
  }

  @Test
  void resumableStreamOfALegacyServerMayEndEarly() {
    // Given
    upstream.answerNext(
        "tools/call", Answer.body("text/event-stream", "id: 1\nretry: 10\ndata:\n\n"));

    // When
    HttpResponse<String> answer = alice.legacyCall(alice.initialize(), "alpha");

    // Then
    assertThat(answer.body()).isEqualTo("id: 1\nretry: 10\ndata:\n\n");
    assertThat(gate.completion(answer).get("end").asText()).isEqualTo("broken");
  }

  @Test
  void streamIsHandedOnEventByEvent() throws Exception {
    // Given
    upstream.answerNext(
        "tools/call",
        exchange -> {
          exchange.startStream();
          exchange.event(
              TestGate.json("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}"));
          exchange.onClientAnswer(
              TestGate.json("\"go\""),
              () -> {
                exchange.event(exchange.message());
                exchange.response().end();
              });
        });

    // When
    HttpResponse<java.io.InputStream> answer =
        TestGate.HTTP.send(alice.modernCall("alpha", "{}").build(), BodyHandlers.ofInputStream());
    BufferedReader lines = new BufferedReader(new InputStreamReader(answer.body()));
    String first = lines.readLine() + lines.readLine();
    TestGate.HTTP.send(
        java.net.http.HttpRequest.newBuilder(upstream.url())
            .header("Mcp-Session-Id", alice.initialize())
            .POST(BodyPublishers.ofString("{\"jsonrpc\":\"2.0\",\"id\":\"go\",\"result\":{}}"))
            .build(),
        BodyHandlers.discarding());

    // Then
    assertThat(first).contains("notifications/progress");
    assertThat(String.join("", lines.lines().toList())).contains("\"result\"");
    assertThat(answer.headers().firstValue("X-Accel-Buffering")).contains("no");
  }

  private static void hold(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void headOfASilentStreamArrives() throws Exception {
    // Given
    upstream.answerNext("GET", Exchanges.silentHead());

    // When
    var stream =
        TestGate.HTTP
            .sendAsync(alice.legacyStream(alice.initialize()).build(), BodyHandlers.ofInputStream())
            .get(20, java.util.concurrent.TimeUnit.SECONDS);

    // Then
    assertThat(stream.headers().firstValue("Content-Type")).contains("text/event-stream");
    stream.body().close();
  }

  @Test
  void leavingCancelsAModernCall() throws Exception {
    // Given
    upstream.answerNext("tools/call", Answer.silentStream());
    int before = upstream.disconnects();

    // When
    try (RawHttp http = sent(alice.modernCall("alpha", "{}"))) {
      assertThat(http.read(15)).isEqualTo("HTTP/1.1 200 OK");
    }

    // Then
    await().until(() -> upstream.disconnects() > before);
    assertThat(completionOfLast("client_gone")).isNotNull();
    gate.assertNothingInFlight();
  }

  @Test
  void leavingDoesNotCancelALegacyCall() throws Exception {
    // Given
    CountDownLatch gone = new CountDownLatch(1);
    CountDownLatch running = new CountDownLatch(1);
    upstream.add(
        Tool.named(
            "long",
            arguments -> {
              running.countDown();
              hold(gone);
              return Tool.text("done");
            }));
    alice.list(); // makes the new tool known
    String session = alice.initialize();
    int before = upstream.disconnects();

    // When
    try (RawHttp http = sent(alice.legacy(session, TestClient.legacyCallBody("long")))) {
      running.await();
    }
    gate.assertNothingInFlight();
    gone.countDown();

    // Then
    await()
        .untilAsserted(
            () ->
                assertThat(gate.audit())
                    .anyMatch(
                        r ->
                            r.path("event").asText().equals("completion")
                                && r.path("tool").asText().equals("long")
                                && r.path("end").asText().equals("client_gone")
                                && r.path("status").asInt() == 200));
    assertThat(upstream.disconnects()).isEqualTo(before);
    upstream.remove("long");
  }

  private static JsonNode completionOfLast(String end) {
    return await()
        .until(
            () ->
                gate.audit().stream()
                    .filter(r -> r.path("end").asText().equals(end))
                    .findFirst()
                    .orElse(null),
            java.util.Objects::nonNull);
  }

  /** Sends a request over a connection of its own, which the test may break. */
  private static RawHttp sent(java.net.http.HttpRequest.Builder builder) throws Exception {
    java.net.http.HttpRequest request = builder.build();
    List<String> headers = new ArrayList<>();
    request.headers().map().forEach((name, values) -> headers.add(name + ": " + values.get(0)));
    RawHttp http = new RawHttp(request.uri());
    http.request("POST", request.uri().getPath(), bodyOf(request), headers.toArray(String[]::new));
    return http;
  }

  private static byte[] bodyOf(java.net.http.HttpRequest request) {
    var subscriber = HttpResponse.BodySubscribers.ofByteArray();
    request
        .bodyPublisher()
        .orElseThrow()
        .subscribe(
            new java.util.concurrent.Flow.Subscriber<>() {
              @Override
              public void onSubscribe(java.util.concurrent.Flow.Subscription subscription) {
                subscriber.onSubscribe(subscription);
              }

              @Override
              public void onNext(java.nio.ByteBuffer item) {
                subscriber.onNext(List.of(item));
              }

              @Override
              public void onError(Throwable failure) {
                subscriber.onError(failure);
              }

              @Override
              public void onComplete() {
                subscriber.onComplete();
              }
            });
    return subscriber.getBody().toCompletableFuture().join();
  }

  @Test
  void manyCallsAtOnceAreAllServed() {
    // When
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      answers.add(
          TestGate.HTTP.sendAsync(
              alice.modernCall("alpha", "{}").build(), BodyHandlers.ofString()));
    }

    // Then
    assertThat(answers.stream().map(CompletableFuture::join).map(HttpResponse::body))
        .allMatch(answer -> answer.contains("\"text\":\"alpha\""));
    gate.assertNothingInFlight();
  }

  @Test
  void serversThatSpeakLegacyOnlyAreListedTheirWay() {
    // When
    TestClient old = gate.client("old", "old");
    HttpResponse<String> answer = old.legacyCall(old.initialize(), "absent");

    // Then
    assertThat(answer.body()).contains("Unknown tool: absent");
    assertThat(legacyOnly.sessions()).hasSizeLessThan(5);
  }
}
