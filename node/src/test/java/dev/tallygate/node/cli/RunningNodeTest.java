package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.Node;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
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
    int adminPort;
    try (ServerSocket free = new ServerSocket(0)) {
      adminPort = free.getLocalPort();
    }
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
                .formatted(adminPort));
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
  void withoutARunningNodeTheCommandSaysSo() {
    // When
    int exit = mint("alice");

    // Then
    assertThat(exit).isZero();
    assertThat(err.toString()).contains("No node runs by this file now");
  }
}
