package dev.tallygate.node.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.cli.CommandRun;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.FreePorts;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three members and a gateway as users run them, and the commands that change who may call. */
@Timeout(300)
class RegistryIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int MEMBERS = 3;
  private static final int NODES = MEMBERS + 1;
  private static final String ADMIN_TOKEN = "a-token-of-this-test-only";
  private static final String POLICY =
      "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"echo\":{}}}";

  @TempDir Path directory;
  private final String cluster = "it-" + UUID.randomUUID();
  private final List<Integer> ports = FreePorts.some(2 * NODES);
  private final GateProcess[] nodes = new GateProcess[NODES];
  private final Token token = Token.random();
  private FixtureServer upstream;

  @BeforeEach
  void start() {
    upstream = FixtureServer.start(Tool.named("echo"));
    startAll();
  }

  @AfterEach
  void stop() {
    stopAll();
    upstream.close();
  }

  private void startAll() {
    CompletableFuture.allOf(
            IntStream.range(0, NODES)
                .mapToObj(at -> CompletableFuture.runAsync(() -> nodes[at] = settings(at).start()))
                .toArray(CompletableFuture<?>[]::new))
        .join();
  }

  /** As after a loss of power: nobody hands anything to anybody. */
  private void stopAll() {
    for (GateProcess node : nodes) {
      if (node != null) {
        node.process().kill();
      }
    }
    for (GateProcess node : nodes) {
      if (node != null) {
        node.close();
      }
    }
  }

  private Path folder(int at) {
    return directory.resolve("node-" + at);
  }

  private GateProcess.Settings settings(int at) {
    GateProcess.Settings settings = GateProcess.in(folder(at));
    write(folder(at).resolve("admin-token"), ADMIN_TOKEN);
    if (at < MEMBERS) {
      settings
          .server("fixture", upstream.url())
          .policy("echo", POLICY)
          .grant("declared", "fixture", "echo", token);
    }
    ObjectNode config = settings.config();
    config.put("name", "node-" + at);
    config
        .putObject("admin")
        .put("port", ports.get(NODES + at))
        .put("token", "${file:admin-token}");
    ObjectNode part =
        config
            .putObject("cluster")
            .put("role", at < MEMBERS ? "member" : "gateway")
            .put("name", cluster)
            .put("dataMembers", MEMBERS)
            .put("secret", "a secret of this test only");
    if (at < MEMBERS) {
      part.put("dataDir", "data");
    }
    part.putObject("bind").put("host", "127.0.0.1").put("port", ports.get(at));
    var members = part.putObject("join").putArray("members");
    ports.subList(0, MEMBERS).forEach(port -> members.add("127.0.0.1:" + port));
    return settings;
  }

  private CommandRun run(int at, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--config", folder(at).resolve("tallygate.yaml").toString()));
    return CommandRun.of(all.toArray(String[]::new));
  }

  private int call(int at, String shown) throws Exception {
    return new TestClient(nodes[at].url("fixture"), shown).call("echo").statusCode();
  }

  @Test
  void mintedTokenOpensEveryNodeAndARevokedOneNoneFromTheNextCallOn() throws Exception {
    for (int round = 0; round < 3; round++) {
      // When
      String label = "client-" + round;
      int on = round;
      CommandRun minted =
          run(on, "grant", "mint", "--label", label, "--server", "fixture", "--policy", "echo");
      List<Integer> afterMint = new ArrayList<>();
      for (int at = 0; at < NODES; at++) {
        afterMint.add(call(at, minted.out().strip()));
      }
      CommandRun revoked = run((on + 2) % NODES, "grant", "revoke", label);
      List<Integer> afterRevoke = new ArrayList<>();
      for (int at = 0; at < NODES; at++) {
        afterRevoke.add(call(at, minted.out().strip()));
      }

      // Then
      assertThat(minted.exit()).as(minted.err()).isZero();
      assertThat(minted.err()).contains("in force on 4 nodes");
      assertThat(afterMint).containsOnly(200);
      assertThat(revoked.exit()).as(revoked.err()).isZero();
      assertThat(afterRevoke).containsOnly(401);
    }
  }

  @Test
  void restartOfAllNodesKeepsWhatWasRevokedAndMinted() throws Exception {
    // Given
    String minted =
        run(0, "grant", "mint", "--label", "later", "--server", "fixture", "--policy", "echo")
            .out()
            .strip();
    CommandRun revoked = run(3, "grant", "revoke", "declared");
    assertThat(revoked.exit()).as(revoked.err()).isZero();

    // When every file still declares what was revoked
    stopAll();
    startAll();

    // Then
    for (int at = 0; at < NODES; at++) {
      assertThat(call(at, token.reveal())).isEqualTo(401);
      assertThat(call(at, minted)).isEqualTo(200);
    }
    CommandRun published = run(1, "publish");
    assertThat(published.exit()).as(published.err()).isZero();
    for (int at = 0; at < NODES; at++) {
      assertThat(call(at, token.reveal())).isEqualTo(401);
    }
  }

  @Test
  void nodeThatCannotEnforceAChangeIsNamedAndTheOthersAreNotHeldUp() throws Exception {
    // Given a node that stands still
    long pid = nodes[1].process().pid();
    signal("-STOP", pid);

    // When
    CommandRun revoked;
    try {
      revoked = run(0, "grant", "revoke", "declared");
    } finally {
      signal("-CONT", pid);
    }

    // Then
    assertThat(revoked.exit()).isEqualTo(1);
    assertThat(revoked.err()).contains("error: node-1 is late");
    assertThat(call(0, token.reveal())).isEqualTo(401);
    assertThat(call(2, token.reveal())).isEqualTo(401);
    await().atMost(PATIENCE).until(() -> call(1, token.reveal()) == 401);
  }

  private static void signal(String signal, long pid) throws Exception {
    assertThat(new ProcessBuilder("kill", signal, Long.toString(pid)).start().waitFor()).isZero();
  }

  private static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
