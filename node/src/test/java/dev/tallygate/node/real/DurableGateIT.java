package dev.tallygate.node.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.registry.Token;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A gate as users run it, that keeps its counts in a file. */
@Timeout(240)
class DurableGateIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String POLICY =
      """
      {"version": "1", "default": "deny", "tools": {
        "scarce": {"limits": [{"counter": "scarce", "window": "day", "max": 5}]},
        "plenty": {"limits": [{"counter": "plenty", "window": "day", "max": 1000000}]}
      }}
      """;

  private static final Token TOKEN = Token.random();
  private static FixtureServer upstream;

  @TempDir Path directory;

  @BeforeAll
  static void start() {
    upstream = FixtureServer.start(Tool.named("scarce"), Tool.named("plenty"));
  }

  @AfterAll
  static void stop() {
    upstream.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void limitGoesOnWhereItWasAfterARestart(boolean killed) throws Exception {
    // Given
    GateProcess.Settings settings = settings(directory, Path.of("counts"));
    try (GateProcess gate = settings.start()) {
      awaitCounting(gate);
      for (int i = 0; i < 3; i++) {
        assertThat(admitted(gate)).isTrue();
      }

      // When
      if (killed) {
        gate.process().kill();
      } else {
        gate.process().terminate();
      }
      gate.process().awaitExit((int) PATIENCE.toSeconds());
    }

    // Then
    try (GateProcess gate = settings.start()) {
      awaitCounting(gate);
      assertThat(admitted(gate)).isTrue();
      assertThat(admitted(gate)).isTrue();
      assertThat(admitted(gate)).isFalse();
      assertThat(gate.admin("/readyz").body()).contains("\"counts\" : \"written to the database\"");
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(gate.metrics())
                      .contains(
                          "tallygate_counts_database_up 1.0", "tallygate_counts_waiting 0.0"));
    }
  }

  @Test
  void fileOfAGateThatRunsIsRefusedInOneLineAndTheGateRunsOn() throws Exception {
    // Given
    Path counts = directory.resolve("counts");
    try (GateProcess gate = settings(directory.resolve("one"), counts).start();
        ChildProcess second = settings(directory.resolve("other"), counts).launch()) {
      // When
      int exit = second.awaitExit((int) PATIENCE.toSeconds());

      // Then
      assertThat(exit).isEqualTo(1);
      assertThat(second.errors().lines().filter(line -> !line.contains(" INFO ")))
          .singleElement()
          .asString()
          .startsWith("tallygate: the database of the counts, jdbc:h2:file:" + counts)
          .contains("cannot be opened");
      awaitCounting(gate);
    }
  }

  private static GateProcess.Settings settings(Path directory, Path counts) {
    GateProcess.Settings settings =
        GateProcess.in(directory)
            .server("fixture", upstream.url())
            .policy("policy", POLICY)
            .grant("agent", "fixture", "policy", TOKEN);
    settings
        .config()
        .putObject("counters")
        .put("durability", "strict")
        .putObject("database")
        .put("url", "jdbc:h2:file:" + counts);
    return settings;
  }

  /** A process that has just begun may answer its first calls too late. */
  private static void awaitCounting(GateProcess gate) {
    await().atMost(PATIENCE).until(() -> admitted(gate, "plenty"));
  }

  private static boolean admitted(GateProcess gate) {
    return admitted(gate, "scarce");
  }

  private static boolean admitted(GateProcess gate, String tool) {
    TestClient client = new TestClient(gate.url("fixture"), gate.token("agent"));
    return client.call(tool).body().contains("\"text\":\"" + tool + "\"");
  }
}
