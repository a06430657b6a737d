package dev.tallygate.load;

import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.node.audit.AuditRecord.Caller;
import dev.tallygate.node.audit.AuditSettings;
import dev.tallygate.node.audit.FileAuditLog;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A record given to the audit log. The median is what a call waits for; the mean holds the waiting
 * for a writer that is behind, and so tells how many records a second are written.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AuditBenchmark {
  private static final int MOST_WAITING = 10_000;

  private final Caller caller = new Caller("target/load", "load", "target");
  private final byte[] arguments = Samples.arguments(false).toString().getBytes();
  private Path directory;
  private FileAuditLog log;
  private String digest;

  /** Opens a log. */
  @Setup
  public void open() throws IOException {
    directory = Files.createTempDirectory("tallygate-audit");
    log =
        FileAuditLog.open(
            AuditSettings.of(directory.resolve("audit.jsonl"), "load").withRotation(100L << 20, 1));
    digest = log.digest(arguments);
  }

  /** Closes and deletes it. */
  @TearDown
  public void delete() throws IOException {
    log.close();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** The keyed digest of a call's arguments. */
  @Benchmark
  public String digest() {
    return log.digest(arguments);
  }

  /** One record of a decision; waits while the writer is far behind. */
  @Benchmark
  public CompletionStage<Void> append() {
    while (log.queued() > MOST_WAITING) {
      Thread.onSpinWait();
    }
    return log.append(
        new AuditRecord.Decision(
            Instant.now(),
            "0199c0de-0000-7000-8000-000000000000",
            1,
            caller,
            "tools/call",
            Optional.of(SampleCall.TOOL),
            AuditRecord.Outcome.ALLOWED,
            Optional.empty(),
            Optional.empty(),
            List.of(
                new AuditRecord.Charged("grant", "searches", BigDecimal.ONE, Instant.now(), false)),
            List.of("page", "page_size", "project", "query"),
            Optional.of(digest)));
  }
}
