package dev.tallygate.node.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.node.fixture.Era;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real clients, the gate as it is shipped, and real servers behind it. */
@NeedsNpm
@Timeout(300)
class ServersGateIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path directory;

  private static Path files;
  private static Path memoryFile;
  private static EverythingServer everything;
  private static FilesystemServer filesystem;
  private static MemoryServer memory;
  private static GateProcess gate;

  @BeforeAll
  static void start() throws Exception {
    files = Files.createDirectory(directory.resolve("files")).toRealPath();
    Files.createDirectory(files.resolve("inbox"));
    Files.writeString(files.resolve("secret.txt"), "do not read");
    Files.writeString(files.resolve("inbox/note.txt"), "read me");
    memoryFile = directory.resolve("memory.jsonl");
    everything = new EverythingServer();
    filesystem = new FilesystemServer(files);
    memory = new MemoryServer(memoryFile);
    gate =
        GateProcess.in(Files.createDirectory(directory.resolve("gate")))
            .server("everything", everything.url())
            .server("filesystem", filesystem.url())
            .server("memory", memory.url())
            .policy(
                "everything",
                """
                { "version": "1", "default": "deny", "hide": ["get-env"],
                  "tools": {
                    "echo": {},
                    "get-sum": { "deny_if": [ {
                      "conditions": [ { "path": "args.a", "op": "gt", "value": 100 } ],
                      "on_deny": "a may be 100 at most." } ] },
                    "trigger-long-running-operation": { "action": "deny", "reason": "Too slow." }
                  } }
                """)
            .policy(
                "filesystem",
                """
                { "version": "1", "default": "deny", "list": "permitted",
                  "tools": {
                    "read_text_file": { "require": [ { "conditions": [
                      { "path": "args.path", "op": "path_within", "value": ["INBOX"] } ] } ] },
                    "write_file": { "require": [ { "conditions": [
                      { "path": "args.path", "op": "path_within", "value": ["INBOX"] } ],
                      "on_deny": "Write to the inbox only." } ] },
                    "move_file": { "action": "deny", "reason": "Files stay where they are." }
                  } }
                """
                    .replace("INBOX", files.resolve("inbox").toString()))
            .policy(
                "memory",
                """
                { "version": "1", "default": "deny",
                  "tools": {
                    "create_entities": {}, "read_graph": {},
                    "delete_entities": { "action": "deny", "reason": "Nothing is forgotten." }
                  } }
                """)
            .grant("everything", "everything", "everything")
            .grant("filesystem", "filesystem", "filesystem")
            .grant("memory", "memory", "memory")
            .start();
  }

  @AfterAll
  static void stop() throws Exception {
    for (AutoCloseable part : new AutoCloseable[] {gate, everything, filesystem, memory}) {
      if (part != null) {
        part.close();
      }
    }
  }

  private static Inspector inspector(String server, Era era) {
    return new Inspector(gate.url(server), era, gate.token(server));
  }

  private static TypeScriptClient typeScript(String server, Era era) {
    return new TypeScriptClient(gate.url(server), era, gate.token(server));
  }

  private static List<String> names(JsonNode tools) {
    return tools.findValuesAsText("name");
  }

  @Test
  void inspectorIsServedInTheLegacyEra() {
    // Given
    Inspector inspector = inspector("everything", Era.LEGACY);

    // When
    Inspector.Run list = inspector.listTools();
    Inspector.Run allowed = inspector.call("echo", "{\"message\":\"hello\"}");
    Inspector.Run denied = inspector.call("get-sum", "{\"a\":101,\"b\":1}");

    // Then
    assertThat(list.exitCode()).as(list.errors()).isZero();
    assertThat(names(list.output().at("/result/tools"))).contains("echo").doesNotContain("get-env");
    assertThat(allowed.exitCode()).as(allowed.errors()).isZero();
    assertThat(allowed.output().at("/result/content/0/text").asText()).isEqualTo("Echo: hello");
    assertThat(denied.exitCode()).isEqualTo(5);
    assertThat(denied.output().toString() + denied.errors()).contains("a may be 100 at most.");
    assertThat(everything.messages())
        .noneMatch(message -> message.at("/params/arguments/a").asInt() == 101);
  }

  @Test
  void inspectorIsServedInTheModernEra() {
    // Given
    Inspector inspector = inspector("memory", Era.MODERN);

    // When
    Inspector.Run allowed = inspector.call("read_graph", "{}");
    Inspector.Run denied = inspector.call("delete_entities", "{\"entityNames\":[\"Grace\"]}");

    // Then
    assertThat(allowed.exitCode()).as(allowed.errors()).isZero();
    assertThat(denied.exitCode()).isEqualTo(5);
    assertThat(denied.output().toString() + denied.errors()).contains("Nothing is forgotten.");
    assertThat(memory.calledTools()).contains("read_graph").doesNotContain("delete_entities");
  }

  @Test
  void inspectorWithoutATokenIsToldToAuthorize() {
    // When
    Inspector.Run list = new Inspector(gate.url("everything"), Era.LEGACY, null).listTools();

    // Then
    assertThat(list.exitCode()).isEqualTo(3);
  }

  @Test
  void javaSdkKeepsItsSessionThroughDenials() {
    try (JavaClient client = new JavaClient(gate.url("everything"), gate.token("everything"))) {
      // When
      List<String> tools = client.tools();
      CallToolResult denied = client.call("trigger-long-running-operation", Map.of("duration", 1));

      // Then
      assertThat(tools)
          .contains("echo", "trigger-long-running-operation")
          .doesNotContain("get-env");
      assertThat(denied.isError()).isTrue();
      assertThat(JavaClient.text(denied)).isEqualTo("Too slow.");
      assertThatThrownBy(() -> client.call("get-env", Map.of()))
          .isInstanceOf(McpError.class)
          .hasMessageContaining("Unknown tool: get-env");
      assertThat(JavaClient.text(client.call("echo", Map.of("message", "still here"))))
          .isEqualTo("Echo: still here");
      assertThat(everything.calledTools())
          .doesNotContain("get-env", "trigger-long-running-operation");
    }
  }

  @Test
  void typeScriptSdkReachesResourcesAndPrompts() {
    // When
    TypeScriptClient.Outcome outcome =
        typeScript("everything", Era.LEGACY)
            .operation("ping", null)
            .operation("listPrompts", null)
            .operation("getPrompt", JSON.createObjectNode().put("name", "simple-prompt"))
            .operation("listResources", null)
            .call("get-env", Map.of())
            .call("echo", Map.of("message", "\u00e9\u4e16\ud83c\udf0d"))
            .run();

    // Then
    assertThat(outcome.connected()).as("%s", outcome.error()).isTrue();
    assertThat(outcome.results().get(0).has("result")).isTrue();
    assertThat(names(outcome.result(1).path("prompts"))).contains("simple-prompt");
    assertThat(outcome.result(2).path("messages")).isNotEmpty();
    assertThat(outcome.result(3).path("resources")).isNotEmpty();
    assertThat(outcome.error(4).path("code").asInt()).isEqualTo(-32602);
    assertThat(outcome.text(5)).isEqualTo("Echo: \u00e9\u4e16\ud83c\udf0d");
  }

  @ParameterizedTest
  @EnumSource(Era.class)
  void deniedWritesChangeNothingOnDisk(Era era) throws Exception {
    // Given
    Path allowed = files.resolve("inbox").resolve(era + ".txt");
    Path outside = files.resolve(era + ".txt");
    Path escaped = files.resolve("escaped-" + era + ".txt");

    // When
    TypeScriptClient.Outcome outcome =
        typeScript("filesystem", era)
            .listTools()
            .call("write_file", Map.of("path", allowed.toString(), "content", "allowed"))
            .call("write_file", Map.of("path", outside.toString(), "content", "denied"))
            .call(
                "write_file",
                Map.of("path", files + "/inbox/../escaped-" + era + ".txt", "content", "denied"))
            .call(
                "move_file",
                Map.of("source", files + "/secret.txt", "destination", files + "/inbox/secret.txt"))
            .call("read_text_file", Map.of("path", files + "/secret.txt"))
            .call("read_text_file", Map.of("path", files + "/inbox/note.txt"))
            .call("create_directory", Map.of("path", files + "/inbox/new"))
            .run();

    // Then
    assertThat(outcome.connected()).as("%s", outcome.error()).isTrue();
    assertThat(names(outcome.result(0).path("tools")))
        .containsExactlyInAnyOrder("read_text_file", "write_file");
    assertThat(allowed).hasContent("allowed");
    assertThat(outside).doesNotExist();
    assertThat(escaped).doesNotExist();
    assertThat(outcome.text(2)).isEqualTo("Write to the inbox only.");
    assertThat(outcome.text(3)).isEqualTo("Write to the inbox only.");
    assertThat(files.resolve("secret.txt")).hasContent("do not read");
    assertThat(files.resolve("inbox/secret.txt")).doesNotExist();
    assertThat(outcome.results().get(5).toString()).doesNotContain("do not read");
    assertThat(outcome.text(6)).isEqualTo("read me");
    assertThat(files.resolve("inbox/new")).doesNotExist();
    assertThat(filesystem.messages())
        .filteredOn(message -> message.path("method").asText().equals("tools/call"))
        .extracting(message -> message.at("/params/arguments/path").asText())
        .isSubsetOf(
            files.resolve("inbox/LEGACY.txt").toString(),
            files.resolve("inbox/MODERN.txt").toString(),
            files.resolve("inbox/note.txt").toString());
  }

  @ParameterizedTest
  @EnumSource(Era.class)
  void deniedDeletesLeaveTheMemoryFile(Era era) throws Exception {
    // Given
    String entity = "Grace-" + era;

    // When
    TypeScriptClient.Outcome outcome =
        typeScript("memory", era)
            .call(
                "create_entities",
                Map.of(
                    "entities",
                    List.of(
                        Map.of("name", entity, "entityType", "person", "observations", List.of()))))
            .call("delete_entities", Map.of("entityNames", List.of(entity)))
            .call("read_graph", Map.of())
            .run();

    // Then
    assertThat(outcome.connected()).as("%s", outcome.error()).isTrue();
    assertThat(outcome.result(1).path("isError").asBoolean()).isTrue();
    assertThat(outcome.text(1)).isEqualTo("Nothing is forgotten.");
    assertThat(outcome.text(2)).contains(entity);
    assertThat(Files.readString(memoryFile)).contains(entity);
    assertThat(memory.calledTools()).doesNotContain("delete_entities");
  }

  @Test
  void everyDenialIsOnRecordAndNoArgumentIs() throws Exception {
    // When
    typeScript("filesystem", Era.MODERN)
        .call("write_file", Map.of("path", "/nowhere/else", "content", "hush-hush"))
        .run();

    // Then
    await()
        .untilAsserted(
            () ->
                assertThat(gate.audit())
                    .anySatisfy(
                        record -> {
                          assertThat(record.path("tool").asText()).isEqualTo("write_file");
                          assertThat(record.toString()).contains("/tools/write_file/require/0");
                        }));
    assertThat(gate.auditText()).doesNotContain("hush-hush").doesNotContain("/nowhere/else");
    assertThat(gate.metrics()).contains("tallygate_");
  }

  @Test
  void serversSeeNeitherTokensNorCompressionThatTheGateCannotRead() {
    // When
    typeScript("everything", Era.LEGACY).listTools().run();

    // Then
    assertThat(everything.requests())
        .isNotEmpty()
        .allSatisfy(
            request -> {
              assertThat(request.path("headers").has("authorization")).isFalse();
              assertThat(request.at("/headers/accept-encoding").asText("identity"))
                  .doesNotContain("gzip");
            });
  }
}
