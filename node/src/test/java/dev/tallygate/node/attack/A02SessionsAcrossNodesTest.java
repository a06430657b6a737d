package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.cli.CommandRun;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.FreePorts;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A2, A3, A13, A14 and A15 over two nodes of one cluster: what Alice began at one, Bob tries at the
 * other, where she goes on.
 *
 * <p>Without the comparison of grants in {@code SessionStep.own} Bob has Alice's sessions, events
 * and questions; without sessions that the nodes agree on, Alice has them at one node only, and an
 * answer is given twice.
 */
@Timeout(300)
class A02SessionsAcrossNodesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String ACCEPTED =
      "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":{\"action\":\"accept\",\"content\":{}}}";

  private static Scene one;
  private static Scene other;

  @BeforeAll
  static void start() throws Exception {
    List<Scene> scenes =
        Scene.ofTwoNodes(
            FixtureServer.with(),
            gate -> {
              gate.grant("carol", "fixture", "some");
              gate.config()
                  .withObject("/admin")
                  .put("port", FreePorts.one())
                  .put("token", "${file:admin-token}");
              gate.write("admin-token", "a-token-of-these-tests-only");
            });
    one = scenes.get(0);
    other = scenes.get(1);
  }

  @AfterAll
  static void stop() {
    one.close();
    other.close();
  }

  @Test
  void sessionOfOneNodeWorksOnTheOther() {
    // Given
    String session = one.alice.initialize();

    // When
    HttpResponse<String> answer = other.alice.legacyCall(session, "alpha");

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("\"result\"");
    assertThat(other.received(answer).header("Mcp-Session-Id")).contains(session);
  }

  @Test
  void sessionOfAnotherGrantDoesNotExistOnAnyNode() {
    // Given
    String session = one.alice.initialize();

    // Then
    for (int round = 0; round < 2; round++) {
      for (Scene scene : List.of(other, one)) {
        for (HttpRequest.Builder use : A02SessionHijackTest.uses(scene.bob, session)) {
          scene.stops(use).rejected(404, "session").withError(-31404);
        }
        assertThat(scene.alice.legacyCall(session, "alpha").statusCode()).isEqualTo(200);
      }
    }
    assertThat(one.upstream.sessions()).contains(session);
  }

  @Test
  void foreignSessionIsAnsweredAsOneThatWasNeverOpened() {
    // Given
    String session = one.alice.initialize();

    // When
    List<String> foreign =
        A02SessionHijackTest.uses(other.bob, session).stream()
            .map(use -> other.stops(use).body())
            .toList();
    List<String> absent =
        A02SessionHijackTest.uses(other.bob, "no-such-session").stream()
            .map(use -> other.stops(use).body())
            .toList();

    // Then
    assertThat(foreign).isEqualTo(absent);
  }

  @Test
  void streamOfTheOwnerLivesOn() throws Exception {
    // Given
    String session = one.alice.initialize();
    HttpResponse<InputStream> stream =
        TestGate.HTTP.send(other.alice.legacyStream(session).build(), BodyHandlers.ofInputStream());
    await().until(() -> one.upstream.openStreams() == 1);

    // When
    A02SessionHijackTest.uses(one.bob, session)
        .forEach(use -> one.stops(use).rejected(404, "session"));
    one.upstream.push(
        TestGate.json("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/for-alice\"}"));

    // Then
    assertThat(lineWith("for-alice", lines(stream))).isNotEmpty();
    stream.body().close();
    await().until(() -> one.upstream.openStreams() == 0);
  }

  @Test
  void inventedSessionIsNoneOnAnyNode() {
    for (Scene scene : List.of(one, other)) {
      for (String invented : List.of("invented", "x".repeat(256), "fixture")) {
        for (HttpRequest.Builder use : A02SessionHijackTest.uses(scene.alice, invented)) {
          scene.stops(use).rejected(404, "session");
        }
      }
    }
  }

  @Test
  void sessionThatTheServerGaveOneGrantCannotBeGivenToAnotherElsewhere() {
    // Given
    assertThat(initialized(one.alice, "fixed").headers().firstValue("Mcp-Session-Id"))
        .contains("fixed");

    // When
    HttpResponse<String> second = initialized(other.bob, "fixed");

    // Then
    assertThat(second.statusCode()).isEqualTo(502);
    assertThat(second.headers().firstValue("Mcp-Session-Id")).isEmpty();
    other
        .stops(other.bob.legacy("fixed", TestClient.legacyCallBody("alpha")))
        .rejected(404, "session");
    one.stops(one.bob.legacy("fixed", TestClient.legacyCallBody("alpha"))).rejected(404, "session");
  }

  private static HttpResponse<String> initialized(TestClient client, String id) {
    one.upstream.answerNext(
        "initialize",
        Answer.status(
            200,
            Map.of("Content-Type", "application/json", "Mcp-Session-Id", id),
            "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-11-25\","
                + "\"capabilities\":{},\"serverInfo\":{\"name\":\"x\",\"version\":\"1\"}}}"));
    return TestClient.send(client.post(TestClient.INITIALIZE));
  }

  @Test
  void sessionThatEndedOnOneNodeIsGoneOnTheOther() {
    // Given
    String session = one.alice.initialize();
    assertThat(other.alice.legacyCall(session, "alpha").statusCode()).isEqualTo(200);

    // When
    TestClient.send(one.alice.legacyStream(session).DELETE());

    // Then
    one.stops(one.alice.legacy(session, TestClient.legacyCallBody("alpha")))
        .rejected(404, "session");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                other
                    .stops(other.alice.legacy(session, TestClient.legacyCallBody("alpha")))
                    .rejected(404, "session"));
  }

  @Test
  void sessionOfAGrantThatIsRevokedIsForgottenAndItsIdIsFree() {
    // Given
    initialized(one.gate.client("carol", "fixture"), "carols");
    assertThat(initialized(other.bob, "carols").statusCode()).isEqualTo(502);

    // When
    String file = one.gate.file().toString();
    CommandRun revoked = CommandRun.of("grant", "revoke", "carol", "--config", file);

    // Then
    assertThat(revoked.exit()).as(revoked.err()).isZero();
    for (Scene scene : List.of(one, other)) {
      scene
          .stops(
              scene
                  .gate
                  .client("carol", "fixture")
                  .legacy("carols", TestClient.legacyCallBody("alpha")))
          .rejected(401, "token");
    }
    await().atMost(PATIENCE).until(() -> initialized(other.bob, "carols").statusCode() == 200);
  }

  /**
   * A call of Alice's at one node whose stream breaks off after events that can be resumed from.
   */
  private static void brokenOff(String session, String event) {
    one.upstream.answerNext(
        "tools/call", Answer.body("text/event-stream", "id: " + event + "\nretry: 10\ndata:\n\n"));
    assertThat(one.alice.legacyCall(session, "alpha").body()).contains(event);
  }

  @Test
  void streamOfOneNodeIsResumedOnTheOther() {
    for (int i = 0; i < 20; i++) {
      // Given
      String session = one.alice.initialize();
      String event = "event-" + i;
      brokenOff(session, event);
      one.upstream.answerNext(
          "GET",
          Answer.body(
              "text/event-stream",
              "id: "
                  + event
                  + "-next\ndata: {\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"content\":[]}}\n\n"
                  + "data: {\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{\"stray\":1}}\n\n"));

      // When
      HttpResponse<String> answer =
          TestClient.send(other.alice.legacyStream(session).header("Last-Event-ID", event));

      // Then
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).contains("\"result\"", event + "-next").doesNotContain("stray");
      assertThat(other.received(answer).header("Last-Event-ID")).contains(event);
      assertThat(other.received(answer).header("Mcp-Session-Id")).contains(session);
      one.upstream.answerNext("GET", Answer.body("text/event-stream", ": again\n\n"));
      assertThat(
              TestClient.send(
                      one.alice.legacyStream(session).header("Last-Event-ID", event + "-next"))
                  .body())
          .isEqualTo(": again\n\n");
    }
  }

  @Test
  void listThatComesAgainOnAnotherNodeIsFilteredThere() {
    // Given
    String session = one.alice.initialize();
    one.upstream.answerNext(
        "tools/list", Answer.body("text/event-stream", "id: list-1\nretry: 10\ndata:\n\n"));
    TestClient.send(
        one.alice.legacy(session, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\"}"));
    one.upstream.answerNext(
        "GET",
        Answer.body(
            "text/event-stream",
            "data: {\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{\"tools\":[{\"name\":\"alpha\","
                + "\"inputSchema\":{}},{\"name\":\"hidden\",\"inputSchema\":{}}]}}\n\n"));

    // When
    HttpResponse<String> answer =
        TestClient.send(other.alice.legacyStream(session).header("Last-Event-ID", "list-1"));

    // Then
    assertThat(answer.body()).contains("alpha").doesNotContain("hidden");
  }

  @Test
  void eventOfAnotherSessionIsNotThereOnAnyNode() {
    // Given
    String alices = one.alice.initialize();
    String second = other.alice.initialize();
    String bobs = other.bob.initialize();
    brokenOff(alices, "alices");

    // Then
    for (Scene scene : List.of(one, other)) {
      Scene.Stopped foreign =
          scene.stops(scene.bob.legacyStream(bobs).header("Last-Event-ID", "alices"));
      assertThat(foreign.rejected(404, "event").withError(-31404).body())
          .isEqualTo(
              scene.stops(scene.bob.legacyStream(bobs).header("Last-Event-ID", "absent")).body());
      scene
          .stops(scene.bob.legacyStream(alices).header("Last-Event-ID", "alices"))
          .rejected(404, "session");
      scene
          .stops(scene.alice.legacyStream(second).header("Last-Event-ID", "alices"))
          .rejected(404, "event");
    }
  }

  /** A call of Alice's at one node during which the server has asked her something. */
  private static BufferedReader asked(String session, String question) throws Exception {
    ObjectNode request =
        (ObjectNode)
            TestGate.json(
                "{\"jsonrpc\":\"2.0\",\"id\":\""
                    + question
                    + "\",\"method\":\"elicitation/create\",\"params\":{}}");
    one.upstream.answerNext("tools/call", Answer.askingFirst(request));
    BufferedReader call =
        lines(
            TestGate.HTTP.send(
                one.alice.legacy(session, TestClient.legacyCallBody("alpha")).build(),
                BodyHandlers.ofInputStream()));
    assertThat(lineWith("elicitation/create", call)).isNotEmpty();
    return call;
  }

  private static BufferedReader lines(HttpResponse<InputStream> stream) {
    return new BufferedReader(new InputStreamReader(stream.body()));
  }

  private static String lineWith(String text, BufferedReader lines) throws IOException {
    String line = lines.readLine();
    while (line != null && !line.contains(text)) {
      line = lines.readLine();
    }
    return line;
  }

  @Test
  void questionOfOneNodeIsAnsweredAtTheOtherOnce() throws Exception {
    // Given
    String session = one.alice.initialize();
    BufferedReader call = asked(session, "q-1");
    String answered = String.format(ACCEPTED, "q-1");
    String bobs = other.bob.initialize();
    other.stops(other.bob.legacy(bobs, answered)).rejected(400, "unsolicited-response");
    other.stops(other.bob.legacy(session, answered)).rejected(404, "session");

    // When
    HttpResponse<String> answer = TestClient.send(other.alice.legacy(session, answered));

    // Then
    assertThat(answer.statusCode()).isEqualTo(202);
    assertThat(other.received(answer).text()).contains("\"accept\"");
    for (Scene scene : List.of(one, other)) {
      scene.stops(scene.alice.legacy(session, answered)).rejected(400, "unsolicited-response");
    }
    assertThat(lineWith("\"result\"", call)).isNotEmpty();
  }

  @Test
  void ofManyAnswersAtOnceAtAllNodesOneReachesTheServer() throws Exception {
    // Given
    String session = one.alice.initialize();
    BufferedReader call = asked(session, "q-2");

    // When
    List<CompletableFuture<HttpResponse<String>>> answers =
        IntStream.range(0, 12)
            .mapToObj(i -> i % 2 == 0 ? one.alice : other.alice)
            .map(
                alice ->
                    TestGate.HTTP.sendAsync(
                        alice.legacy(session, String.format(ACCEPTED, "q-2")).build(),
                        BodyHandlers.ofString()))
            .toList();

    // Then
    assertThat(answers.stream().filter(a -> a.join().statusCode() == 202)).hasSize(1);
    assertThat(one.received().stream().filter(r -> r.text().contains("\"q-2\""))).hasSize(1);
    assertThat(lineWith("\"result\"", call)).isNotEmpty();
  }

  @Test
  void declaredCapabilitiesHoldOnTheOtherNode() throws Exception {
    // Given
    String session = one.alice.initialize();
    String silent =
        TestClient.send(
                one.alice.post(
                    TestClient.INITIALIZE.replaceAll(
                        "\"capabilities\":\\{.*?\\},\"clientInfo",
                        "\"capabilities\":{},\"clientInfo")))
            .headers()
            .firstValue("Mcp-Session-Id")
            .orElseThrow();

    for (String opened : List.of(session, silent)) {
      // When
      one.upstream.answerNext(
          "tools/call",
          Answer.sseAfter(
              List.of(
                  TestGate.json(
                      "{\"jsonrpc\":\"2.0\",\"id\":\"r\",\"method\":\"roots/list\","
                          + "\"params\":{}}"))));
      String body = other.alice.legacyCall(opened, "alpha").body();

      // Then
      assertThat(body.contains("roots/list")).isEqualTo(opened.equals(session));
    }
  }

  /** A task of Alice's, begun at one node in the way of either era. */
  private static void begin(String task, boolean stream) {
    String body =
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"task\",\"taskId\":\""
            + task
            + "\",\"status\":\"working\"}}";
    one.upstream.answerNext(
        "tools/call",
        stream
            ? Answer.body("text/event-stream", "data: " + body + "\n\n")
            : Answer.body("application/json", body));
    assertThat(one.alice.call("alpha").body()).contains(task);
  }

  @Test
  void taskOfOneNodeIsReachedAtTheOtherByItsOwnerOnly() {
    for (boolean stream : List.of(false, true)) {
      // Given
      String task = "task-" + stream;
      String named = "\"taskId\":\"" + task + "\"";
      begin(task, stream);
      one.upstream.answerNext(
          "tasks/get",
          Answer.body("application/json", "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}"));

      // When
      HttpResponse<String> own =
          TestClient.send(other.alice.modern("tasks/get", named).header("Mcp-Name", task));

      // Then
      assertThat(other.received(own).text()).contains(task);
      for (Scene scene : List.of(one, other)) {
        for (String method : List.of("tasks/get", "tasks/update", "tasks/cancel")) {
          scene
              .stops(scene.bob.modern(method, named).header("Mcp-Name", task))
              .denied(400, "(unknown task)");
        }
        scene
            .stops(
                scene.bob.modern(
                    "subscriptions/listen", "\"notifications\":{\"taskIds\":[\"" + task + "\"]}"))
            .denied(200, "(unknown task)");
      }
    }
  }

  @Test
  void listOfTasksHoldsOwnOnesOfAllNodes() {
    // Given
    begin("listed", false);
    String tasks =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tasks\":[{\"taskId\":\"listed\"},"
            + "{\"taskId\":\"foreign\"}]}}";
    String list = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tasks/list\",\"params\":{}}";
    for (TestClient client : List.of(other.alice, other.bob)) {
      // When
      one.upstream.answerNext("tasks/list", Answer.body("application/json", tasks));
      String body = TestClient.send(client.legacy(client.initialize(), list)).body();

      // Then
      assertThat(body).contains("\"tasks\":[").doesNotContain("foreign");
      assertThat(body.contains("listed")).isEqualTo(client.equals(other.alice));
    }
  }
}
