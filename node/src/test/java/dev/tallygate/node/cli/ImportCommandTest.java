package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.policy.Policy;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportCommandTest {
  private static final String OLDER =
      """
      version: "1"
      default: deny
      tools:
        create_issue:
          rules:
            - name: hourly
              rate_limit: 5/hour
      """;

  @TempDir Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return TallygateCommand.line()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(args);
  }

  @Test
  void theConvertedPolicyIsPrintedAndIsValid() throws IOException {
    // Given
    Path file = Files.writeString(directory.resolve("older.yaml"), OLDER);

    // When
    int exit = run("import", file.toString());

    // Then
    assertThat(exit).isZero();
    assertThat(Policy.read(out.toString().getBytes(StandardCharsets.UTF_8)).policy())
        .hasValueSatisfying(
            policy -> assertThat(policy.namedTools()).containsExactly("create_issue"));
  }

  @Test
  void whatHasNoEqualIsRefusedWithItsPlaceAndNothingIsWritten() throws IOException {
    // Given
    Path file =
        Files.writeString(directory.resolve("older.yaml"), OLDER + "        spend_limit: 10/day\n");
    Path output = directory.resolve("policy.json");

    // When
    int exit = run("import", file.toString(), "-o", output.toString());

    // Then
    assertThat(exit).isEqualTo(1);
    assertThat(err.toString()).contains(file + ":8:").contains("spend_limit");
    assertThat(output).doesNotExist();
  }

  @Test
  void aFileThatIsThereIsNotOverwritten() throws IOException {
    // Given
    Path file = Files.writeString(directory.resolve("older.yaml"), OLDER);
    Path output = Files.writeString(directory.resolve("policy.json"), "mine");

    // When
    int exit = run("import", file.toString(), "-o", output.toString());

    // Then
    assertThat(exit).isEqualTo(1);
    assertThat(output).hasContent("mine");
    assertThat(err.toString()).contains("is there already");
  }
}
