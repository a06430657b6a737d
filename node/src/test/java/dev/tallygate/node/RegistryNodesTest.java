package dev.tallygate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.node.cli.CommandRun;
import dev.tallygate.node.fixture.FreePorts;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes of one cluster, all in this JVM, and the commands that change their registry. */
@Timeout(300)
class RegistryNodesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String ADMIN_TOKEN = "a-token-of-these-tests-only";
  private static final String CALL =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"run\"}}";

  @TempDir Path directory;
  private final String cluster = "test-" + UUID.randomUUID();
  private final List<Integer> ports = FreePorts.some(8);
  private final List<Node> running = new ArrayList<>();
  private final Token declared = Token.random();

  @BeforeEach
  void files() throws IOException {
    Files.writeString(directory.resolve("admin-token"), ADMIN_TOKEN);
    Files.writeString(directory.resolve("deny.json"), "{\"version\":\"1\",\"default\":\"deny\"}");
    for (int i = 0; i < 3; i++) {
      write(i, objects());
    }
  }

  @AfterEach
  void stop() {
    running.forEach(Node::close);
  }

  private String objects() {
    return """
    servers: { files: { url: "http://127.0.0.1:1/mcp", trust: any } }
    policies: { deny: { file: deny.json } }
    grants:
      - { label: declared, server: files, policy: deny, tokenSha256: "%s" }
    """
        .formatted(declared.sha256().hex());
  }

  private Path file(int index) {
    return directory.resolve("node-" + index + ".yaml");
  }

  private void write(int index, String objects) throws IOException {
    Files.writeString(
        file(index),
        """
        name: node-%d
        listen: { port: 0 }
        admin: { port: %d, token: "${file:admin-token}" }
        audit: { file: audit-%d.jsonl }
        cluster:
          role: %s
          name: %s
          dataMembers: 3
          bind: { port: %d }
          join: { members: ["127.0.0.1:%d", "127.0.0.1:%d", "127.0.0.1:%d"] }
          secret: a secret of this test only
          dataDir: data-%d
        """
                .formatted(
                    index,
                    ports.get(4 + index),
                    index,
                    index < 3 ? "member" : "gateway",
                    cluster,
                    ports.get(index),
                    ports.get(0),
                    ports.get(1),
                    ports.get(2),
                    index)
            + objects);
  }

  private Node start(int index) throws Exception {
    Node node = Node.start(file(index));
    running.add(node);
    return node;
  }

  private List<Node> startAll() throws Exception {
    List<Node> nodes = List.of(start(0), start(1), start(2));
    for (Node node : nodes) {
      node.awaitOpen();
    }
    return nodes;
  }

  private void stopAll() {
    List.copyOf(running).forEach(this::stop);
  }

  private void stop(Node node) {
    node.close();
    running.remove(node);
  }

  private CommandRun run(int index, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--config", file(index).toString()));
    return CommandRun.of(all.toArray(String[]::new));
  }

  private static int call(Node node, String token) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + node.port() + "/mcp/files"))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .header("Accept", "application/json, text/event-stream")
                .POST(BodyPublishers.ofString(CALL))
                .build(),
            BodyHandlers.ofString())
        .statusCode();
  }

  private HttpResponse<String> admin(int index, String method, String path, String body)
      throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ports.get(4 + index) + path))
                .method(method, BodyPublishers.ofString(body))
                .header("Authorization", "Bearer " + ADMIN_TOKEN)
                .build(),
            BodyHandlers.ofString());
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    return new ObjectMapper().readTree(response.body());
  }

  private JsonNode ready(int index) throws Exception {
    return json(admin(index, "GET", "/readyz", ""));
  }

  @Test
  void mintAndRevokeOnOneNodeAreInForceOnAllForTheNextCall() throws Exception {
    // Given
    List<Node> nodes = new ArrayList<>(startAll());
    write(3, "");
    Node gateway = start(3);
    gateway.awaitOpen();
    nodes.add(gateway);

    // When
    CommandRun minted =
        run(0, "grant", "mint", "--label", "alice", "--server", "files", "--policy", "deny");
    String token = minted.out().strip();
    List<Integer> afterMint = new ArrayList<>();
    for (Node node : nodes) {
      afterMint.add(call(node, token));
    }
    CommandRun revoked = run(2, "grant", "revoke", "alice");
    List<Integer> afterRevoke = new ArrayList<>();
    for (Node node : nodes) {
      afterRevoke.add(call(node, token));
    }

    // Then
    assertThat(minted.exit()).as(minted.err()).isZero();
    assertThat(minted.err()).contains("in force on 4 nodes");
    assertThat(afterMint).doesNotContain(401, 503);
    assertThat(revoked.exit()).as(revoked.err()).isZero();
    assertThat(afterRevoke).containsOnly(401);
    assertThat(run(1, "grant", "list").out())
        .containsPattern("alice +files/alice +files +deny +revoked")
        .containsPattern("declared +files/declared +files +deny +active");
    assertThat(Files.readString(file(0))).doesNotContain("alice");
  }

  @Test
  void coldRestartKeepsARevocationAndAStaleFileDoesNotUndoIt() throws Exception {
    // Given a grant of the files that was revoked
    startAll();
    CommandRun revoked = run(0, "grant", "revoke", "declared");
    assertThat(revoked.exit()).as(revoked.err()).isZero();

    // When
    stopAll();
    write(
        0,
        objects()
            + "  - { label: old, server: files, tokenSha256: \""
            + "ab".repeat(32)
            + "\" }\n");
    List<Node> nodes = startAll();

    // Then
    for (Node node : nodes) {
      assertThat(call(node, declared.reveal())).isEqualTo(401);
    }
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(ready(0).path("file").asText())
                    .contains("tallygate publish --config " + file(0)));
    assertThat(ready(1).has("file")).isFalse();
    assertThat(ready(0).path("revision").asLong()).isEqualTo(2);

    // When the stale file is published all the same
    CommandRun published = run(0, "publish");

    // Then
    assertThat(published.exit()).as(published.err()).isZero();
    for (Node node : nodes) {
      assertThat(call(node, declared.reveal())).isEqualTo(401);
    }
  }

  @Test
  void changeOfAFileThatAgreedIsPublishedToAll() throws Exception {
    // Given
    startAll();
    Token another = Token.random();

    // When
    write(
        1,
        objects()
            + "  - { label: more, server: files, policy: deny, tokenSha256: \"%s\" }\n"
                .formatted(another.sha256().hex()));

    // Then
    for (Node node : running) {
      await().atMost(PATIENCE).until(() -> call(node, another.reveal()) != 401);
    }
    await().atMost(PATIENCE).until(() -> ready(0).has("file"));
    assertThat(ready(1).has("file")).isFalse();
  }

  @Test
  void sourcesDoNotTouchEachOthersObjects() throws Exception {
    // Given
    startAll();
    CommandRun minted =
        run(0, "grant", "mint", "--label", "alice", "--server", "files", "--policy", "deny");
    assertThat(minted.exit()).as(minted.err()).isZero();

    // When
    CommandRun rotatesFiles = run(0, "grant", "rotate", "declared");
    HttpResponse<String> sameServer =
        admin(
            1,
            "PUT",
            "/registry/admin",
            "{\"servers\":{\"files\":{\"url\":\"http://127.0.0.1:2/mcp\"}}}");
    HttpResponse<String> broken =
        admin(1, "PUT", "/registry/admin", "{\"servers\":{\"other\":{\"url\":\"ftp://x\"}}}");
    CommandRun published = run(2, "publish");

    // Then
    assertThat(rotatesFiles.exit()).isEqualTo(1);
    assertThat(rotatesFiles.err()).contains("`declared` is declared by `file`");
    assertThat(sameServer.statusCode()).isEqualTo(422);
    assertThat(sameServer.body()).contains("/servers/files: it is declared by `file`");
    assertThat(broken.statusCode()).isEqualTo(422);
    assertThat(json(broken).path("errors").path(0).asText())
        .isEqualTo("/servers/other/url: `url` must begin with http:// or https://");
    assertThat(published.exit()).as(published.err()).isZero();
    assertThat(call(running.get(0), minted.out().strip())).isNotEqualTo(401);
    assertThat(json(admin(0, "GET", "/registry", "")).path("revision").asLong()).isEqualTo(2);
  }

  @Test
  void rotationEndsTheOldTokenOnAllNodes() throws Exception {
    // Given
    startAll();
    String old = run(0, "grant", "mint", "--label", "bob", "--server", "files").out().strip();

    // When
    CommandRun rotated = run(1, "grant", "rotate", "bob");

    // Then
    assertThat(rotated.exit()).as(rotated.err()).isZero();
    for (Node node : running) {
      assertThat(call(node, old)).isEqualTo(401);
      assertThat(call(node, rotated.out().strip())).isNotEqualTo(401);
    }
  }

  @Test
  void adminAddressTakesChangesOnlyFromWhoShowsTheToken() throws Exception {
    // Given
    startAll();
    URI grants = URI.create("http://127.0.0.1:" + ports.get(4) + "/grants");

    for (String shown : List.of("", "Bearer wrong", "Basic " + ADMIN_TOKEN)) {
      // When
      HttpRequest.Builder request = HttpRequest.newBuilder(grants);
      HttpResponse<String> answer =
          HttpClient.newHttpClient()
              .send(
                  (shown.isEmpty() ? request : request.header("Authorization", shown)).build(),
                  BodyHandlers.ofString());

      // Then
      assertThat(answer.statusCode()).isEqualTo(401);
      assertThat(answer.body()).doesNotContain("declared");
    }
    assertThat(admin(0, "POST", "/grants", "x".repeat(20_000)).statusCode()).isEqualTo(413);
    assertThat(admin(0, "POST", "/grants", "{]").statusCode()).isEqualTo(400);
    assertThat(admin(0, "PUT", "/registry/file?revision=7", "{}").statusCode()).isEqualTo(409);
    assertThat(admin(0, "GET", "/grants", "").body()).doesNotContain("tokenSha256");
  }

  @Test
  void nodeThatIsCutOffRefusesCallsAndServesAgainOnceItIsNot() throws Exception {
    // Given
    for (int i = 0; i < 3; i++) {
      Files.writeString(
          file(i), Files.readString(file(i)).replace("  dataDir", "  maxCutOff: 3s\n  dataDir"));
    }
    List<Node> nodes = startAll();
    // A busy machine may keep it from reading for those 3 s.
    int before =
        await()
            .atMost(PATIENCE)
            .until(() -> call(nodes.get(0), declared.reveal()), status -> status != 503);

    // When
    stop(nodes.get(1));
    stop(nodes.get(2));

    // Then
    assertThat(before).isNotEqualTo(401);
    await().atMost(PATIENCE).until(() -> call(nodes.get(0), declared.reveal()) == 503);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(ready(0).path("registry").asText())
                    .contains("1 of 3 data members answered"));
    assertThat(admin(0, "GET", "/readyz", "").statusCode()).isEqualTo(503);
    Node back = start(1);
    back.awaitOpen();
    await().atMost(PATIENCE).until(() -> call(nodes.get(0), declared.reveal()) != 503);
  }

  @Test
  void firstRevisionMayComeFromAnySourceAndOpensTheNodes() throws Exception {
    // Given nodes whose files declare nothing
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      write(i, "");
      nodes.add(start(i));
    }

    // When
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(admin(0, "GET", "/registry/kubernetes", "").statusCode())
                    .isEqualTo(200));
    JsonNode before = json(admin(0, "GET", "/registry/kubernetes", ""));
    HttpResponse<String> put =
        admin(
            0,
            "PUT",
            "/registry/kubernetes?revision=0&fence=1&wait=1s",
            "{\"servers\":{\"files\":{\"url\":\"http://127.0.0.1:1/mcp\",\"trust\":\"any\"}}}");

    // Then
    assertThat(before.path("revision").asInt()).isZero();
    assertThat(put.statusCode()).as(put.body()).isEqualTo(200);
    for (Node node : nodes) {
      node.awaitOpen();
    }
    JsonNode after = json(admin(1, "GET", "/registry/kubernetes", ""));
    assertThat(after.path("fence").asInt()).isEqualTo(1);
    assertThat(after.path("servers").has("files")).isTrue();
    assertThat(admin(1, "PUT", "/registry/kubernetes?fence=0", "{}").body())
        .contains("another took over");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode enforced = json(admin(2, "GET", "/registry/nodes", ""));
              assertThat(enforced.path("nodes")).hasSize(3);
              assertThat(enforced.path("nodes"))
                  .allMatch(each -> each.path("revision").asInt() == 1);
            });
  }
}
