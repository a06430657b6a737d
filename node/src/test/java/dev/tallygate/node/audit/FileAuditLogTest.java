package dev.tallygate.node.audit;

import static dev.tallygate.node.audit.AuditFixtures.allowed;
import static dev.tallygate.node.audit.AuditFixtures.completion;
import static dev.tallygate.node.audit.AuditFixtures.denied;
import static dev.tallygate.node.audit.AuditFixtures.lines;
import static dev.tallygate.node.audit.AuditFixtures.rejection;
import static dev.tallygate.node.audit.AuditFixtures.verify;
import static dev.tallygate.node.audit.AuditFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.node.audit.AuditSettings.OnFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileAuditLogTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration RETRY = Duration.ofMillis(5);

  @TempDir Path directory;
  private Path file;
  private AuditSettings settings;
  private final Disk disk = new Disk();

  @BeforeEach
  void settings() {
    file = directory.resolve("audit.jsonl");
    settings = AuditSettings.of(file, "node-a");
  }

  @Test
  void everyFieldIsRecorded() throws Exception {
    // Given // When
    try (FileAuditLog log = FileAuditLog.open(settings)) {
      log.append(allowed("d-1"));
      log.append(completion("d-1"));
      log.append(denied("d-2"));
      log.append(rejection("d-3"));
    }
    // Then
    List<String> lines = lines(file);
    assertThat(lines).hasSize(6);
    assertThat(withoutMac(lines.get(1)))
        .isEqualTo(
            "{\"seq\":2,\"event\":\"decision\",\"time\":\"2026-11-22T12:00:00.250000Z\","
                + "\"node\":\"node-a\",\"decisionId\":\"d-1\",\"revision\":7,"
                + "\"grant\":\"ci agent\",\"grantId\":\"g-1\",\"server\":\"github\","
                + "\"method\":\"tools/call\",\"tool\":\"create_issue\",\"outcome\":\"allowed\","
                + "\"argumentKeys\":[\"body\",\"title\"],\"argumentsDigest\":\"00ff\"");
    assertThat(withoutMac(lines.get(2)))
        .isEqualTo(
            "{\"seq\":3,\"event\":\"completion\",\"time\":\"2026-11-22T12:00:00.250000Z\","
                + "\"node\":\"node-a\",\"decisionId\":\"d-1\",\"grant\":\"ci agent\","
                + "\"grantId\":\"g-1\",\"server\":\"github\",\"method\":\"tools/call\","
                + "\"tool\":\"create_issue\",\"end\":\"ok\",\"status\":200,"
                + "\"latencyMs\":12.345,\"refunded\":[]");
    assertThat(withoutMac(lines.get(3)))
        .contains("\"outcome\":\"denied\",\"rule\":\"no-drops\",\"message\":\"not today\"");
    assertThat(withoutMac(lines.get(4)))
        .isEqualTo(
            "{\"seq\":5,\"event\":\"rejection\",\"time\":\"2026-11-22T12:00:00.250000Z\","
                + "\"node\":\"node-a\",\"decisionId\":\"d-3\",\"revision\":7,"
                + "\"server\":\"github\",\"remote\":\"127.0.0.1\",\"status\":401,"
                + "\"kind\":\"token\",\"message\":\"unknown token\"");
    assertThat(verify(settings).isOk()).isTrue();
  }

  @Test
  void restartContinuesTheChain() throws Exception {
    // Given
    write(settings, 3);
    // When
    write(settings, 2);
    // Then
    assertThat(verify(settings).isOk()).isTrue();
    assertThat(verify(settings).records()).isEqualTo(9);
  }

  @Test
  void recordTornByACrashIsCutOffAndKeptInTheChain() throws Exception {
    write(settings, 3);
    byte[] whole = Files.readAllBytes(file);
    String torn = "{\"seq\":6,\"event\":\"decision\",\"ti";
    for (int length = 1; length <= torn.length(); length++) {
      // Given
      Files.write(file, whole);
      Files.writeString(file, torn.substring(0, length), StandardOpenOption.APPEND);
      // When
      write(settings, 1);
      // Then
      AuditVerifier.Result result = verify(settings);
      assertThat(result.fault()).isEmpty();
      assertThat(result.records()).isEqualTo(8);
      assertThat(result.notes()).singleElement().asString().contains("line 6", length + " bytes");
      JsonNode start = JSON.readTree(lines(file).get(5));
      assertThat(start.at("/torn/text").asText()).isEqualTo(torn.substring(0, length));
    }
  }

  @Test
  void logCutAnywhereIsContinuedOrRefusedButNeverWrong() throws Exception {
    write(settings, 2);
    byte[] whole = Files.readAllBytes(file);
    for (int size = 0; size <= whole.length; size++) {
      // Given
      Files.write(file, Arrays.copyOf(whole, size));
      // When
      write(settings, 1);
      // Then
      assertThat(verify(settings).fault()).as("cut at %d", size).isEmpty();
    }
  }

  @Test
  void lastRecordWithoutItsNewlineIsKept() throws Exception {
    // Given
    write(settings, 2);
    Files.writeString(file, Files.readString(file).stripTrailing());
    // When
    write(settings, 1);
    // Then
    assertThat(verify(settings).isOk()).isTrue();
    assertThat(verify(settings).records()).isEqualTo(7);
    assertThat(verify(settings).notes()).isEmpty();
  }

  @Test
  void zerosLeftByAPowerLossAreTakenForATornWrite() throws Exception {
    // Given
    write(settings, 2);
    Files.write(file, new byte[200_000], StandardOpenOption.APPEND);
    // When
    write(settings, 1);
    // Then
    assertThat(verify(settings).isOk()).isTrue();
    assertThat(verify(settings).notes()).singleElement().asString().contains("200000 bytes");
  }

  @Test
  void endThatDoesNotVerifyStopsTheStart() throws Exception {
    // Given
    write(settings, 3);
    List<String> lines = lines(file);
    lines.set(4, lines.get(4).replace("node-a", "node-b"));
    lines(file, lines);
    // When // Then
    assertThatThrownBy(() -> FileAuditLog.open(settings))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("does not verify")
        .hasMessageContaining("audit verify");
  }

  @Test
  void editThatPosesAsATornWriteStopsTheStart() throws Exception {
    // Given
    write(settings, 3);
    String text = Files.readString(file).stripTrailing();
    Files.writeString(file, text.replaceAll("\"event\":\"stop\"", "\"event\":\"stap\""));
    // When // Then
    assertThatThrownBy(() -> FileAuditLog.open(settings)).hasMessageContaining("does not verify");
  }

  @Test
  void recordsWithoutTheirKeyStopTheStart() throws Exception {
    // Given
    write(settings, 1);
    Files.delete(settings.keyFile());
    // When // Then
    assertThatThrownBy(() -> FileAuditLog.open(settings))
        .hasMessageContaining("its key is missing");
    assertThat(settings.keyFile()).doesNotExist();
  }

  @Test
  void refusedStartLetsTheFileGo() throws Exception {
    // Given
    write(settings, 1);
    byte[] key = Files.readAllBytes(settings.keyFile());
    Files.delete(settings.keyFile());
    assertThatThrownBy(() -> FileAuditLog.open(settings)).isInstanceOf(IOException.class);
    // When
    AuditKey.create(settings.keyFile());
    Files.write(settings.keyFile(), key);
    // Then
    write(settings, 1);
    assertThat(verify(settings).isOk()).isTrue();
  }

  @Test
  void secondNodeIsRefusedTheFile() throws Exception {
    try (FileAuditLog log = FileAuditLog.open(settings)) {
      assertThatThrownBy(() -> FileAuditLog.open(settings))
          .hasMessageContaining("another node writes this audit log");
      assertThat(log.append(allowed("d-1")).toCompletableFuture()).isCompleted();
    }
  }

  @Test
  void otherProcessIsRefusedTheFile() throws Exception {
    // Given
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      var in = holder.inputReader();
      String said = in.readLine();
      while (said != null && !said.equals("open")) {
        said = in.readLine();
      }
      assertThat(said).isEqualTo("open");
      // When // Then
      assertThatThrownBy(() -> FileAuditLog.open(settings))
          .hasMessageContaining("another node writes this audit log");
      // When it is killed without a chance to close
      holder.destroyForcibly().waitFor();
      // Then
      write(settings, 1);
      assertThat(verify(settings).fault()).isEmpty();
    } finally {
      holder.destroyForcibly();
    }
  }

  /** Holds a log open in a process of its own. */
  static final class Holder {
    public static void main(String[] args) throws Exception {
      FileAuditLog log = FileAuditLog.open(AuditSettings.of(Path.of(args[0]), "holder"));
      for (int i = 0; i < 100; i++) {
        log.append(allowed("d-" + i));
      }
      System.out.println("open");
      new CountDownLatch(1).await();
    }
  }

  @Test
  void strictRecordIsKeptOnlyOnceItIsForced() throws Exception {
    // Given
    try (FileAuditLog log = open(settings.withStrict(true))) {
      log.append(allowed("d-0")).toCompletableFuture().get();
      CountDownLatch gate = disk.stall();
      // When
      CompletableFuture<Void> kept = log.append(allowed("d-1")).toCompletableFuture();
      disk.atGate.await();
      // Then
      assertThat(Files.readString(file)).contains("d-1");
      assertThat(kept).isNotDone();
      // When
      gate.countDown();
      // Then
      kept.get();
      assertThat(disk.calls.get(disk.calls.size() - 1)).isEqualTo("force");
    }
  }

  @Test
  void oneForceServesAllThatWait() throws Exception {
    // Given
    try (FileAuditLog log = open(settings.withStrict(true))) {
      log.append(allowed("first")).toCompletableFuture().get();
      CountDownLatch gate = disk.stall();
      CompletableFuture<Void> held = log.append(allowed("held")).toCompletableFuture();
      disk.atGate.await();
      int before = disk.calls.size();
      // When
      List<CompletableFuture<Void>> many = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        many.add(log.append(allowed("d-" + i)).toCompletableFuture());
      }
      gate.countDown();
      held.get();
      CompletableFuture.allOf(many.toArray(CompletableFuture[]::new)).get();
      // Then
      assertThat(disk.calls.subList(before, disk.calls.size()))
          .containsExactly("force", "append", "force");
    }
  }

  @Test
  void lazyRecordIsForcedSoonAfter() throws Exception {
    try (FileAuditLog log = open(settings)) {
      // When
      log.append(allowed("d-1"));
      // Then
      await().until(() -> Files.readString(file).contains("d-1"));
      await().atMost(Duration.ofSeconds(60)).until(() -> disk.calls.contains("force"));
    }
  }

  @Test
  void fullQueueDeniesNewCallsButKeepsRoomForOutcomes() throws Exception {
    // Given
    try (FileAuditLog log = open(settings.withStrict(true).withQueue(8, 1 << 20))) {
      log.append(allowed("first")).toCompletableFuture().get();
      CountDownLatch gate = disk.stall();
      for (int i = 0; i < 6; i++) {
        log.append(allowed("d-" + i));
      }
      // When
      CompletionStage<Void> refused = log.append(allowed("refused"));
      CompletionStage<Void> outcome = log.append(completion("d-0"));
      // Then
      assertUnavailable(refused, "queue is full");
      assertThat(outcome.toCompletableFuture()).isNotDone();
      assertThat(log.queued()).isEqualTo(7);
      gate.countDown();
      outcome.toCompletableFuture().get();
    }
    assertThat(Files.readString(file)).doesNotContain("\"refused\"\"").contains("\"refused\":1");
    assertThat(verify(settings).isOk()).isTrue();
  }

  @Test
  void queueIsBoundedInBytes() throws Exception {
    // Given
    try (FileAuditLog log = open(settings.withStrict(true).withQueue(1000, 8192))) {
      log.append(allowed("first")).toCompletableFuture().get();
      CountDownLatch gate = disk.stall();
      // When
      int taken = 0;
      while (!log.append(allowed("d-" + taken)).toCompletableFuture().isDone()) {
        taken++;
      }
      // Then
      assertThat(taken).isBetween(5, 15);
      gate.countDown();
    }
  }

  @Test
  void strictCallsAreDeniedWhileTheDiskIsFullAndNeverAppearAsAllowed() throws Exception {
    // Given
    AuditSettings strict = settings.withStrict(true);
    try (FileAuditLog log = open(strict)) {
      log.append(allowed("before")).toCompletableFuture().get();
      disk.leaveRoomFor(100);
      // When
      assertUnavailable(log.append(allowed("unrecorded")), "No space left");
      assertUnavailable(log.append(allowed("unrecorded")), "No space left");
      // Then
      assertThat(log.failure()).hasValueSatisfying(f -> assertThat(f).contains("No space left"));
      assertThat(log.refused()).isEqualTo(2);
      // When space is back
      disk.leaveRoomFor(Long.MAX_VALUE);
      await().until(() -> log.failure().isEmpty());
      log.append(allowed("after")).toCompletableFuture().get();
    }
    // Then
    String text = Files.readString(file);
    assertThat(text).contains("before", "after").doesNotContain("unrecorded");
    assertThat(text).contains("\"event\":\"gap\"").contains("\"refused\":2,\"lost\":0");
    assertThat(verify(settings).isOk()).isTrue();
    assertThat(verify(settings).notes()).anySatisfy(n -> assertThat(n).contains("2 refused"));
  }

  @Test
  void lazyRecordsThatWereAcceptedOutlastAFullDisk() throws Exception {
    for (int room = 0; room < 700; room += 61) {
      // Given
      AuditSettings own =
          AuditSettings.of(directory.resolve("room-" + room).resolve("audit.jsonl"), "node-a");
      try (FileAuditLog log = open(own)) {
        log.append(allowed("before"));
        await().until(() -> log.queued() == 0);
        disk.leaveRoomFor(room);
        // When
        assertThat(log.append(allowed("accepted")).toCompletableFuture()).isCompleted();
        await().until(() -> log.failure().isPresent() || log.queued() == 0);
        log.append(completion("outcome"));
        await().until(() -> log.failure().isPresent());
        assertUnavailable(log.append(allowed("refused-call")), "No space left");
        disk.leaveRoomFor(Long.MAX_VALUE);
        await().until(() -> log.failure().isEmpty());
      }
      // Then
      assertThat(Files.readString(own.file()))
          .contains("before", "accepted", "outcome")
          .doesNotContain("refused-call");
      assertThat(verify(own).fault()).isEmpty();
    }
  }

  @Test
  void whereConfiguredCallsRunUnrecordedAndTheirNumberIsRecorded() throws Exception {
    // Given
    AuditSettings lenient =
        settings.withOnFailure(OnFailure.ALLOW).withStrict(true).withQueue(8, 1 << 20);
    try (FileAuditLog log = open(lenient)) {
      log.append(allowed("before")).toCompletableFuture().get();
      disk.leaveRoomFor(0);
      // When
      for (int i = 0; i < 20; i++) {
        log.append(allowed("d-" + i)).toCompletableFuture().get();
      }
      // Then
      assertThat(log.lost()).isEqualTo(14);
      disk.leaveRoomFor(Long.MAX_VALUE);
      await().until(() -> log.failure().isEmpty());
    }
    assertThat(Files.readString(file)).contains("\"refused\":0,\"lost\":14", "d-0", "d-5");
    assertThat(verify(settings).isOk()).isTrue();
  }

  @Test
  void failedForceDeniesAndLeavesNoRecordOfTheCall() throws Exception {
    // Given
    try (FileAuditLog log = open(settings.withStrict(true))) {
      log.append(allowed("before")).toCompletableFuture().get();
      disk.failToForce(true);
      // When
      assertUnavailable(log.append(allowed("unrecorded")), "Input/output error");
      disk.failToForce(false);
      await().until(() -> log.failure().isEmpty());
    }
    // Then
    assertThat(Files.readString(file)).doesNotContain("unrecorded");
    assertThat(verify(settings).isOk()).isTrue();
  }

  @Test
  void fullDeviceFailsLikeAFullDisk() throws Exception {
    // Given
    Path full = Path.of("/dev/full");
    Assumptions.assumeTrue(Files.isWritable(full), "this system has no /dev/full");
    // When // Then
    try (AppendFile device = AppendFile.open(full)) {
      assertThatThrownBy(() -> device.append(ByteBuffer.wrap(new byte[10])))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("No space left");
    }
  }

  @Test
  void closedLogRefuses() throws Exception {
    // Given
    FileAuditLog log = FileAuditLog.open(settings);
    log.close();
    // When // Then
    assertUnavailable(log.append(allowed("late")), "closed");
    log.close();
  }

  @Test
  void chainGoesOnAcrossRotatedFiles() throws Exception {
    // When
    AuditSettings rotating = settings.withRotation(2048, 0);
    write(rotating, 50);
    write(rotating, 50);
    // Then
    List<Path> rotated = rotated();
    assertThat(rotated.size()).isGreaterThan(10);
    assertThat(rotated).allSatisfy(p -> assertThat(Files.size(p)).isLessThan(2048 + 700));
    AuditVerifier.Result result = verify(rotating);
    assertThat(result.fault()).isEmpty();
    assertThat(result.records()).isEqualTo(104 + rotated.size());
  }

  @Test
  void removedRotatedFileIsFound() throws Exception {
    // Given
    AuditSettings rotating = settings.withRotation(2048, 0);
    write(rotating, 40);
    List<Path> rotated = rotated();
    for (int i = 0; i < rotated.size(); i++) {
      byte[] content = Files.readAllBytes(rotated.get(i));
      // When
      Files.delete(rotated.get(i));
      AuditVerifier.Fault fault = verify(rotating).fault().orElseThrow();
      // Then
      assertThat(fault.kind()).isEqualTo(AuditVerifier.Kind.REMOVED);
      assertThat(fault.line()).isEqualTo(1);
      assertThat(fault.file()).isEqualTo(i + 1 < rotated.size() ? rotated.get(i + 1) : file);
      Files.write(rotated.get(i), content);
    }
    // When
    Files.delete(file);
    // Then
    assertThat(verify(rotating).fault().orElseThrow().message()).contains("the file is missing");
  }

  @Test
  void linesCutFromTheFrontAreFound() throws Exception {
    // Given two starts in one file, the second of which names the code that it follows
    write(settings, 3);
    write(settings, 3);
    List<String> lines = lines(file);
    // When
    lines(file, lines.subList(5, lines.size()));
    // Then
    AuditVerifier.Fault fault = verify(settings).fault().orElseThrow();
    assertThat(fault.kind()).isEqualTo(AuditVerifier.Kind.REMOVED);
    assertThat(fault.message()).contains("records 1 to 5 are missing");
  }

  @Test
  void oldFilesThatTheNodeDeletesAreNoFault() throws Exception {
    // When
    AuditSettings rotating = settings.withRotation(2048, 3);
    write(rotating, 60);
    // Then
    assertThat(rotated()).hasSize(3);
    assertThat(verify(rotating).fault()).isEmpty();
    // When somebody deletes one more
    Files.delete(rotated().get(0));
    // Then
    assertThat(verify(rotating).fault().orElseThrow().kind()).isEqualTo(AuditVerifier.Kind.REMOVED);
  }

  @Test
  void foreignFileDoesNotMakeTheNodeDeleteItsOwn() throws Exception {
    // Given
    AuditSettings rotating = settings.withRotation(2048, 100);
    write(rotating, 20);
    List<Path> own = rotated();
    for (int i = 0; i < 5; i++) {
      Files.copy(own.get(1), directory.resolve("audit-00000000090" + i + ".jsonl"));
    }
    // When
    write(settings.withRotation(2048, own.size() + 3), 10);
    // Then
    assertThat(own).allSatisfy(path -> assertThat(path).exists());
  }

  @Test
  void archivedFilesCanBeLeftOutByNamingTheirHead() throws Exception {
    // Given
    AuditSettings rotating = settings.withRotation(2048, 0);
    write(rotating, 20);
    Path oldest = rotated().get(0);
    List<String> archived = lines(oldest);
    String last = archived.get(archived.size() - 1);
    String head = last.substring(last.length() - 66, last.length() - 2);
    // When
    Files.delete(oldest);
    // Then
    AuditKey key = AuditKey.read(settings.keyFile());
    var none = Optional.<String>empty();
    assertThat(AuditVerifier.verify(file, key, none, none).isOk()).isFalse();
    assertThat(AuditVerifier.verify(file, key, none, Optional.of(head)).isOk()).isTrue();
  }

  @Test
  void crashBetweenTheTwoFilesOfARotationIsContinued() throws Exception {
    // Given
    write(settings, 3);
    Files.move(file, directory.resolve("audit-000000000001.jsonl"));
    // When
    write(settings, 1);
    // Then
    assertThat(verify(settings).fault()).isEmpty();
    assertThat(lines(file).get(0))
        .contains("\"event\":\"rotation\"", "audit-000000000001.jsonl")
        .startsWith("{\"seq\":6,");
  }

  @Test
  void rotationOutlastsAFullDisk() throws Exception {
    // Given
    AuditSettings rotating = settings.withRotation(2048, 2);
    try (FileAuditLog log = open(rotating)) {
      for (int i = 0; i < 24; i++) {
        disk.leaveRoomFor(i % 3 * 150);
        log.append(completion("d-" + i));
        await().until(() -> log.failure().isPresent());
        disk.leaveRoomFor(Long.MAX_VALUE);
        await().until(() -> log.failure().isEmpty());
      }
    }
    // Then
    assertThat(verify(rotating).fault()).isEmpty();
  }

  @Test
  void eightThreadsKeepOneChain() throws Exception {
    // Given
    int each = 500;
    List<Thread> threads = new ArrayList<>();
    try (FileAuditLog log = FileAuditLog.open(settings.withRotation(64 * 1024, 0))) {
      for (int t = 0; t < 8; t++) {
        int thread = t;
        threads.add(
            new Thread(
                () -> {
                  for (int i = 0; i < each; i++) {
                    log.append(allowed("t" + thread + "-" + i));
                  }
                }));
      }
      // When
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
    }
    // Then
    assertThat(verify(settings).fault()).isEmpty();
    Set<String> ids = new HashSet<>();
    List<Path> all = rotated();
    all.add(file);
    for (Path path : all) {
      for (String line : lines(path)) {
        JsonNode record = JSON.readTree(line);
        if (record.has("decisionId")) {
          ids.add(record.get("decisionId").asText());
        }
      }
    }
    assertThat(ids).hasSize(8 * each);
  }

  @Test
  void logOfARunningNodeVerifiesAtAnyTime() throws Exception {
    // Given
    AuditSettings rotating = settings.withRotation(8192, 0);
    CountDownLatch enough = new CountDownLatch(1);
    try (FileAuditLog log = FileAuditLog.open(rotating)) {
      log.append(allowed("first"));
      await().until(() -> log.queued() == 0);
      Thread calls =
          new Thread(
              () -> {
                for (int i = 0; enough.getCount() > 0 && i < 20_000; i++) {
                  log.append(allowed("d-" + i)).toCompletableFuture().join();
                  Thread.yield();
                }
              });
      calls.start();
      // When
      AuditKey key = AuditKey.read(settings.keyFile());
      for (int i = 0; i < 20; i++) {
        AuditVerifier.Result result =
            AuditVerifier.verify(file, key, Optional.empty(), Optional.empty());
        // Then
        assertThat(result.fault()).isEmpty();
      }
      enough.countDown();
      calls.join();
    }
  }

  @Test
  void whatACrashLeftIsKeptUntilItCanBeRecorded() throws Exception {
    // Given
    write(settings, 1);
    Files.writeString(file, "{\"seq\":4,\"ev", StandardOpenOption.APPEND);
    AppendFile.Opener broken =
        path -> {
          AppendFile real = AppendFile.open(path);
          return new AppendFile() {
            @Override
            public void append(ByteBuffer bytes) throws IOException {
              throw new IOException("read-only file system");
            }

            @Override
            public void force() {}

            @Override
            public void truncate(long size) throws IOException {
              throw new IOException("read-only file system");
            }

            @Override
            public void close() throws IOException {
              real.close();
            }
          };
        };
    // When
    FileAuditLog.open(settings, broken, RETRY).close();
    // Then
    assertThat(Files.readString(file)).endsWith("{\"seq\":4,\"ev");
    write(settings, 1);
    assertThat(verify(settings).notes()).singleElement().asString().contains("12 bytes");
  }

  @Test
  void argumentValuesAreNeverInTheFile() throws Exception {
    // Given
    String secret = "hunter2-correct-horse";
    JsonNode arguments =
        JSON.readTree(
            "{\"password\":\"" + secret + "\",\"nested\":{\"token\":[\"" + secret + "\"]}}");
    // When
    try (FileAuditLog log = FileAuditLog.open(settings)) {
      String digest = log.digest(CanonicalArguments.bytes(arguments));
      log.append(
          allowed(
              "d-1",
              "create_issue",
              List.of(),
              dev.tallygate.json.CanonicalJson.sortedKeys(arguments),
              digest));
    }
    // Then
    assertThat(Files.readString(file))
        .contains("\"argumentKeys\":[\"nested\",\"password\"],\"argumentsDigest\":\"")
        .doesNotContain(secret);
  }

  @Test
  void digestDependsOnTheKeyAndIsNotTheChainsOwn() throws Exception {
    // Given
    byte[] text = "text".getBytes(StandardCharsets.UTF_8);
    AuditKey one = AuditKey.create(directory.resolve("one.key"));
    AuditKey two = AuditKey.create(directory.resolve("two.key"));
    // Then
    assertThat(one.digest(text)).hasSize(64).isEqualTo(one.digest(text));
    assertThat(one.digest(text)).isNotEqualTo(two.digest(text));
    assertThat(one.digest(text))
        .isNotEqualTo(
            HexFormat.of().formatHex(one.chain().next(new byte[0], text, 0, text.length)));
  }

  @Test
  void logIsNotReadableByEveryone() throws Exception {
    // When
    write(settings, 1);
    // Then
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).endsWith("---");
  }

  private static ConditionFactory await() {
    return Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2));
  }

  private FileAuditLog open(AuditSettings with) throws IOException {
    return FileAuditLog.open(with, disk, RETRY);
  }

  private List<Path> rotated() throws IOException {
    return new ArrayList<>(new LogFiles(file).rotated().values());
  }

  private static String withoutMac(String line) {
    return line.substring(0, line.lastIndexOf(",\"mac\""));
  }

  private static void assertUnavailable(CompletionStage<Void> stage, String why) {
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> stage.toCompletableFuture().get())
        .withCauseInstanceOf(AuditUnavailable.class)
        .withMessageContaining(why);
  }
}
