package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.node.fixture.Era;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Policies against the tools that servers have. */
@Timeout(180)
class ValidateToolsTest {
  private static final String TOOLS =
      "[{\"name\":\"alpha\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"amount\":{}}}}]";

  @TempDir Path directory;
  private Path policy;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void policy() throws IOException {
    policy =
        Files.writeString(
            directory.resolve("pay.json"),
            """
            {
              "version": "1",
              "default": "deny",
              "tools": {
                "alpha": {},
                "alhpa": {}
              }
            }
            """);
  }

  private Path config(String server) throws IOException {
    return Files.writeString(
        directory.resolve("tallygate.yaml"),
        """
        servers:
          unused: { url: "http://127.0.0.1:1/mcp" }
          bank: { url: "%s" }
        policies:
          pay: { file: pay.json }
        grants:
          - { label: alice, server: bank, policy: pay, tokenSha256: "%s" }
        audit: { file: audit.jsonl }
        """
            .formatted(server, "ab".repeat(32)));
  }

  private int run(String... args) {
    return TallygateCommand.line()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(args);
  }

  @Test
  void toolThatNoPageOfTheServersListHasIsAWarningAtItsPlace() throws IOException {
    for (Era era : Era.values()) {
      // Given
      try (FixtureServer server =
          FixtureServer.with()
              .eras(era)
              .pageSize(1)
              .tools(Tool.named("first"), Tool.named("alpha"))
              .start()) {
        Path config = config(server.url().toString());
        out.getBuffer().setLength(0);

        // When
        int exit = run("validate", "--online", "--config", config.toString());

        // Then
        assertThat(exit).isZero();
        assertThat(out.toString().lines())
            .singleElement()
            .asString()
            .contains("pay.json:6:", "warning: on bank, the server has no tool \"alhpa\"", "alpha");
      }
    }
  }

  @Test
  void serverThatCannotBeReachedIsAnErrorWhereItIsNamed() throws IOException {
    // When
    int exit = run("validate", "--online", "--config", config("http://127.0.0.1:1/mcp").toString());

    // Then
    assertThat(exit).isEqualTo(1);
    assertThat(out.toString().lines())
        .singleElement()
        .asString()
        .contains("tallygate.yaml:3:3: error: the server did not tell its tools", "/servers/bank");
  }

  @Test
  void toolsOfAFileAreTakenInAnyForm() throws IOException {
    for (String form :
        List.of(TOOLS, "{\"tools\":" + TOOLS + "}", "{\"result\":{\"tools\":" + TOOLS + "}}")) {
      // Given
      Path tools = Files.writeString(directory.resolve("tools.json"), form);
      out.getBuffer().setLength(0);

      // When
      int exit = run("validate", "--json", "--tools", tools.toString(), policy.toString());

      // Then
      assertThat(exit).isZero();
      assertThat(new JsonMapper().readTree(out.toString()))
          .singleElement()
          .satisfies(f -> assertThat(f.get("line").asInt()).isEqualTo(6))
          .satisfies(f -> assertThat(f.get("severity").asText()).isEqualTo("warning"));
    }
  }

  @Test
  void filesThatHoldNoToolsAreWrongUse() throws IOException {
    for (String text : List.of("{}", "not JSON", "3")) {
      Path tools = Files.writeString(directory.resolve("tools.json"), text);
      assertThat(run("validate", "--tools", tools.toString(), policy.toString())).isEqualTo(2);
    }
    assertThat(run("validate", "--online", policy.toString())).isEqualTo(2);
    assertThat(run("validate", "--tools", "missing.json", policy.toString())).isEqualTo(2);
  }
}
