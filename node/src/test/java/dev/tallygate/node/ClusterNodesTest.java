package dev.tallygate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.node.cli.CommandRun;
import dev.tallygate.node.fixture.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What nodes of a cluster tell of it, all in this JVM. */
@Timeout(180)
class ClusterNodesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;
  private final String cluster = "test-" + UUID.randomUUID();
  private final int first = FreePorts.one();
  private final int second = FreePorts.one();

  @Test
  void nodeWithoutQuorumIsNotReadyUntilEnoughMembersAreThere() throws Exception {
    // Given
    Path served = file("served", FreePorts.one(), 2, "member", first);
    Path stored = stateFile("stored", second);

    // When
    try (Node node = Node.start(served)) {
      HttpResponse<String> before = get(node.adminPort(), "/readyz");
      CommandRun statusBefore = CommandRun.of("cluster", "status", "-c", served.toString());

      // Then
      assertThat(before.statusCode()).isEqualTo(503);
      assertThat(before.body())
          .contains("no quorum: 1 data members are seen, 2 are needed", "\"ready\" : false");
      assertThat(statusBefore.exit()).isEqualTo(1);
      assertThat(statusBefore.out())
          .contains("quorum      NO (1 of 2 data members, 2 needed)")
          .containsPattern("served \\* +member +127.0.0.1:" + first + " +-");

      // When
      try (StateNode state = StateNode.start(stored)) {
        // Then
        await().atMost(PATIENCE).until(() -> get(node.adminPort(), "/readyz").statusCode() == 200);
        await().atMost(PATIENCE).until(() -> get(state.adminPort(), "/readyz").statusCode() == 200);
        assertThat(get(state.adminPort(), "/readyz").body()).contains("\"partitions\" : \"safe\"");
        await().atMost(PATIENCE).until(() -> cluster(state).path("partitionsSafe").asBoolean());
        assertThat(cluster(state).path("cluster").asText()).isEqualTo(cluster);
        assertThat(cluster(state).path("members")).hasSize(2);
        assertThat(get(state.adminPort(), "/metrics").body())
            .contains("tallygate_cluster_members{role=\"member\",} 2.0")
            .contains("tallygate_cluster_quorum 1.0")
            .doesNotContain("tallygate_decisions");
        CommandRun status = CommandRun.of("cluster", "status", "--json", "-c", served.toString());
        assertThat(status.exit()).isZero();
        assertThat(json(status.out()).at("/quorum/present").asInt()).isEqualTo(2);
        await()
            .atMost(PATIENCE)
            .until(() -> cluster(state).at("/members/0/revision").asLong() == 1);
      }
      await().atMost(PATIENCE).until(() -> get(node.adminPort(), "/readyz").statusCode() == 503);
    }
  }

  @Test
  void nodeThatStandsAloneIsAClusterOfOne() throws Exception {
    // Given
    Path alone =
        Files.writeString(
            directory.resolve("alone.yaml"),
            """
            listen: { port: 0 }
            admin: { port: %d }
            servers: { files: { url: "http://127.0.0.1:1/mcp" } }
            audit: { file: alone.jsonl }
            """
                .formatted(FreePorts.one()));

    // When
    try (Node node = Node.start(alone)) {
      CommandRun status = CommandRun.of("cluster", "status", "-c", alone.toString());

      // Then
      assertThat(status.exit()).isZero();
      assertThat(status.out()).startsWith("standalone\nquorum      yes (1 of 1 data members");
      assertThat(get(node.adminPort(), "/readyz").body()).doesNotContain("cluster");
    }
  }

  @Test
  void statusSaysWhereNobodyAnswers() throws Exception {
    // Given
    Path stopped = stateFile("stopped", first);

    // When
    CommandRun status = CommandRun.of("cluster", "status", "-c", stopped.toString());

    // Then
    assertThat(status.exit()).isEqualTo(1);
    assertThat(status.out()).isEmpty();
    assertThat(status.err()).contains("no node answers at http://127.0.0.1:");
  }

  @Test
  void portOfTheClusterThatIsTakenEndsTheStart() throws Exception {
    // Given
    try (ServerSocket taken = new ServerSocket(first, 1, InetAddress.getLoopbackAddress())) {
      Path file = stateFile("late", taken.getLocalPort());

      // When // Then
      assertThatThrownBy(() -> StateNode.start(file))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("127.0.0.1:" + first);
    }
  }

  private Path file(String name, int adminPort, int dataMembers, String role, int port)
      throws IOException {
    return Files.writeString(
        directory.resolve(name + ".yaml"),
        """
        name: %s
        listen: { port: 0 }
        admin: { port: %d }
        servers: { files: { url: "http://127.0.0.1:1/mcp" } }
        audit: { file: %s.jsonl }
        """
                .formatted(name, adminPort, name)
            + clusterPart(dataMembers, role, port));
  }

  private Path stateFile(String name, int port) throws IOException {
    return Files.writeString(
        directory.resolve(name + ".yaml"),
        "name: %s\nadmin: { port: %d }\n".formatted(name, FreePorts.one())
            + clusterPart(2, "member", port));
  }

  private String clusterPart(int dataMembers, String role, int port) {
    return """
    cluster:
      role: %s
      name: %s
      dataMembers: %d
      bind: { port: %d }
      join: { members: ["127.0.0.1:%d", "127.0.0.1:%d"] }
      secret: a secret of this test only
      dataDir: data-%d
    """
        .formatted(role, cluster, dataMembers, port, first, second, port);
  }

  private static JsonNode cluster(StateNode state) throws Exception {
    return json(get(state.adminPort(), "/cluster").body());
  }

  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  private static HttpResponse<String> get(int port, String path)
      throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
            BodyHandlers.ofString());
  }
}
