package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A21: arguments of another type or form than the author of the policy had in mind.
 *
 * <p>Where arguments need not be an object, the policy judges empty ones and the server gets the
 * others.
 */
@Timeout(180)
class A21ArgumentJugglingTest {
  private static final String TYPED =
      "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{"
          + "\"pay\":{\"deny_if\":[{\"conditions\":[{\"path\":\"args.amount\",\"op\":\"gt\",\"value\":100}]},"
          + "{\"conditions\":[{\"path\":\"args.live\",\"op\":\"eq\",\"value\":true}]},"
          + "{\"conditions\":[{\"path\":\"args.to.iban\",\"op\":\"eq\",\"value\":\"EVIL\"}]}]},"
          + "\"read\":{\"require\":[{\"conditions\":[{\"path\":\"args.path\",\"op\":\"path_within\","
          + "\"value\":[\"/srv/data\"]}]}]}}}";

  private static Scene scene;
  private static TestClient client;

  @BeforeAll
  static void start() {
    scene =
        Scene.start(
            FixtureServer.with().tools(Tool.named("pay"), Tool.named("read")),
            gate -> gate.policy("typed", TYPED).grant("typed", "fixture", "typed"));
    client = scene.gate.client("typed", "fixture");
    client.list();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"x\"", "\"{}\"", "[]", "[{}]", "null", "0", "true", "1e3", "\"\""})
  void argumentsThatAreNoObjectAreRefused(String arguments) {
    scene.stops(client.modernCall("pay", arguments)).rejected(400, "bad-params").withError(-32602);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"amount\":101}",
        "{\"amount\":1e3}",
        "{\"amount\":\"101\"}",
        "{\"amount\":\"5\"}",
        "{\"amount\":[101]}",
        "{\"amount\":[5]}",
        "{\"amount\":{\"amount\":5}}",
        "{\"amount\":null}",
        "{\"amount\":true}",
        "{\"amount\":100.00000000000000000001}"
      })
  void amountThatIsNoSmallNumberIsDenied(String arguments) {
    scene.stops(client.modernCall("pay", arguments)).denied(200, "/tools/pay/deny_if/0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"amount\":5,\"live\":true}",
        "{\"amount\":5,\"live\":\"true\"}",
        "{\"amount\":5,\"live\":1}",
        "{\"amount\":5,\"live\":[true]}"
      })
  void switchThatIsNotFalseIsDenied(String arguments) {
    scene.stops(client.modernCall("pay", arguments)).denied(200, "/tools/pay/deny_if/1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"to\":\"{\\\"iban\\\":\\\"EVIL\\\"}\"}",
        "{\"to\":5}",
        "{\"to\":{\"iban\":[\"EVIL\"]}}",
        "{\"to\":{\"\\u0069ban\":\"EVI\\u004c\"}}"
      })
  void jsonInsideATextIsNoObject(String arguments) {
    scene.stops(client.modernCall("pay", arguments)).denied(200, "/tools/pay/deny_if/2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/srv/data/../../etc/passwd",
        "/srv/data/%2e%2e/%2e%2e/etc/passwd",
        "/srv/data/%252e%252e/x",
        "/srv/data/..%2fx",
        "\\\\\\\\?\\\\C:\\\\srv\\\\data",
        "/srv/data\\\\..\\\\..\\\\etc",
        "/srv/data/..;/x",
        "//srv/data/x",
        "/SRV/data/x",
        "file:///srv/data/x",
        "/srv/data/x\\u0000.txt",
        "~/srv/data",
        "srv/data/x",
        "",
        "/srv/data2/x",
        "/srv/data/\\u2025/x"
      })
  void pathThatSomeServerReadsAsAnotherIsDenied(String path) {
    scene
        .stops(client.modernCall("read", "{\"path\":\"" + path + "\"}"))
        .denied(200, "/tools/read/require/0");
  }

  @Test
  void missingArgumentsAreEmptyArguments() {
    // When
    HttpResponse<String> pay =
        TestClient.send(client.modern("tools/call", "\"name\":\"pay\"").header("Mcp-Name", "pay"));
    Scene.Stopped read =
        scene.stops(client.modern("tools/call", "\"name\":\"read\"").header("Mcp-Name", "read"));

    // Then
    assertThat(pay.body()).contains("\"text\":\"pay\"");
    read.denied(200, "/tools/read/require/0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{ \"amount\" : 1.50e1 , \"live\":false,\"to\":{\"iban\":\"\\u0041\"} }",
        "{\"amount\":-0,\"x\":9007199254740993,\"y\":\"\\/\"}"
      })
  void whatWasJudgedIsForwardedAsItWasWritten(String arguments) {
    // When
    HttpResponse<String> answer = client.call("pay", arguments);

    // Then
    assertThat(scene.received(answer).text()).contains("\"arguments\":" + arguments);
    assertThat(scene.gate.decision(answer).get("outcome").asText()).isEqualTo("allowed");
  }
}
