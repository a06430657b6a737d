package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Those who show no grant cannot fill the audit log, and none of them is left out of it. */
@Timeout(180)
class UnknownCallersTest {
  private static final int FLOOD = 2_000;

  private FixtureServer upstream;
  private TestGate gate;

  @BeforeEach
  void start() {
    upstream = FixtureServer.start(Tool.named("alpha"));
    gate =
        TestGate.before("fixture", upstream)
            .policy("open", "{\"version\":\"1\",\"default\":\"allow\"}")
            .grant("alice", "fixture", "open")
            .start();
  }

  @AfterEach
  void stop() {
    gate.close();
    upstream.close();
  }

  private void flood(TestClient client) {
    List<CompletableFuture<HttpResponse<Void>>> answers = new ArrayList<>();
    for (int i = 0; i < FLOOD; i++) {
      answers.add(
          TestGate.HTTP.sendAsync(
              client.modernCall("alpha", "{}").build(), BodyHandlers.discarding()));
    }
    answers.forEach(answer -> assertThat(answer.join().statusCode()).isEqualTo(401));
  }

  private long one() {
    return records("rejection").size();
  }

  private long counted() {
    return records("rejections").stream().mapToLong(r -> r.path("count").asLong()).sum();
  }

  private List<JsonNode> records(String event) {
    return gate.audit().stream().filter(r -> r.path("event").asText().equals(event)).toList();
  }

  @Test
  void everyRefusalIsRecordedOrCounted() {
    // When
    flood(new TestClient(gate.url("fixture"), "tg_wrong"));

    // Then
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(one() + counted()).isEqualTo(FLOOD));
    assertThat(counted()).isPositive();
    assertThat(records("rejections"))
        .allSatisfy(
            r -> {
              assertThat(r.path("kind").asText()).isEqualTo("token");
              assertThat(r.path("since").asText()).endsWith("Z");
            });
    assertThat(gate.metric("tallygate_rejections_total{kind=\"token\",}")).isEqualTo(FLOOD);
    assertThat(upstream.calls("alpha")).isZero();
  }

  @Test
  void whatWasCountedIsOnRecordBeforeTheNodeEnds() {
    // When
    flood(new TestClient(gate.url("fixture"), "tg_wrong"));
    gate.node().close();

    // Then
    assertThat(one() + counted()).isEqualTo(FLOOD);
  }

  @Test
  void whatAGrantSendsIsRecordedOneByOne() {
    // Given
    TestClient alice = gate.client("alice", "fixture");

    // When
    for (int i = 0; i < 50; i++) {
      TestClient.send(alice.post("["));
    }

    // Then
    await().untilAsserted(() -> assertThat(one()).isEqualTo(50));
    assertThat(counted()).isZero();
  }
}
