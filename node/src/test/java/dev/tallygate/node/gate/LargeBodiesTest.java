package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a node does with more large requests than its heap can bear. */
@Timeout(180)
class LargeBodiesTest {
  private static final int LARGE = 4 * 1024 * 1024;

  private static FixtureServer upstream;
  private static TestGate gate;
  private static TestClient client;
  private static String session;

  @BeforeAll
  static void start() {
    upstream = FixtureServer.start(Tool.named("alpha"));
    gate =
        TestGate.before("fixture", upstream)
            .policy("open", "{\"version\":\"1\",\"default\":\"allow\"}")
            .grant("alice", "fixture", "open")
            .start();
    client = gate.client("alice", "fixture");
    session = client.initialize();
  }

  @AfterAll
  static void stop() {
    gate.assertNothingInFlight();
    gate.close();
    upstream.close();
  }

  /** Asks whether the node takes a body of that many bytes, and sends none of it. */
  private static RawHttp.Response asked(RawHttp http, int bytes) throws IOException {
    return http.head("POST", "/mcp/fixture", headers("Content-Length: " + bytes)).read();
  }

  private static String[] headers(String length) {
    return new String[] {
      "Authorization: Bearer " + client.token(),
      "Content-Type: application/json",
      "Accept: application/json, text/event-stream",
      "Mcp-Session-Id: " + session,
      "Expect: 100-continue",
      length
    };
  }

  @Test
  void largeBodiesBeyondTheRoomAreRefusedUnreadWhileSmallOnesPass() throws IOException {
    // Given
    Deque<RawHttp> senders = new ArrayDeque<>();
    for (long room = BodyBudget.ofHeap().forLarge(); room >= LARGE; room -= LARGE) {
      senders.push(new RawHttp(gate.url("fixture")));
      assertThat(asked(senders.peek(), LARGE).status()).isEqualTo(100);
    }

    // When
    RawHttp.Response refused;
    RawHttp.Response small;
    try (RawHttp large = new RawHttp(gate.url("fixture"));
        RawHttp other = new RawHttp(gate.url("fixture"))) {
      refused = asked(large, LARGE);
      byte[] call = TestClient.legacyCallBody("alpha").getBytes(StandardCharsets.UTF_8);
      asked(other, call.length);
      small = other.send(call).read();
    }

    // Then
    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.header("Retry-After")).isEqualTo("1");
    assertThat(TestGate.json(refused.text()).at("/error/code").asInt()).isEqualTo(-31503);
    assertThat(
            gate.record("rejection", refused.header("Tallygate-Decision-Id")).get("kind").asText())
        .isEqualTo("busy");
    assertThat(small.status()).isEqualTo(200);

    // When
    while (!senders.isEmpty()) {
      senders.pop().close();
    }

    // Then
    await().untilAsserted(LargeBodiesTest::takesLargeBody);
  }

  private static void takesLargeBody() throws IOException {
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      assertThat(asked(http, LARGE).status()).isEqualTo(100);
    }
  }
}
