package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.node.config.ConfigReader;
import dev.tallygate.node.config.NodeConfig;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class GrantCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;
  private Path config;

  private record Ran(int exit, String out, String err) {}

  @BeforeEach
  void configuration() throws IOException {
    config = directory.resolve("tallygate.yaml");
    Files.writeString(
        directory.resolve("readonly.json"), "{\"version\":\"1\",\"default\":\"deny\"}");
    Files.writeString(
        config,
        """
        servers:
          files: { url: "http://127.0.0.1:1/mcp" } # local
        policies:
          readonly: { file: readonly.json }
        audit: { file: audit.jsonl }
        """);
  }

  private Ran run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.add("--config");
    all.add(config.toString());
    return runPlain(new GrantCommand(), all.toArray(String[]::new));
  }

  private static Ran runPlain(Object command, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit =
        new CommandLine(command)
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(args);
    return new Ran(exit, out.toString(), err.toString());
  }

  private NodeConfig read() {
    return new ConfigReader().read(config).config().orElseThrow();
  }

  private boolean opens(String token) {
    Instant now = Instant.now();
    return read().snapshot(1, now).authenticate(token, "files", now).isPresent();
  }

  @Test
  void mintPrintsTheTokenAloneOnStandardOutput() {
    // When
    Ran ran = run("mint", "--label", "ci", "--server", "files", "--policy", "readonly");

    // Then
    assertThat(ran.exit()).isZero();
    assertThat(Token.isWellFormed(ran.out().strip())).isTrue();
    assertThat(opens(ran.out().strip())).isTrue();
    assertThat(ran.err())
        .contains("Authorization: Bearer", "/mcp/files")
        .doesNotContain(ran.out().strip());
  }

  @Test
  void mintPrintsJsonWhereAsked() throws IOException {
    // When
    Ran ran = run("mint", "--label", "ci", "--server", "files", "--expires", "30d", "--json");

    // Then
    JsonNode printed = JSON.readTree(ran.out());
    assertThat(opens(printed.get("token").asText())).isTrue();
    assertThat(printed.get("id").asText()).isEqualTo("files/ci");
    assertThat(printed.get("policy").isNull()).isTrue();
    assertThat(read().grants().get(0).expires())
        .contains(Instant.parse(printed.get("expires").asText()));
    assertThat(ran.err()).contains("no policy, so every call is denied");
  }

  @Test
  void mintRefusesWhatCannotBe() {
    assertThat(run("mint", "--label", "ci", "--server", "file"))
        .isEqualTo(new Ran(1, "", "error: there is no server `file`; there are files\n"));
    assertThat(run("mint", "--label", "ci", "--server", "files", "--expires", "soon").exit())
        .isEqualTo(2);
    assertThat(run("mint", "--server", "files").exit()).isEqualTo(2);
    assertThat(runPlain(new GrantCommand()).exit()).isEqualTo(2);
  }

  @Test
  void listTellsStatesButNeitherTokensNorHashes() throws IOException {
    // Given
    Token token = Token.random();
    Files.writeString(
        config,
        """
        grants:
          - { label: active, server: files, policy: readonly, tokenSha256: "%s" }
          - { label: expired, server: files, tokenSha256: "%s", expires: "2020-01-01T00:00:00Z" }
          - { label: revoked, server: files, tokenSha256: "%s", revoked: "2020-01-01T00:00:00Z" }
          - label: rotating
            server: files
            tokenSha256: "%s"
            previous: [{ tokenSha256: "%s", until: "2999-01-01T00:00:00Z" }]
          - label: rotated
            server: files
            tokenSha256: "%s"
            previous: [{ tokenSha256: "%s", until: "2020-01-01T00:00:00Z" }]
        """
                .formatted(
                    token.sha256().hex(),
                    "1".repeat(64),
                    "2".repeat(64),
                    "3".repeat(64),
                    "4".repeat(64),
                    "5".repeat(64),
                    "6".repeat(64))
            + Files.readString(config));

    // When
    Ran table = run("list");
    Ran json = run("list", "--json");

    // Then
    assertThat(table.out().lines().map(line -> line.replaceAll(" +", " ")))
        .containsExactly(
            "LABEL ID SERVER POLICY STATE EXPIRES",
            "active files/active files readonly active -",
            "expired files/expired files - expired 2020-01-01T00:00:00Z",
            "revoked files/revoked files - revoked -",
            "rotating files/rotating files - rotating -",
            "rotated files/rotated files - active -");
    assertThat(JSON.readTree(json.out()).findValuesAsText("state"))
        .containsExactly("active", "expired", "revoked", "rotating", "active");
    assertThat(table.out() + json.out())
        .doesNotContain(token.sha256().hex(), "1".repeat(64), "sha256");
  }

  @Test
  void rotateKeepsTheOldTokenForTheOverlapOnly() {
    // Given
    String first = run("mint", "--label", "ci", "--server", "files").out().strip();

    // When
    String second = run("rotate", "ci", "--overlap", "1h").out().strip();

    // Then
    assertThat(opens(first)).isTrue();
    assertThat(opens(second)).isTrue();

    // When
    String third = run("rotate", "ci").out().strip();

    // Then
    assertThat(opens(first)).isFalse();
    assertThat(opens(second)).isFalse();
    assertThat(opens(third)).isTrue();
    assertThat(run("rotate", "ci", "--overlap", "an hour").exit()).isEqualTo(2);
  }

  @Test
  void revokeEndsAGrantOnce() {
    // Given
    String token = run("mint", "--label", "ci", "--server", "files").out().strip();

    // When
    Ran ran = run("revoke", "ci");

    // Then
    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).startsWith("ci is revoked since 2");
    assertThat(opens(token)).isFalse();
    assertThat(run("revoke", "ci").exit()).isEqualTo(1);
    assertThat(run("revoke", "ci").err()).contains("is revoked since");
  }

  @Test
  void aRevocationThatNoNodeWillApplyFails() throws IOException {
    // Given
    run("mint", "--label", "ci", "--server", "files");
    Files.writeString(config, Files.readString(config) + "lisen: {}\n");

    // When
    Ran ran = run("revoke", "ci");

    // Then
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).contains("no node applies it", "unknown key `lisen`");
    assertThat(Files.readString(config)).contains("revoked: ");
  }

  @Test
  void validateFindsNothingWrongWithAGoodFile() {
    assertThat(runPlain(new ValidateCommand(), "--config", config.toString()))
        .isEqualTo(new Ran(0, "", "valid\n"));
  }

  @Test
  void validatePrintsPlacesAndFails() throws IOException {
    // Given
    Files.writeString(config, Files.readString(config) + "lisen: {}\n");
    Path policy = Files.writeString(directory.resolve("bad.json"), "{\n  \"version\": \"2\"\n}");

    // When
    Ran ran = runPlain(new ValidateCommand(), "--config", config.toString(), policy.toString());

    // Then
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.out())
        .contains(config + ":6:1: error: unknown key `lisen`; did you mean `listen`? (at /lisen)")
        .contains(policy + ":2:");
  }

  @Test
  void validatePrintsJsonWhereAsked() throws IOException {
    // Given
    Files.writeString(config, Files.readString(config) + "lisen: {}\n");

    // When
    Ran ran = runPlain(new ValidateCommand(), "--json", "--config", config.toString());

    // Then
    JsonNode finding = JSON.readTree(ran.out()).get(0);
    assertThat(finding.get("file").asText()).isEqualTo(config.toString());
    assertThat(finding.get("line").asInt()).isEqualTo(6);
    assertThat(finding.get("column").asInt()).isEqualTo(1);
    assertThat(finding.get("severity").asText()).isEqualTo("error");
    assertThat(finding.get("pointer").asText()).isEqualTo("/lisen");
  }

  @Test
  void validateNeedsSomethingToCheck() {
    assertThat(runPlain(new ValidateCommand()).exit()).isEqualTo(2);
    assertThat(runPlain(new ValidateCommand(), directory.resolve("none.json").toString()))
        .satisfies(
            ran -> {
              assertThat(ran.exit()).isEqualTo(1);
              assertThat(ran.out()).contains("none.json:1:1: error: the file does not exist");
            });
  }
}
