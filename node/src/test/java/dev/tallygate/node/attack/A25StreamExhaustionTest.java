package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.gate.Exchanges;
import dev.tallygate.node.gate.TestClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A25: streams without number, and readers that do not read.
 *
 * <p>Without the cap a grant opens 1,000 streams and more; without back-pressure the gate takes in
 * all of the 200 MiB that nobody reads.
 */
@Timeout(90)
class A25StreamExhaustionTest {
  private static final int FAR_TOO_MANY = 1_000;

  private Scene scene;
  private final List<RawHttp> open = new ArrayList<>();

  @BeforeEach
  void start() {
    scene = Scene.start();
  }

  @AfterEach
  void stop() throws Exception {
    for (RawHttp http : open) {
      http.close();
    }
    scene.close();
  }

  private RawHttp stream(String label, String session) throws Exception {
    RawHttp http = new RawHttp(scene.gate.url("fixture"));
    open.add(http);
    return http.head(
        "GET",
        Scene.PATH,
        "Authorization: Bearer " + scene.gate.token(label),
        "Accept: text/event-stream",
        "MCP-Protocol-Version: 2025-11-25",
        "Mcp-Session-Id: " + session);
  }

  @Test
  void grantHasSoManyStreamsAndOthersHaveTheirs() throws Exception {
    // Given
    String session = scene.alice.initialize();
    String others = scene.bob.initialize();

    // When
    int opened = 0;
    String status = "";
    while (opened < FAR_TOO_MANY && !status.contains("429")) {
      status = stream("alice", session).read(15);
      opened++;
    }

    // Then
    assertThat(status).isEqualTo("HTTP/1.1 429 To");
    assertThat(stream("bob", others).read(15)).isEqualTo("HTTP/1.1 200 OK");
    assertThat(
            scene.upstream.requests().stream()
                .filter(r -> r.httpMethod().equals("GET"))
                .map(ReceivedRequest::uri))
        .hasSize(opened);
    JsonNode record =
        await()
            .until(
                () ->
                    scene.gate.audit().stream()
                        .filter(r -> r.path("kind").asText().equals("streams"))
                        .findFirst()
                        .orElse(null),
                found -> found != null);
    assertThat(record.get("status").asInt()).isEqualTo(429);
  }

  @Test
  void readerThatDoesNotReadHoldsTheServerBack() throws Exception {
    // Given
    int total = 200 * 1024 * 1024;
    AtomicLong written = new AtomicLong();
    scene.upstream.answerNext("tools/call", Exchanges.flood(total, written));
    String session = scene.alice.initialize();

    // When
    RawHttp http = new RawHttp(scene.gate.url("fixture"));
    open.add(http);
    http.request(
        "POST",
        Scene.PATH,
        TestClient.legacyCallBody("alpha").getBytes(StandardCharsets.UTF_8),
        scene.headersOf("alice", "MCP-Protocol-Version: 2025-11-25", "Mcp-Session-Id: " + session));
    assertThat(http.read(15)).isEqualTo("HTTP/1.1 200 OK");

    // Then
    await()
        .during(Duration.ofMillis(500))
        .atMost(Duration.ofSeconds(60))
        .until(written::get, Exchanges.unchanged());
    assertThat(written.get()).isPositive().isLessThan(total / 4);
    assertThat(scene.bob.call("alpha").body()).contains("\"text\":\"alpha\"");
  }
}
