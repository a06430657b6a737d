package dev.tallygate.node.audit;

import static dev.tallygate.node.audit.AuditFixtures.allowed;
import static dev.tallygate.node.audit.AuditFixtures.completion;
import static dev.tallygate.node.audit.AuditFixtures.denied;
import static dev.tallygate.node.audit.AuditFixtures.rejection;
import static dev.tallygate.node.audit.AuditFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditTailTest {
  @TempDir Path directory;
  private final StringWriter written = new StringWriter();
  private final PrintWriter out = new PrintWriter(written);

  @Test
  void recordsAreShownInWords() throws Exception {
    // Given
    AuditSettings settings = settings();
    try (FileAuditLog log = FileAuditLog.open(settings)) {
      log.append(allowed("d-1"));
      log.append(completion("d-1"));
      log.append(denied("d-2"));
      log.append(rejection("d-3"));
    }
    // When
    new AuditTail(settings.file(), out).last(5);
    // Then
    assertThat(written.toString().lines())
        .satisfiesExactly(
            l ->
                assertThat(l)
                    .isEqualTo(
                        "2026-11-22T12:00:00.250000Z  allowed    ci agent -> github"
                            + "  tools/call create_issue  d-1"),
            l -> assertThat(l).contains("ok ", "status 200", "12.345 ms", "d-1"),
            l -> assertThat(l).contains("denied", "by no-drops", "not today", "d-2"),
            l -> assertThat(l).contains("rejected", "token 401", "127.0.0.1", "unknown token"),
            l -> assertThat(l).contains("stop", "record 6"));
  }

  @Test
  void lastRecordsReachIntoRotatedFiles() throws IOException {
    // Given
    AuditSettings settings = settings().withRotation(2048, 0);
    write(settings, 30);
    // When
    new AuditTail(settings.file(), out).last(25);
    // Then
    assertThat(written.toString().lines()).hasSize(25);
    assertThat(written.toString()).contains("  d-30\n").contains("  d-20\n");
  }

  @Test
  void followingMissesNoRecordOverRotations() throws Exception {
    // Given
    AuditSettings settings = settings().withRotation(2048, 0);
    try (FileAuditLog log = FileAuditLog.open(settings)) {
      await().until(() -> log.queued() == 0 && settings.file().toFile().length() > 0);
      int[] step = {0};
      // When
      new AuditTail(settings.file(), out)
          .follow(
              0,
              () -> {
                if (step[0] == 20) {
                  return false;
                }
                log.append(allowed("d-" + step[0]++));
                await().until(() -> log.queued() == 0);
                return true;
              });
    }
    // Then
    for (int i = 0; i < 20; i++) {
      assertThat(written.toString().lines().filter(l -> l.endsWith("rotation")).toList()).isEmpty();
      String id = "  d-" + i;
      assertThat(written.toString().lines().filter(l -> l.endsWith(id)).toList()).hasSize(1);
    }
  }

  @Test
  void hostileNamesCannotReachTheTerminal() {
    // Given
    String line =
        "{\"event\":\"decision\",\"tool\":\"\\u001b[2J\\u202e\\nallowed\",\"grant\":\"g\"}";
    // When // Then
    assertThat(AuditTail.shown(line.getBytes(StandardCharsets.UTF_8)))
        .contains("\\u001b[2J\\u202e\\u000aallowed")
        .matches("[\\x20-\\x7e]*");
    assertThat(AuditTail.shown("\u001b[2J".getBytes(StandardCharsets.UTF_8)))
        .isEqualTo("(4 bytes that are no record)");
  }

  private AuditSettings settings() {
    return AuditSettings.of(directory.resolve("audit.jsonl"), "node-a");
  }
}
