package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.gate.TestClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A15: what may not be called is reached by another method: a vendor's own, a completion, a task of
 * somebody else, a retry with other arguments.
 *
 * <p>Without {@code Gate.requireOwnTasks} Bob reads, answers and ends Alice's tasks; without the
 * list of methods in {@code Judge} a vendor's own way to call reaches the server.
 */
@Timeout(180)
class A15SideDoorsTest {
  private static final String CAREFUL =
      "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"alpha\":{\"deny_if\":[{"
          + "\"conditions\":[{\"path\":\"args.a\",\"op\":\"gt\",\"value\":1}],"
          + "\"on_deny\":\"a may be 1 at most.\"}]}}}";

  private static Scene scene;

  @BeforeAll
  static void start() {
    scene =
        Scene.start(
            FixtureServer.with(),
            gate -> {
              gate.policy("careful", CAREFUL).grant("careful", "fixture", "careful");
              gate.grantNode("nobody", "fixture");
              gate.server("bare", java.net.URI.create("http://127.0.0.1:1/mcp"))
                  .grant("bare", "bare", "some");
              gate.server("bare").putArray("methods").add("initialize");
            });
    scene.alice.list();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static List<TestClient> everybody() {
    return List.of(
        scene.alice,
        scene.bob,
        scene.gate.client("careful", "fixture"),
        scene.gate.client("nobody", "fixture"));
  }

  private static String request(String method, String params) {
    return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\""
        + method
        + "\",\"params\":{"
        + params
        + "}}";
  }

  @ParameterizedTest
  @ValueSource(strings = {"hidden", "denied", "absent", "alpha "})
  void toolThatMayNotBeCalledIsCalledByNobody(String tool) {
    for (TestClient client : everybody()) {
      String session = client.initialize();
      scene.stops(client.legacy(session, TestClient.legacyCallBody(tool)));
      scene.stops(
          client
              .post(TestClient.modernBody(tool))
              .header("MCP-Protocol-Version", "2026-07-28")
              .header("Mcp-Method", "tools/call")
              .header("Mcp-Name", tool.strip()));
    }
    scene.stops(scene.alice.modernCall("hidden", "{}")).denied(200, "(hidden)").withError(-32602);
    scene.stops(scene.alice.modernCall("denied", "{}")).denied(200, "(default deny)");
    scene
        .stops(scene.gate.client("nobody", "fixture").modernCall("alpha", "{}"))
        .denied(200, "(no policy)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vendor/call",
        "tools/call/hidden",
        "tools/invoke",
        "tools/Call",
        "Tools/call",
        "tools//call",
        "tools/call/",
        "/tools/call",
        "call",
        "tool/call",
        "mcp/tools/call",
        "$/call",
        "rpc.discover",
        "system.multicall",
        "sampling/createMessage",
        "elicitation/create",
        "roots/list",
        "tasks/create",
        "tasks/delete"
      })
  void methodThatIsNotKnownIsLetThroughForNobody(String method) {
    for (TestClient client : everybody()) {
      scene
          .stops(
              client.legacy(
                  client.initialize(), request(method, "\"name\":\"hidden\",\"arguments\":{}")))
          .denied(200, "(method)")
          .withError(-32601);
      scene
          .stops(client.modern(method, "\"name\":\"hidden\",\"arguments\":{}"))
          .denied(404, "(method)")
          .withError(-32601);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ping",
        "server/discover",
        "subscriptions/listen",
        "logging/setLevel",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "tasks/list",
        "tools/xlist"
      })
  void serverThatNamesItsMethodsGetsNoOthers(String method) {
    scene.stops(scene.gate.client("bare", "bare").modern(method, "")).denied(404, "(method)");
  }

  @Test
  void toolIsNoPromptAndNoReference() {
    // A tool is no kind of reference: neither by its own type nor beside a prompt's name.
    for (String ref :
        List.of(
            "{\"type\":\"ref/tool\",\"name\":\"hidden\"}",
            "{\"type\":\"ref/prompt\",\"name\":\"p\",\"uri\":\"tool://hidden\"}",
            "{\"type\":\"ref/prompt\"}",
            "\"hidden\"")) {
      scene
          .stops(
              scene.alice.legacy(
                  scene.alice.initialize(),
                  request(
                      "completion/complete",
                      "\"ref\":" + ref + ",\"argument\":{\"name\":\"a\",\"value\":\"\"}")))
          .rejected(400, "bad-params");
    }
  }

  @Test
  void retryWithOtherArgumentsIsDecidedAnew() {
    // Given
    TestClient careful = scene.gate.client("careful", "fixture");
    scene.upstream.answerNext(
        "tools/call",
        Answer.body(
            "application/json",
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"input_required\","
                + "\"inputRequests\":{},\"requestState\":\"s\"}}"));
    HttpResponse<String> first = careful.call("alpha", "{\"a\":1}");
    assertThat(first.body()).contains("input_required");
    String retry = ",\"inputResponses\":{},\"requestState\":\"s\"";

    // Then
    scene
        .stops(careful.modernCall("alpha", "{\"a\":2}" + retry))
        .denied(200, "/tools/alpha/deny_if/0");
    scene.stops(careful.modernCall("denied", "{\"a\":1}" + retry)).denied(200, "(default deny)");
    HttpResponse<String> same = TestClient.send(careful.modernCall("alpha", "{\"a\":1}" + retry));
    assertThat(same.body()).contains("\"content\"");
    assertThat(scene.gate.decision(same).get("decisionId").asText())
        .isNotEqualTo(scene.gate.decision(first).get("decisionId").asText());
  }

  /** A task of Alice's, begun in the way of either era. */
  private static void begin(String task, boolean modern, boolean stream) {
    String body =
        modern
            ? "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"task\",\"taskId\":\""
                + task
                + "\",\"status\":\"working\"}}"
            : "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"task\":{\"taskId\":\""
                + task
                + "\",\"status\":\"working\"}}}";
    scene.upstream.answerNext(
        "tools/call",
        stream
            ? Answer.body("text/event-stream", "data: " + body + "\n\n")
            : Answer.body("application/json", body));
    HttpResponse<String> answer =
        modern
            ? scene.alice.call("alpha")
            : scene.alice.legacyCall(scene.alice.initialize(), "alpha");
    assertThat(answer.body()).contains(task);
  }

  /** Everything that can be done with a task. */
  private static List<HttpRequest.Builder> uses(TestClient client, String task) {
    String session = client.initialize();
    String id = "\"taskId\":\"" + task + "\"";
    return List.of(
        client.legacy(session, request("tasks/get", id)),
        client.legacy(session, request("tasks/result", id)),
        client.legacy(session, request("tasks/cancel", id)),
        client.modern("tasks/get", id).header("Mcp-Name", task),
        client.modern("tasks/update", id + ",\"inputResponses\":{}").header("Mcp-Name", task),
        client.modern("tasks/cancel", id).header("Mcp-Name", task),
        client.modern("tasks/result", id),
        client.modern("subscriptions/listen", "\"notifications\":{\"taskIds\":[\"" + task + "\"]}"),
        client.modern("subscriptions/listen", "\"taskIds\":[\"" + task + "\"]"));
  }

  @Test
  void taskOfAnotherGrantDoesNotExist() {
    for (boolean modern : List.of(false, true)) {
      for (boolean stream : List.of(false, true)) {
        // Given
        String task = "task-" + modern + "-" + stream;
        begin(task, modern, stream);

        // Then
        List<Integer> statuses = List.of(200, 200, 200, 400, 400, 400, 404, 200, 200);
        List<HttpRequest.Builder> uses = uses(scene.bob, task);
        for (int i = 0; i < uses.size(); i++) {
          int status = statuses.get(i);
          scene
              .stops(uses.get(i))
              .denied(status, "(unknown task)")
              // As a server answers a client that did not declare tasks, or a method of the past.
              .withError(status == 400 ? -32021 : status == 404 ? -32601 : -32602);
        }
        assertThat(uses(scene.bob, task).stream().map(use -> scene.stops(use).body()).toList())
            .isEqualTo(
                uses(scene.bob, "absent").stream().map(use -> scene.stops(use).body()).toList());
      }
    }
  }

  @Test
  void ownerReachesHerTask() {
    // Given
    begin("hers", true, false);

    // Then
    for (HttpRequest.Builder use : uses(scene.alice, "hers").subList(0, 7)) {
      scene.upstream.answerNext(
          "*",
          Answer.status(
              200,
              java.util.Map.of("Content-Type", "application/json"),
              "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"));
      HttpResponse<String> answer = TestClient.send(use);
      assertThat(scene.received(answer).text()).contains("hers");
    }
  }

  @Test
  void taskIsNotTakenOverByAnAnswerThatNamesIt() {
    // Given
    begin("taken", true, false);
    scene.upstream.answerNext(
        "tools/call",
        Answer.body(
            "application/json",
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"task\",\"taskId\":\"taken\","
                + "\"status\":\"working\"}}"));

    // When
    scene.bob.call("alpha");

    // Then
    scene
        .stops(scene.bob.modern("tasks/get", "\"taskId\":\"taken\"").header("Mcp-Name", "taken"))
        .denied(400, "(unknown task)");
  }

  @Test
  void oneForeignTaskAmongOwnOnesIsEnough() {
    // Given
    begin("own", true, false);

    // Then
    for (String ids : List.of("[\"own\",\"foreign\"]", "[\"own\",7]", "[\"own\",{}]", "[\"\"]")) {
      scene
          .stops(
              scene.alice.modern(
                  "subscriptions/listen", "\"notifications\":{\"taskIds\":" + ids + "}"))
          .denied(200, "(unknown task)");
    }
  }

  @Test
  void listOfTasksHoldsOwnOnes() {
    // Given
    begin("mine", false, false);
    String tasks =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tasks\":[{\"taskId\":\"mine\",\"status\":\"working\"},"
            + "{\"taskId\":\"other\",\"status\":\"working\"}]}}";
    for (TestClient client : List.of(scene.alice, scene.bob)) {
      for (Answer answer :
          List.of(
              Answer.body("application/json", tasks),
              Answer.body("text/event-stream", "data: " + tasks + "\n\n"))) {
        // When
        scene.upstream.answerNext("tasks/list", answer);
        String body =
            TestClient.send(client.legacy(client.initialize(), request("tasks/list", ""))).body();

        // Then
        assertThat(body.contains("mine")).isEqualTo(client.equals(scene.alice));
        assertThat(body).contains("\"tasks\":[").doesNotContain("other");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Tasks", "TASKS", "task\u017f"})
  void listOfTasksThatIsNotNamedSoIsNotRelayed(String member) {
    scene.upstream.answerNext(
        "tasks/list",
        Answer.body(
            "application/json",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\""
                + member
                + "\":[{\"taskId\":\"foreign\"}]}}"));
    HttpResponse<String> answer =
        TestClient.send(scene.alice.legacy(scene.alice.initialize(), request("tasks/list", "")));
    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.body()).doesNotContain("foreign");
  }
}
