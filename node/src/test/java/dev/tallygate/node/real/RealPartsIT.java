package dev.tallygate.node.real;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.Era;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real clients and servers with nothing between them: what the gate's tests build on. */
@NeedsNpm
@Timeout(300)
class RealPartsIT {
  @TempDir static Path directory;

  private static EverythingServer everything;
  private static FilesystemServer filesystem;
  private static MemoryServer memory;

  @BeforeAll
  static void start() throws Exception {
    everything = new EverythingServer();
    filesystem = new FilesystemServer(Files.createDirectory(directory.resolve("files")));
    memory = new MemoryServer(directory.resolve("memory.jsonl"));
  }

  @AfterAll
  static void stop() {
    for (NodeServer server : new NodeServer[] {everything, filesystem, memory}) {
      if (server != null) {
        server.close();
      }
    }
  }

  @Test
  void inspectorListsAndCallsInTheLegacyEra() {
    // Given
    Inspector inspector = new Inspector(everything.url(), Era.LEGACY, null);

    // When
    Inspector.Run list = inspector.listTools();
    Inspector.Run call = inspector.call("echo", "{\"message\":\"hello\"}");

    // Then
    assertThat(list.exitCode()).as(list.errors()).isZero();
    assertThat(list.output().at("/result/tools").findValuesAsText("name")).contains("echo");
    assertThat(call.output().at("/result/content/0/text").asText()).isEqualTo("Echo: hello");
  }

  @Test
  void inspectorSpeaksTheModernEraToTheBridge() {
    // When
    Inspector.Run call = new Inspector(memory.url(), Era.MODERN, null).call("read_graph", "{}");

    // Then
    assertThat(call.exitCode()).as(call.errors()).isZero();
    assertThat(memory.calledTools()).contains("read_graph");
  }

  @Test
  void inspectorSaysWhereTheServerIsLegacyOnly() {
    // When
    Inspector.Run list = new Inspector(everything.url(), Era.MODERN, null).listTools();

    // Then
    assertThat(list.exitCode()).isEqualTo(1);
  }

  @Test
  void typeScriptSdkSpeaksBothEras() throws Exception {
    for (Era era : Era.values()) {
      // Given
      Path file = directory.resolve("files").resolve(era + ".txt");

      // When
      TypeScriptClient.Outcome outcome =
          new TypeScriptClient(filesystem.url(), era, "unused")
              .listTools()
              .call("write_file", Map.of("path", file.toString(), "content", "written"))
              .call("read_text_file", Map.of("path", "/etc/hostname"))
              .run();

      // Then
      assertThat(outcome.connected()).as("%s", outcome.error()).isTrue();
      assertThat(outcome.version()).isEqualTo(era == Era.MODERN ? "2026-07-28" : "2025-11-25");
      assertThat(outcome.result(0).path("tools")).hasSize(14);
      assertThat(file).hasContent("written");
      assertThat(outcome.result(2).path("isError").asBoolean()).isTrue();
    }
    assertThat(filesystem.calledTools())
        .containsExactly("write_file", "read_text_file", "write_file", "read_text_file");
    assertThat(filesystem.requests().get(0).at("/headers/authorization").asText())
        .isEqualTo("Bearer unused");
  }

  @Test
  void javaSdkCalls() {
    try (JavaClient client = new JavaClient(everything.url(), null)) {
      // When
      List<String> tools = client.tools();
      String text = JavaClient.text(client.call("echo", Map.of("message", "hi")));

      // Then
      assertThat(tools).contains("echo", "get-env");
      assertThat(text).isEqualTo("Echo: hi");
    }
  }

  @Test
  void memoryKeepsItsGraphInTheFile() throws Exception {
    // When
    new TypeScriptClient(memory.url(), Era.MODERN, null)
        .call(
            "create_entities",
            Map.of(
                "entities",
                List.of(Map.of("name", "Ada", "entityType", "person", "observations", List.of()))))
        .run();

    // Then
    assertThat(Files.readString(directory.resolve("memory.jsonl"))).contains("Ada");
  }
}
