package dev.tallygate.node.audit;

import dev.tallygate.node.audit.AuditRecord.Caller;
import dev.tallygate.node.audit.AuditRecord.Charged;
import dev.tallygate.node.audit.AuditRecord.Completion;
import dev.tallygate.node.audit.AuditRecord.Decision;
import dev.tallygate.node.audit.AuditRecord.End;
import dev.tallygate.node.audit.AuditRecord.Outcome;
import dev.tallygate.node.audit.AuditRecord.Rejection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Records, and files of them. */
final class AuditFixtures {
  static final Instant NOON = Instant.parse("2026-11-22T12:00:00.25Z");
  static final Caller CALLER = new Caller("g-1", "ci agent", "github");

  private AuditFixtures() {}

  static Decision allowed(String id) {
    return allowed(id, "create_issue", List.of(), List.of("body", "title"), "00ff");
  }

  static Decision allowed(
      String id, String tool, List<Charged> charged, List<String> argumentKeys, String digest) {
    return new Decision(
        NOON,
        id,
        7,
        CALLER,
        "tools/call",
        Optional.of(tool),
        Outcome.ALLOWED,
        Optional.empty(),
        Optional.empty(),
        charged,
        argumentKeys,
        Optional.of(digest));
  }

  static Decision denied(String id) {
    return new Decision(
        NOON,
        id,
        7,
        CALLER,
        "tools/call",
        Optional.of("drop_table"),
        Outcome.DENIED,
        Optional.of("no-drops"),
        Optional.of("not today"),
        List.of(),
        List.of(),
        Optional.empty());
  }

  static Completion completion(String id) {
    return new Completion(
        NOON,
        id,
        CALLER,
        "tools/call",
        Optional.of("create_issue"),
        End.OK,
        OptionalInt.of(200),
        Duration.ofNanos(12_345_678),
        List.of());
  }

  static Rejection rejection(String id) {
    return new Rejection(
        NOON,
        id,
        7,
        Optional.of("github"),
        Optional.empty(),
        "127.0.0.1",
        401,
        "token",
        "unknown token");
  }

  /** A closed log of a start record, {@code records} decisions and a stop record. */
  static void write(AuditSettings settings, int records) throws IOException {
    try (FileAuditLog log = FileAuditLog.open(settings)) {
      for (int i = 1; i <= records; i++) {
        log.append(allowed("d-" + i));
      }
    }
  }

  static List<String> lines(Path file) throws IOException {
    return new ArrayList<>(Files.readAllLines(file, StandardCharsets.UTF_8));
  }

  static void lines(Path file, List<String> lines) throws IOException {
    Files.writeString(file, String.join("\n", lines) + "\n");
  }

  static AuditVerifier.Result verify(AuditSettings settings) throws IOException {
    return verify(settings, Optional.empty());
  }

  static AuditVerifier.Result verify(AuditSettings settings, Optional<String> head)
      throws IOException {
    return AuditVerifier.verify(
        settings.file(), AuditKey.read(settings.keyFile()), head, Optional.empty(), Duration.ZERO);
  }
}
