package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.counters.Ledgers;
import dev.tallygate.hazelcast.EmbeddedHazelcast;
import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.node.audit.MemoryAuditLog;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.metrics.GateMetrics;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Snapshot;
import dev.tallygate.registry.Token;
import dev.tallygate.registry.Trust;
import dev.tallygate.sessions.InMemorySessionStore;
import dev.tallygate.sessions.InMemoryTaskStore;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the gate does while its audit log cannot be written. */
@Timeout(180)
class UnrecordedCallsTest {
  private static final String POLICY =
      "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"alpha\":{\"limits\":[{\"counter\":\"c\","
          + "\"window\":10000000,\"max\":1}]}}}";

  private final FixtureServer upstream = FixtureServer.start(Tool.named("alpha"));
  private final MemoryAuditLog audit = new MemoryAuditLog();
  private final GateMetrics metrics = new GateMetrics();
  private final Vertx vertx = Vertx.vertx();
  private EmbeddedHazelcast hazelcast;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    hazelcast = EmbeddedHazelcast.standalone();
    Token token = Token.random();
    Policy policy = Policy.read(POLICY.getBytes(StandardCharsets.UTF_8)).policy().orElseThrow();
    Server server =
        new Server(
            "fixture",
            upstream.url(),
            Map.of(),
            Optional.empty(),
            Server.Timeouts.DEFAULT,
            Server.Bounds.DEFAULT,
            Server.DEFAULT_METHODS,
            Trust.ANY,
            false,
            Server.Asks.DEFAULT);
    Grant grant =
        new Grant(
            "g",
            "g",
            "fixture",
            Optional.of("p"),
            List.of(new Grant.TokenHash(token.sha256(), Optional.empty())),
            Optional.empty(),
            Optional.empty());
    Snapshot snapshot =
        new Snapshot(
            1,
            Instant.EPOCH,
            Map.of("fixture", server),
            Map.of("p", policy),
            List.of(grant),
            Map.of());
    GateServices services =
        new GateServices(
            () -> snapshot,
            new Door("127.0.0.1", Set.of(), Set.of()),
            new Ledgers(hazelcast.counterStore(), () -> 1, Clock.systemUTC()),
            new InMemorySessionStore(System::nanoTime),
            new InMemoryTaskStore(),
            audit,
            metrics,
            (name, definitions) -> {},
            Clock.systemUTC());
    int port =
        new GateServer(vertx, services, new Listening("127.0.0.1", 0, 100, Optional.empty(), false))
            .start(1)
            .toCompletionStage()
            .toCompletableFuture()
            .get(60, TimeUnit.SECONDS);
    client =
        new TestClient(URI.create("http://127.0.0.1:" + port + "/mcp/fixture"), token.reveal());
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    hazelcast.close();
    upstream.close();
  }

  @Test
  void callThatCannotBeRecordedIsNotRunAndCostsNothing() {
    // Given
    audit.failWith("disk full");

    // When
    HttpResponse<String> unrecorded = client.call("alpha");
    HttpResponse<String> list = client.list();
    HttpResponse<String> malformed = TestClient.send(client.post("["));

    // Then
    assertThat(unrecorded.statusCode()).isEqualTo(200);
    assertThat(unrecorded.body()).contains("\"isError\":true", "unavailable", "not run");
    assertThat(list.body()).contains("\"error\"");
    assertThat(malformed.statusCode()).isEqualTo(400);
    assertThat(TestGate.forwarded(upstream)).isEmpty();
    assertThat(metrics.exposition()).containsPattern("tallygate_audit_failures_total [1-9]");

    // When
    audit.failWith(null);

    // Then
    assertThat(client.call("alpha").body()).contains("\"text\":\"alpha\"");
    assertThat(client.call("alpha").body()).contains("limited");
    assertThat(upstream.calls()).hasSize(1);
  }

  @Test
  void decisionIsOnRecordBeforeTheCallRuns() {
    // Given
    upstream.add(
        Tool.named(
            "alpha",
            arguments ->
                Tool.text("decisions " + audit.records(AuditRecord.Decision.class).size())));

    // When
    HttpResponse<String> answer = client.call("alpha");

    // Then
    assertThat(answer.body()).contains("decisions 1");
    await().until(() -> audit.records(AuditRecord.Completion.class).size() == 1);
    assertThat(audit.records(AuditRecord.Completion.class).get(0).decisionId())
        .isEqualTo(TestGate.decisionId(answer))
        .isEqualTo(audit.records(AuditRecord.Decision.class).get(0).decisionId());
  }
}
