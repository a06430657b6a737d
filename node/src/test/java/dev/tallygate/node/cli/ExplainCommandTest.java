package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExplainCommandTest {
  private static final String HASH = "ab".repeat(32);

  @TempDir Path directory;
  private Path policy;
  private Path config;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void files() throws IOException {
    policy = directory.resolve("pay.json");
    Files.writeString(
        policy,
        """
        {
          "version": "1",
          "default": "deny",
          "hide": ["delete_account"],
          "tools": {
            "pay": {
              "require": [
                { "name": "small", "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }] }
              ],
              "limits": [{ "counter": "spend", "window": "day", "max": 500, "increment_from": "args.amount" }]
            }
          }
        }
        """);
    config = directory.resolve("tallygate.yaml");
    Files.writeString(
        config,
        """
        servers:
          bank: { url: "http://127.0.0.1:1/mcp" }
        policies:
          pay: { file: pay.json }
        grants:
          - { label: alice, server: bank, policy: pay, tokenSha256: "%s" }
          - { label: bare, server: bank, tokenSha256: "%s" }
        audit: { file: audit.jsonl }
        """
            .formatted(HASH, HASH.replace('a', 'c')));
  }

  private int run(String... args) {
    return TallygateCommand.line()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(args);
  }

  private int explain(String grant, String tool, String arguments) {
    return run(
        "explain",
        "--config",
        config.toString(),
        "--grant",
        grant,
        "--tool",
        tool,
        "--args",
        arguments);
  }

  @Test
  void aDeniedCallNamesTheRuleItsPlaceAndTheMessage() {
    // When
    int exit = explain("alice", "pay", "{\"amount\":101}");

    // Then
    assertThat(exit).isEqualTo(3);
    assertThat(out.toString())
        .contains("/tools/pay/require/0 (" + policy + ":8:9)")
        .contains("name       small")
        .contains("args.amount must be at most 100");
  }

  @Test
  void anAllowedCallNamesTheLimitsThatItMustFindRoomIn() {
    // When
    int exit = explain("alice", "pay", "{\"amount\":12.5}");

    // Then
    assertThat(exit).isZero();
    assertThat(out.toString())
        .contains("12.5 of 500 in 86400 s, counter spend of grant bank/alice");
  }

  @Test
  void aHiddenToolIsToldAsHiddenToItsOperator() {
    // When
    int exit = explain("alice", "delete_account", "{}");

    // Then
    assertThat(exit).isEqualTo(3);
    assertThat(out.toString()).contains("(hidden)").contains("listed     no");
  }

  @Test
  void aGrantWithoutPolicyIsDenied() {
    // When
    int exit = explain("bare", "pay", "{}");

    // Then
    assertThat(exit).isEqualTo(3);
    assertThat(out.toString()).contains("(no policy)");
  }

  @Test
  void jsonHoldsTheSame() throws IOException {
    // When
    int exit =
        run(
            "explain",
            "--policy",
            policy.toString(),
            "--tool",
            "pay",
            "--args",
            "{\"amount\":7}",
            "--json");

    // Then
    JsonNode answer = new JsonMapper().readTree(out.toString());
    assertThat(exit).isZero();
    assertThat(answer.path("outcome").asText()).isEqualTo("allowed");
    assertThat(answer.path("limits").path(0).path("cost").decimalValue()).isEqualByComparingTo("7");
  }

  @Test
  void argumentsComeFromAFileToo() throws IOException {
    // Given
    Path arguments = Files.writeString(directory.resolve("args.json"), "{\"amount\":1000}");

    // When
    int exit = explain("alice", "pay", "@" + arguments);

    // Then
    assertThat(exit).isEqualTo(3);
  }

  @Test
  void anUnknownGrantNamesThoseThatThereAre() {
    // When
    int exit = explain("alcie", "pay", "{}");

    // Then
    assertThat(exit).isEqualTo(1);
    assertThat(err.toString()).contains("there is no grant alcie; there are alice, bare");
  }

  @Test
  void ambiguousArgumentsAreRefusedAsTheGateRefusesThem() {
    // When
    int exit = explain("alice", "pay", "{\"amount\":1,\"amount\":1000}");

    // Then
    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).contains("--args, 1:13");
  }

  @Test
  void aPolicyWithErrorsNamesTheirPlaces() throws IOException {
    // Given
    Files.writeString(policy, "{ \"version\": \"2\" }");

    // When
    int exit = run("explain", "--policy", policy.toString(), "--tool", "pay");

    // Then
    assertThat(exit).isEqualTo(1);
    assertThat(err.toString()).contains(policy + ":1:3");
  }

  @Test
  void aPolicyAndAGrantTogetherAreWrongUse() {
    // When
    int exit = run("explain", "--policy", "p", "--config", "c", "--grant", "g", "--tool", "pay");

    // Then
    assertThat(exit).isEqualTo(2);
  }
}
