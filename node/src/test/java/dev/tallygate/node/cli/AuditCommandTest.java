package dev.tallygate.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.node.audit.AuditSettings;
import dev.tallygate.node.audit.FileAuditLog;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class AuditCommandTest {
  @TempDir Path directory;
  private Path file;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void writeLog() throws IOException {
    file = directory.resolve("audit.jsonl");
    try (FileAuditLog log = FileAuditLog.open(AuditSettings.of(file, "node-a"))) {
      log.append(
          new AuditRecord.Rejection(
              Instant.EPOCH,
              "d-1",
              1,
              Optional.empty(),
              Optional.empty(),
              "127.0.0.1",
              400,
              "batch",
              "batches are not taken"));
    }
  }

  @Test
  void soundLogIsOkWithItsHead() {
    // When // Then
    assertThat(run("verify", file.toString())).isZero();
    assertThat(out.toString()).matches("ok: 3 records, head [0-9a-f]{64}\\R");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void headFromAnEarlierRunIsAccepted() {
    // Given
    run("verify", file.toString());
    String head = out.toString().strip().replaceAll(".* ", "");
    // When // Then
    assertThat(run("verify", file.toString(), "--head", head)).isZero();
    assertThat(run("verify", file.toString(), "--head", "0".repeat(64))).isEqualTo(1);
    assertThat(err.toString()).contains("audit.jsonl, line 4: the head that was noted");
  }

  @Test
  void changedLogIsBadAndTheLineIsNamed() throws IOException {
    // Given
    Files.writeString(file, Files.readString(file).replace("batches", "Batches"));
    // When // Then
    assertThat(run("verify", file.toString())).isEqualTo(1);
    assertThat(err.toString()).startsWith("bad: audit.jsonl, line 2: edited");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void keyMayLieElsewhere() throws IOException {
    // Given
    Path key = directory.resolve("elsewhere.key");
    Files.move(directory.resolve("audit.jsonl.key"), key);
    // When // Then
    assertThat(run("verify", file.toString(), "--key", key.toString())).isZero();
    assertThat(run("verify", file.toString())).isEqualTo(2);
    assertThat(err.toString()).contains("audit.jsonl.key", "the audit key is missing");
  }

  @Test
  void wrongUsageIsTwo() {
    assertThat(run("verify")).isEqualTo(2);
    assertThat(run("verify", file.toString(), "--head", "xyz")).isEqualTo(2);
    assertThat(run()).isEqualTo(2);
    assertThat(run("tail", directory.resolve("none.jsonl").toString())).isEqualTo(2);
    assertThat(run("tail", "-n", "-1", file.toString())).isEqualTo(2);
  }

  @Test
  void aLogThatIsNotThereIsNamedRatherThanItsKey() {
    // When // Then
    assertThat(run("verify", directory.resolve("none.jsonl").toString())).isEqualTo(2);
    assertThat(err.toString()).contains("none.jsonl: there is no such file");
  }

  @Test
  void aFolderIsNamed() {
    // When // Then
    assertThat(run("verify", directory.toString())).isEqualTo(2);
    assertThat(run("tail", directory.toString())).isEqualTo(2);
    assertThat(err.toString().lines()).hasSize(2).allMatch(line -> line.contains("is a folder"));
  }

  @Test
  void tailShowsTheLastRecords() {
    // When // Then
    assertThat(run("tail", "-n", "2", file.toString())).isZero();
    assertThat(out.toString().lines()).hasSize(2);
    assertThat(out.toString()).contains("rejected", "batch 400", "batches are not taken");
  }

  @Test
  void helpSaysWhatTheExitCodesMean() {
    // When // Then
    assertThat(run("verify", "--help")).isZero();
    assertThat(out.toString()).contains("--head", "Exit codes:", "Note the head");
  }

  private int run(String... args) {
    return new CommandLine(new AuditCommand())
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(args);
  }
}
