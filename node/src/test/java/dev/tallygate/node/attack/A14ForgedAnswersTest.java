package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A14: an answer to a question that the server did not ask this session, such as a consent.
 *
 * <p>Without {@code Gate.requireQuestion} every invented consent reaches the server, twice if it is
 * sent twice.
 */
@Timeout(180)
class A14ForgedAnswersTest {
  private static final String ACCEPTED =
      "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"action\":\"accept\",\"content\":{}}}";
  private static final String REFUSED =
      "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-1,\"message\":\"no\"}}";

  private static Scene scene;
  private String session;

  @BeforeAll
  static void start() {
    scene = Scene.start();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  @BeforeEach
  void open() {
    session = scene.alice.initialize();
  }

  private static String accepted(String id) {
    return String.format(ACCEPTED, id);
  }

  /** A call of Alice's during which the server has asked her something. */
  private BufferedReader asked(String id) throws IOException, InterruptedException {
    ObjectNode question =
        (ObjectNode)
            TestGate.json(
                "{\"jsonrpc\":\"2.0\",\"id\":"
                    + id
                    + ",\"method\":\"elicitation/create\",\"params\":{}}");
    scene.upstream.answerNext("tools/call", Answer.askingFirst(question));
    HttpResponse<java.io.InputStream> call =
        TestGate.HTTP.send(
            scene.alice.legacy(session, TestClient.legacyCallBody("alpha")).build(),
            BodyHandlers.ofInputStream());
    BufferedReader lines = new BufferedReader(new InputStreamReader(call.body()));
    assertThat(lines.readLine() + lines.readLine()).contains("elicitation/create");
    return lines;
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "\"q-1\"", "0", "\"\"", "-1", "9007199254740991"})
  void answerToNoQuestionIsRefused(String id) {
    for (String form : List.of(ACCEPTED, REFUSED)) {
      scene
          .stops(scene.alice.legacy(session, String.format(form, id)))
          .rejected(400, "unsolicited-response");
    }
  }

  @Test
  void answerOutsideOfASessionIsRefused() {
    scene.stops(scene.alice.post(accepted("1"))).rejected(400, "unsolicited-response");
    scene.stops(scene.alice.legacy("invented", accepted("1"))).rejected(404, "session");
  }

  @Test
  void questionIsAnsweredOnceAndByTheSessionThatWasAsked() throws Exception {
    // Given
    String others = scene.bob.initialize();
    String second = scene.alice.initialize();
    BufferedReader call = asked("\"q-1\"");

    // Then
    scene
        .stops(scene.bob.legacy(others, accepted("\"q-1\"")))
        .rejected(400, "unsolicited-response");
    scene.stops(scene.bob.legacy(session, accepted("\"q-1\""))).rejected(404, "session");
    scene
        .stops(scene.alice.legacy(second, accepted("\"q-1\"")))
        .rejected(400, "unsolicited-response");
    scene.stops(scene.alice.post(accepted("\"q-1\""))).rejected(400, "unsolicited-response");
    for (String wrong : List.of("\"q-2\"", "\"Q-1\"", "1", "\"q-1 \"")) {
      scene
          .stops(scene.alice.legacy(session, accepted(wrong)))
          .rejected(400, "unsolicited-response");
    }
    HttpResponse<String> answer = TestClient.send(scene.alice.legacy(session, accepted("\"q-1\"")));
    assertThat(answer.statusCode()).isEqualTo(202);
    assertThat(scene.received(answer).text()).contains("\"accept\"");
    scene
        .stops(scene.alice.legacy(session, accepted("\"q-1\"")))
        .rejected(400, "unsolicited-response");
    assertThat(String.join("", call.lines().toList())).contains("\"result\"");
  }

  @Test
  void numberAndTextAreDifferentQuestions() throws Exception {
    // Given
    BufferedReader call = asked("1");

    // Then
    scene
        .stops(scene.alice.legacy(session, accepted("\"1\"")))
        .rejected(400, "unsolicited-response");
    assertThat(TestClient.send(scene.alice.legacy(session, accepted("1"))).statusCode())
        .isEqualTo(202);
    assertThat(String.join("", call.lines().toList())).contains("\"result\"");
  }

  @Test
  void questionEndsWithItsSession() throws Exception {
    // Given
    BufferedReader call = asked("7");

    // When
    TestClient.send(scene.alice.legacyStream(session).DELETE());

    // Then
    scene.stops(scene.alice.legacy(session, accepted("7"))).rejected(404, "session");
    call.close();
  }

  @Test
  void modernEraHasNoAnswersOfClients() throws Exception {
    // Given
    BufferedReader call = asked("1");

    // Then
    for (String form : List.of(ACCEPTED, REFUSED)) {
      for (String version : List.of("2026-07-28", "2099-01-01")) {
        scene
            .stops(
                scene
                    .alice
                    .post(String.format(form, "1"))
                    .header("MCP-Protocol-Version", version)
                    .header("Mcp-Session-Id", session))
            .rejected(400, "response")
            .withError(-32600);
      }
    }
    call.close();
  }

  @Test
  void questionOnAModernStreamIsNeitherDeliveredNorAnswered() {
    // Given
    scene.upstream.answerNext(
        "tools/call",
        Answer.sseAfter(
            List.of(
                TestGate.json(
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sampling/createMessage\","
                        + "\"params\":{}}"))));

    // When
    String body = scene.alice.call("alpha").body();

    // Then
    assertThat(body).contains("\"result\"").doesNotContain("sampling");
    scene.stops(scene.alice.legacy(session, accepted("1"))).rejected(400, "unsolicited-response");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{\"code\":1,\"message\":\"x\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"method\":\"tools/call\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"params\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"x\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"result\":{}}"
      })
  void answerThatIsHalfSomethingElseIsRefused(String body) throws Exception {
    // Given
    BufferedReader call = asked("1");

    // Then
    assertThat(scene.stops(scene.alice.legacy(session, body)).status()).isEqualTo(400);
    call.close();
  }
}
