package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.Node;
import dev.tallygate.node.fixture.FreePorts;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunningNodeTest {
  @TempDir Path directory;
  private Path config;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void configuration() throws IOException {
    config =
        Files.writeString(
            directory.resolve("tallygate.yaml"),
            """
            listen: { port: 0 }
            admin: { port: %d }
            servers:
              files: { url: "http://127.0.0.1:1/mcp" }
            audit: { file: audit.jsonl }
            """
                .formatted(FreePorts.one()));
  }

  private int mint(String label) {
    return TallygateCommand.line()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute("grant", "mint", "-c", config.toString(), "--label", label, "--server", "files");
  }

  @Test
  void aMintedGrantIsInForceWhenTheCommandReturns() throws Exception {
    try (Node node = Node.start(config)) {
      // When
      int exit = mint("alice");

      // Then
      assertThat(exit).isZero();
      assertThat(err.toString()).contains("In force on the running node.");
      assertThat(
              node.config().snapshot().authenticate(out.toString().trim(), "files", Instant.now()))
          .isPresent();
    }
  }

  @Test
  void commandsAtOneTimeAllLearnThatTheirEditIsInForce() throws Exception {
    // Given
    List<String> labels = List.of("a", "b", "c", "d");
    Queue<String> said = new ConcurrentLinkedQueue<>();

    // When
    try (Node node = Node.start(config)) {
      List<Thread> commands =
          labels.stream().map(label -> new Thread(() -> said.add(words(label)))).toList();
      commands.forEach(Thread::start);
      for (Thread command : commands) {
        command.join();
      }
    }

    // Then
    assertThat(said)
        .hasSize(labels.size())
        .allMatch(words -> words.contains("In force on the running node."));
  }

  private String words(String label) {
    StringWriter words = new StringWriter();
    TallygateCommand.line()
        .setOut(new PrintWriter(new StringWriter()))
        .setErr(new PrintWriter(words, true))
        .execute("grant", "mint", "-c", config.toString(), "--label", label, "--server", "files");
    return words.toString();
  }

  @Test
  void withoutARunningNodeTheCommandSaysSo() {
    // When
    int exit = mint("alice");

    // Then
    assertThat(exit).isZero();
    assertThat(err.toString()).contains("No node runs by this file now");
  }
}
