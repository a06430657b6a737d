package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.Tool;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that leave at any moment get no call for nothing, and leave nothing behind. */
@Timeout(120)
class LeavingTest {
  private static final int MAX = 1_000;
  private static FixtureServer upstream;
  private static TestGate gate;
  private static TestClient client;

  @BeforeAll
  static void start() {
    upstream = FixtureServer.start(Tool.named("alpha"), Tool.named("beta"));
    String limits =
        "{\"limits\":[{\"counter\":\"c\",\"window\":10000000,\"max\":"
            + MAX
            + ",\"on_deny\":\"x\"}]}";
    gate =
        TestGate.before("fixture", upstream)
            .policy(
                "limited",
                "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"alpha\":"
                    + limits
                    + ",\"beta\":"
                    + limits.replace(":" + MAX, ":5").replace("\"c\"", "\"d\"")
                    + "}}")
            .grant("client", "fixture", "limited");
    gate.start();
    client = gate.client("client", "fixture");
    client.list();
  }

  @AfterAll
  static void stop() {
    gate.close();
    upstream.close();
  }

  private static String call(String tool) {
    String body =
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\""
            + tool
            + "\",\"arguments\":{},"
            + TestClient.META
            + "}}";
    return "POST /mcp/fixture HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
        + client.token()
        + "\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        + "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: "
        + tool
        + "\r\nContent-Length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  @Test
  void unitsAreTakenForExactlyTheCallsThatMayHaveRun() throws Exception {
    // Given
    long before = upstream.calls("alpha");

    // When
    for (int i = 0; i < 300; i++) {
      try (RawHttp http = new RawHttp(gate.url("fixture"))) {
        byte[] bytes = call("alpha").getBytes(StandardCharsets.UTF_8);
        http.send(bytes);
        LockSupport.parkNanos(i * 20_000L); // another phase of the call each time
        http.reset();
      }
    }
    gate.assertNothingInFlight();
    await().until(() -> count("decision", "allowed") == count("completion", ""));

    // Then
    long ran = upstream.calls("alpha") - before;
    // Written to the server, and cancelled before it ran: it may have, so it is paid for.
    long unclear = count("decision", "allowed") - refunded() - ran;
    assertThat(unclear).isNotNegative();
    int left = 0;
    while (client.call("alpha").body().contains("\"text\":\"alpha\"")) {
      left++;
    }
    assertThat(left).isEqualTo(MAX - ran - unclear);
  }

  private static long refunded() {
    return gate.audit().stream().filter(r -> r.path("refunded").size() > 0).count();
  }

  private static long count(String event, String outcome) {
    return gate.audit().stream()
        .filter(r -> r.path("event").asText().equals(event))
        .filter(r -> r.path("tool").asText().equals("alpha"))
        .filter(r -> outcome.isEmpty() || r.path("outcome").asText().equals(outcome))
        .count();
  }

  @Test
  void callsThatMayHaveRunAreNotGivenBack() {
    // Given
    String result = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}";
    String error = "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1,\"message\":\"m\"}}";
    Map<String, String> json = Map.of("Content-Type", "application/json");
    upstream.answerNext("tools/call", Answer.status(400, json, result));
    upstream.answerNext("tools/call", Answer.status(200, json, error));
    upstream.answerNext("tools/call", Answer.status(500, json, error));
    upstream.answerNext("tools/call", Answer.resetAfterRunning());
    upstream.answerNext("tools/call", Answer.resetAfterHeaders());

    // When
    for (int i = 0; i < 5; i++) {
      client.call("beta");
    }

    // Then
    assertThat(client.call("beta").body()).contains("\"outcome\":\"limited\"");
  }
}
