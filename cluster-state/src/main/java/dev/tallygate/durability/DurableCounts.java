package dev.tallygate.durability;

import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.CounterTable.Contents;
import dev.tallygate.threads.Daemons;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts in a database, for the process that owns them. A database that is slow or away is waited
 * for a second or so, and not at all once that is known; limits then go on by what is in memory.
 *
 * <p>Thread-safe.
 */
public final class DurableCounts implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DurableCounts.class);

  /** Changes of so long are written at once, unless each is waited for. */
  private static final Duration GATHER = Duration.ofMillis(500);

  /** Clocks differ, and a table's owner may be behind. */
  private static final Duration KEPT_AFTER_END = Duration.ofHours(1);

  private static final int READERS = 3;
  private static final int DELETED_AT_ONCE = 1000;
  private static final int SWEEP_ROUNDS = 20;
  private static final long SWEEP_SECONDS = 60;

  private final DurabilitySettings settings;
  private final RowTable table;
  private final DatabaseWatch watch;
  private final RowWriter writer;
  private final ExecutorService readers =
      Executors.newFixedThreadPool(READERS, Daemons.named("tallygate-counts-read"));
  private final ScheduledExecutorService sweeper = Daemons.scheduler("tallygate-counts-sweep");

  private DurableCounts(DurabilitySettings settings, String cluster) {
    this.settings = settings;
    table = new RowTable(settings.database(), cluster);
    watch = new DatabaseWatch(settings.database());
    Duration gather = settings.mode() == DurabilitySettings.Mode.STRICT ? Duration.ZERO : GATHER;
    writer = new RowWriter(table, gather, watch);
  }

  /**
   * Opens the database and looks whether it can be used. A server that does not answer yet is no
   * reason not to start: what it holds is then unknown until it does.
   *
   * @param cluster whose counts these are
   * @throws DatabaseRefused where this release must not count on it
   * @throws IOException where its file cannot be had
   */
  public static DurableCounts open(DurabilitySettings settings, String cluster) throws IOException {
    DurableCounts counts = new DurableCounts(settings, cluster);
    try {
      counts.watch.ensureChecked(counts.table);
      counts.watch.up();
    } catch (SQLException e) {
      if (settings.database().kind() == DatabaseSettings.Kind.H2) {
        counts.abandon();
        throw new IOException(
            "the database of the counts, "
                + settings.database()
                + ", cannot be opened: "
                + RowTable.why(e),
            e);
      }
      counts.watch.down(e);
    } catch (DatabaseRefused e) {
      counts.abandon();
      throw e;
    }
    counts.writer.start();
    return counts;
  }

  /**
   * Deletes what has ended, from time to time.
   *
   * @param clockMillis milliseconds since the epoch
   */
  public void sweep(LongSupplier clockMillis) {
    sweeper.scheduleWithFixedDelay(
        () -> {
          try {
            deleteEnded(clockMillis.getAsLong());
          } catch (SQLException | RuntimeException e) {
            log.debug("counts that have ended cannot be deleted now: {}", e.toString());
          }
        },
        SWEEP_SECONDS,
        SWEEP_SECONDS,
        TimeUnit.SECONDS);
  }

  int deleteEnded(long now) throws SQLException {
    int deleted = 0;
    for (int round = 0; round < SWEEP_ROUNDS && watch.isUp(); round++) {
      int some = table.deleteEndedBefore(now - KEPT_AFTER_END.toMillis(), DELETED_AT_ONCE);
      deleted += some;
      if (some < DELETED_AT_ONCE) {
        break;
      }
    }
    return deleted;
  }

  /**
   * Writes down what has changed of a table; where each write is to be waited for, returns when it
   * is done, or cannot be done for now. No other thread may change the table meanwhile.
   *
   * @throws IllegalStateException where a write that is waited for will never be done
   */
  public void keep(String subject, CounterTable changed) {
    if (!changed.takeChanged()) {
      return;
    }
    Contents lasting = changed.contents().lastingLongerThan(settings.shortestWindow());
    if (lasting.charged().isEmpty()) {
      return;
    }
    CompletableFuture<Boolean> written =
        writer.write(
            new Row(
                subject,
                lasting.change(),
                lasting.endsAt(),
                CountsCodec.write(lasting),
                lasting.blindBefore().isPresent()));
    if (settings.mode() == DurabilitySettings.Mode.STRICT) {
      try {
        written.get(settings.answerWithin().toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        watch.down(
            new TimeoutException("no answer within " + settings.answerWithin().toMillis() + " ms"));
      } catch (ExecutionException e) {
        throw new IllegalStateException(
            "the counts of " + subject + " are not written down: " + e.getCause().getMessage(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted before " + subject + " was written down", e);
      }
    }
  }

  /** What is written of a subject. Waits for the database, for a second or so. */
  public KeptCounts load(String subject) {
    Optional<Row> unwritten = writer.unwritten(subject);
    if (!watch.isUp()) {
      return unwritten.map(this::found).orElseGet(KeptCounts.Unknown::new);
    }
    try {
      CompletableFuture<Optional<Row>> reading =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return table.read(subject);
                } catch (SQLException | DatabaseRefused e) {
                  throw new IllegalStateException(RowTable.why(e), e);
                }
              },
              readers);
      Optional<Row> row = reading.get(settings.answerWithin().toMillis(), TimeUnit.MILLISECONDS);
      if (unwritten.isPresent()
          && (row.isEmpty() || row.get().change() < unwritten.get().change())) {
        row = unwritten;
      }
      return row.map(this::found).orElseGet(KeptCounts.None::new);
    } catch (ExecutionException e) {
      watch.down(e.getCause());
    } catch (TimeoutException e) {
      watch.down(
          new TimeoutException("no answer within " + settings.answerWithin().toMillis() + " ms"));
    } catch (RejectedExecutionException e) {
      log.debug("the counts of {} are not read, since this process ends", subject);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return unwritten.map(this::found).orElseGet(KeptCounts.Unknown::new);
  }

  private KeptCounts found(Row row) {
    try {
      return new KeptCounts.Found(CountsCodec.read(row.counts()));
    } catch (IOException e) {
      log.error(
          "the counts of {} in the database are damaged, and count as unknown: {}",
          row.subject(),
          RowTable.why(e));
      return new KeptCounts.Unknown();
    }
  }

  /** Whether what is written can be read now. */
  public boolean canRead() {
    return watch.isUp();
  }

  /** Whether what other owners have lost is written, as far as can be told from here. */
  public boolean isWhole() {
    return watch.isSteady();
  }

  public DurabilitySettings settings() {
    return settings;
  }

  public DurabilityStatus status() {
    return watch.status(writer.waiting());
  }

  /** Writes what waits, for some seconds at most, and lets go of the database. */
  @Override
  public void close() {
    writer.close();
    abandon();
  }

  /** Ends as if the process were killed: what waits is lost. */
  public void abandon() {
    writer.abandon();
    sweeper.shutdownNow();
    readers.shutdownNow();
    table.close();
  }
}
