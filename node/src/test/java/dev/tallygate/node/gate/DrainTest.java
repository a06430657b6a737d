package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.HeldTool;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.RawHttp2;
import dev.tallygate.node.fixture.Tool;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node that is told to end loses no call of clients that use connections again. */
@Timeout(180)
class DrainTest {
  private static final int LARGE = 16 * 1024 * 1024;

  private final HeldTool held = new HeldTool();
  private FixtureServer upstream;
  private TestGate gate;
  private TestClient client;

  @BeforeEach
  void prepare() {
    upstream =
        FixtureServer.start(
            Tool.named("alpha"),
            Tool.named("large", arguments -> Tool.text("x".repeat(LARGE))),
            held.named("long"));
    gate =
        TestGate.before("fixture", upstream)
            .policy("open", "{\"version\":\"1\",\"default\":\"allow\"}")
            .grant("client", "fixture", "open");
  }

  private void start(String drain) {
    gate.config().withObject("/listen").put("drain", drain);
    gate.start();
    client = gate.client("client", "fixture");
    client.list();
  }

  @AfterEach
  void stop() {
    held.letGo();
    gate.close();
    upstream.close();
  }

  private RawHttp send(RawHttp http, String tool) throws Exception {
    byte[] body = TestClient.modernBody(tool).getBytes(StandardCharsets.UTF_8);
    return http.request("POST", "/mcp/fixture", body, headers(tool));
  }

  private String[] headers(String tool) {
    return new String[] {
      "authorization: Bearer " + client.token(),
      "content-type: application/json",
      "accept: application/json, text/event-stream",
      "mcp-protocol-version: 2026-07-28",
      "mcp-method: tools/call",
      "mcp-name: " + tool
    };
  }

  private CompletableFuture<Void> end() {
    CompletableFuture<Void> ended = CompletableFuture.runAsync(() -> gate.node().close());
    await().until(() -> gate.admin("/readyz").contains("\"leaving\" : true"));
    return ended;
  }

  @Test
  void drainingNodeServesOnAndEachAnswerEndsItsConnection() throws Exception {
    // Given
    start("3s");
    try (RawHttp kept = new RawHttp(gate.url("fixture"))) {
      RawHttp.Response before = send(kept, "alpha").read();

      // When
      CompletableFuture<Void> ended = end();
      RawHttp.Response onKept = send(kept, "alpha").read();
      RawHttp.Response onNew;
      try (RawHttp late = new RawHttp(gate.url("fixture"))) {
        onNew = send(late, "alpha").read();
      }
      String ready = gate.admin("/readyz");

      // Then
      assertThat(before.header("Connection")).isNull();
      assertThat(onKept.text()).contains("\"text\":\"alpha\"");
      assertThat(onKept.header("Connection")).isEqualTo("close");
      assertThat(onNew.text()).contains("\"text\":\"alpha\"");
      assertThat(onNew.header("Connection")).isEqualTo("close");
      assertThat(ready).contains("\"ready\" : false");
      assertThat(kept.closedByPeer()).isTrue();
      ended.get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void refusalsEndTheirConnectionToo() throws Exception {
    // Given
    start("2s");
    try (RawHttp kept = new RawHttp(gate.url("fixture"))) {
      // When
      end();
      RawHttp.Response refused =
          kept.request("POST", "/mcp/fixture", new byte[0], "Authorization: Bearer tg_no").read();

      // Then
      assertThat(refused.status()).isEqualTo(401);
      assertThat(refused.header("Connection")).isEqualTo("close");
    }
  }

  @Test
  void clientThatGoesOnAtOnceAfterACallUnderWayIsServed() throws Exception {
    // Given
    start("0s");
    try (RawHttp busy = new RawHttp(gate.url("fixture"))) {
      send(busy, "long");
      held.awaitCall();

      // When
      CompletableFuture<Void> ended = end();
      held.letGo();
      RawHttp.Response slow = busy.read();
      RawHttp.Response next = send(busy, "alpha").read();

      // Then
      assertThat(slow.text()).contains("done");
      assertThat(slow.header("Connection")).isEqualTo("close");
      assertThat(next.text()).contains("\"text\":\"alpha\"");
      ended.get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void answerThatItsClientReadsSlowlyComesWhole() throws Exception {
    // Given
    start("0s");
    try (RawHttp slow = new RawHttp(gate.url("fixture"))) {
      send(slow, "large");
      String begun = slow.read(1);

      // When
      CompletableFuture<Void> ended = end();
      RawHttp.Response answer = slow.read();

      // Then
      assertThat(begun).isEqualTo("H");
      assertThat(answer.text()).hasSizeGreaterThan(LARGE).endsWith("}");
      ended.get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void http2ConnectionIsAskedToEndAndWhatWasSentIsServed() throws Exception {
    // Given
    gate.config().withObject("/listen").put("h2c", true);
    start("2s");
    try (RawHttp2 http = RawHttp2.open(gate.url("fixture"))) {
      call(http, 1);
      assertThat(http.read(1).text()).contains("\"text\":\"alpha\"");

      // When
      CompletableFuture<Void> ended = end();
      RawHttp2.Frame goAway = http.next(RawHttp2.GOAWAY);
      call(http, 3);

      // Then
      assertThat(goAway.errorCode()).isZero();
      assertThat(ByteBuffer.wrap(goAway.payload()).getInt()).isEqualTo(Integer.MAX_VALUE);
      assertThat(http.read(3).text()).contains("\"text\":\"alpha\"");
      ended.get(60, TimeUnit.SECONDS);
      assertThat(http.next(RawHttp2.HEADERS)).isNull();
    }
  }

  private void call(RawHttp2 http, int stream) throws Exception {
    http.head(stream, false, "POST", "/mcp/fixture", headers("alpha"));
    http.data(stream, true, TestClient.modernBody("alpha").getBytes(StandardCharsets.UTF_8));
  }
}
