package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node in operation: changes of its configuration, its metrics, its readiness. */
@Timeout(180)
class OperationTest {
  private static final String ALLOW = "{\"version\":\"1\",\"default\":\"allow\"}";
  private static final String DENY = "{\"version\":\"1\",\"default\":\"deny\",\"list\":\"all\"}";

  private static FixtureServer upstream;
  private static TestGate gate;

  @BeforeAll
  static void start() {
    upstream = FixtureServer.start(Tool.named("alpha"));
    gate =
        TestGate.before("fixture", upstream)
            .policy("changing", ALLOW)
            .policy("open", ALLOW)
            .grant("changing", "fixture", "changing")
            .grant("metrics", "fixture", "open")
            .grant("rotating", "fixture", "open");
    gate.grantNode("expired", "fixture")
        .put("policy", "open")
        .put("expires", Instant.now().minus(Duration.ofDays(1)).toString());
    gate.config().withObject("/audit").put("strict", true);
    gate.server("fixture").putObject("limits").put("callsPerGrant", 4_000);
    // A thousand connections at once fill the server's queue; a machine under load tries again.
    gate.server("fixture").putObject("timeouts").put("connect", "30s");
    gate.start();
  }

  @AfterAll
  static void stop() {
    gate.assertNothingInFlight();
    gate.close();
    upstream.close();
  }

  @Test
  void invalidChangeKeepsTheLastGoodRevision() {
    // Given
    TestClient client = gate.client("metrics", "fixture");
    long revision = gate.node().config().snapshot().revision();

    // When
    gate.write("open.json", "{\"version\":\"1\",\"default\":\"perhaps\"}");
    await().until(() -> gate.admin("/readyz").contains("refused"));

    // Then
    assertThat(client.call("alpha").body()).contains("\"text\":\"alpha\"");
    assertThat(gate.node().config().snapshot().revision()).isEqualTo(revision);
    assertThat(gate.admin("/readyz")).contains("open.json", "\"ready\" : true");
    assertThat(gate.metric("tallygate_config_valid")).isZero();
    gate.write("open.json", ALLOW);
    await().until(() -> gate.metric("tallygate_config_valid") == 1);
  }

  @Test
  void revokedAndExpiredGrantsOpenNothingFromTheNextCallOn() {
    // Given
    ObjectNode doomed = gate.grantNode("doomed", "fixture").put("policy", "open");
    gate.apply();
    TestClient client = gate.client("doomed", "fixture");
    String session = client.initialize();
    assertThat(client.call("alpha").statusCode()).isEqualTo(200);

    // When
    doomed.put("revoked", "2026-01-01T00:00:00Z");
    gate.apply();

    // Then
    HttpResponse<String> revoked = client.call("alpha");
    HttpResponse<String> inSession = client.legacyCall(session, "alpha");
    HttpResponse<String> expired = gate.client("expired", "fixture").call("alpha");
    for (HttpResponse<String> each : List.of(revoked, inSession, expired)) {
      assertThat(each.statusCode()).isEqualTo(401);
      assertThat(each.body()).isEqualTo(revoked.body());
      assertThat(gate.rejection(each).get("kind").asText()).isEqualTo("token");
    }
  }

  @Test
  void rotatedGrantTakesBothTokensWhileTheyOverlap() {
    // Given
    ObjectNode old = gate.grantNode("old-token", "fixture").put("policy", "open");
    gate.apply();
    TestClient client = gate.client("old-token", "fixture");
    String oldHash = old.get("tokenSha256").asText();
    Token fresh = Token.random();

    // When
    old.put("tokenSha256", fresh.sha256().hex());
    ObjectNode previous = old.putArray("previous").addObject().put("tokenSha256", oldHash);
    previous.put("until", Instant.now().plus(Duration.ofDays(1)).toString());
    gate.apply();
    int oldOne = client.call("alpha").statusCode();
    int newOne = new TestClient(client.url(), fresh.reveal()).call("alpha").statusCode();
    previous.put("until", Instant.now().minus(Duration.ofDays(1)).toString());
    gate.apply();

    // Then
    assertThat(oldOne).isEqualTo(200);
    assertThat(newOne).isEqualTo(200);
    assertThat(client.call("alpha").statusCode()).isEqualTo(401);
    assertThat(new TestClient(client.url(), fresh.reveal()).call("alpha").statusCode())
        .isEqualTo(200);
  }

  @Test
  void inventedToolNamesMakeNoSeries() {
    // Given
    TestClient client = gate.client("metrics", "fixture");
    client.call("alpha");
    long before = series();

    // When
    List<CompletableFuture<HttpResponse<Void>>> answers = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      answers.add(
          TestGate.HTTP.sendAsync(
              client.modernCall("invented-" + i, "{}").build(), BodyHandlers.discarding()));
    }
    answers.forEach(CompletableFuture::join);

    // Then
    assertThat(gate.metrics()).doesNotContain("invented");
    assertThat(series() - before).isLessThan(5);
    assertThat(
            gate.metrics()
                .lines()
                .filter(l -> l.startsWith("tallygate_decisions_total") && l.contains("(other)"))
                .mapToDouble(l -> Double.parseDouble(l.substring(l.lastIndexOf(' '))))
                .sum())
        .isGreaterThanOrEqualTo(2_000);
  }

  private static long series() {
    return gate.metrics().lines().filter(l -> l.startsWith("tallygate_decisions_total{")).count();
  }

  @Test
  void callsAreCountedByHowTheyEnded() {
    // Given
    TestClient client = gate.client("metrics", "fixture");
    String allowed =
        "tallygate_decisions_total{server=\"fixture\",tool=\"alpha\",outcome=\"allowed\",}";
    double before = gate.metric(allowed);

    // When
    JsonNode completion = gate.completion(client.call("alpha"));

    // Then
    assertThat(completion.get("latencyMs").asDouble()).isPositive();
    assertThat(gate.metric(allowed)).isEqualTo(before + 1);
    gate.assertNothingInFlight();
  }

  @Test
  void promtoolFindsNothingWrong() throws IOException, InterruptedException {
    // Given
    Process promtool;
    try {
      promtool =
          new ProcessBuilder("promtool", "check", "metrics").redirectErrorStream(true).start();
    } catch (IOException e) {
      Assumptions.abort("promtool is not installed: " + e.getMessage());
      return;
    }
    gate.client("metrics", "fixture").call("alpha");

    // When
    try (var in = promtool.getOutputStream()) {
      in.write(gate.metrics().getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    String said = new String(promtool.getInputStream().readAllBytes());

    // Then
    assertThat(promtool.waitFor()).as(said).isZero();
    assertThat(said.lines().filter(line -> line.contains("tallygate_"))).isEmpty();
  }

  @Test
  void healthIsServedOnItsOwnPortOnly() {
    assertThat(gate.admin("/livez")).isEqualTo("ok\n");
    assertThat(TestGate.json(gate.admin("/readyz")).get("ready").asBoolean()).isTrue();
    HttpResponse<String> onGate =
        TestClient.send(
            java.net.http.HttpRequest.newBuilder(gate.url("fixture").resolve("/metrics")));
    assertThat(onGate.statusCode()).isEqualTo(404);
  }

  @Test
  void auditNeverHoldsTokensOrValues() throws IOException {
    // Given
    TestClient client = gate.client("metrics", "fixture");

    // When
    HttpResponse<String> answer = client.call("alpha", "{\"card\":\"4111-secret\"}");
    HttpResponse<String> evil =
        TestClient.send(
            client.legacy(
                client.initialize(), TestClient.legacyCallBody("x\\u001b[31m\\n\\u202e")));

    // Then
    assertThat(gate.completion(answer)).isNotNull();
    assertThat(gate.decision(evil).get("outcome").asText()).isEqualTo("denied");
    String log = Files.readString(Path.of(gate.directory().toString(), "audit.jsonl"));
    assertThat(log).contains("\"card\"").doesNotContain("4111-secret", client.token());
    assertThat(log.chars()).noneMatch(c -> c != '\n' && (c < 0x20 || c == 0x202e));
  }
}
