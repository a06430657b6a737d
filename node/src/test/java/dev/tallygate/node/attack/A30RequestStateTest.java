package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.gate.TestClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A30: the state of an exchange in several rounds, which travels through the client. The gate keeps
 * none of its own yet; the server's is the server's to check, and buys nothing here.
 *
 * <p>Where a message with {@code requestState} counts as a round of an allowed call, any argument,
 * any tool and any grant passes with it.
 */
@Timeout(180)
class A30RequestStateTest {
  private static final String STATE = "{\\\"n\\\":1}.\\u00e9+/==\\/\\ud83d\\ude00 ";
  private static final String CHANGING =
      "{\"version\":\"1\",\"default\":\"deny\",\"list\":\"all\",\"tools\":{\"alpha\":{\"deny_if\":[{"
          + "\"conditions\":[{\"path\":\"args.amount\",\"op\":\"gt\",\"value\":100}]}]}}}";

  private Scene scene;
  private TestClient client;

  @BeforeEach
  void start() {
    scene =
        Scene.start(
            FixtureServer.with(),
            gate -> gate.policy("changing", CHANGING).grant("pays", "fixture", "changing"));
    client = scene.gate.client("pays", "fixture");
  }

  @AfterEach
  void stop() {
    scene.close();
  }

  private static HttpRequest.Builder round(TestClient by, String tool, String arguments) {
    return by.modern(
            "tools/call",
            "\"name\":\""
                + tool
                + "\",\"arguments\":"
                + arguments
                + ",\"requestState\":\""
                + STATE
                + "\",\"inputResponses\":{\"q\":{\"action\":\"accept\"}}")
        .header("Mcp-Name", tool);
  }

  private void asksFirst() {
    scene.upstream.answerNext(
        "tools/call",
        Answer.body(
            "application/json",
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":\"input_required\","
                + "\"requestState\":\""
                + STATE
                + "\"}}"));
  }

  @Test
  void stateOfTheServerPassesBothWaysUntouched() {
    // Given
    asksFirst();

    // When
    HttpResponse<String> first = client.call("alpha", "{\"amount\":5}");
    HttpResponse<String> second = TestClient.send(round(client, "alpha", "{\"amount\":5}"));

    // Then
    assertThat(first.body()).contains("\"requestState\":\"" + STATE + "\"");
    assertThat(scene.received(second).text()).contains("\"requestState\":\"" + STATE + "\"");
    assertThat(second.body()).contains("\"text\":\"alpha\"");
    assertThat(scene.gate.decision(second).get("outcome").asText()).isEqualTo("allowed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"amount\":5000}", "{\"amount\":\"5\"}"})
  void roundWithOtherArgumentsIsJudgedAnew(String arguments) {
    // Given
    asksFirst();
    client.call("alpha", "{\"amount\":5}");

    // Then
    scene.stops(round(client, "alpha", arguments)).denied(200, "/tools/alpha/deny_if/0");
  }

  @Test
  void roundWithAnotherToolIsJudgedAnew() {
    // Given
    asksFirst();
    client.call("alpha", "{\"amount\":5}");

    // Then
    scene.stops(round(client, "denied", "{}")).denied(200, "(default deny)");
  }

  @Test
  void stateOfAnotherGrantOpensNothing() {
    // Given
    asksFirst();
    scene.alice.call("alpha", "{\"amount\":5000}");

    // Then
    scene.stops(round(client, "alpha", "{\"amount\":5000}")).denied(200, "/tools/alpha/deny_if/0");
  }

  @Test
  void roundAfterAChangeOfThePolicyIsJudgedByTheNewOne() {
    // Given
    asksFirst();
    client.call("alpha", "{\"amount\":5}");
    scene.gate.changePolicy("changing", CHANGING.replace("100", "1"));

    // Then
    scene.stops(round(client, "alpha", "{\"amount\":5}")).denied(200, "/tools/alpha/deny_if/0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"RequestState\":\"x\"",
        "\"requestState\":\"y\"",
        "\"request\u200bState\":\"y\""
      })
  void secondStateIsRefused(String second) {
    // When
    Scene.Stopped stopped =
        scene.stops(
            client
                .modern("tools/call", "\"name\":\"alpha\",\"requestState\":\"x\"," + second)
                .header("Mcp-Name", "alpha"));

    // Then
    assertThat(stopped.status()).isEqualTo(400);
    assertThat(stopped.record().get("kind").asText()).isIn("ambiguous-key", "duplicate-key");
  }
}
