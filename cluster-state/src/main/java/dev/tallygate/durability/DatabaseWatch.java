package dev.tallygate.durability;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the database answers, and what was written to it. A change for the worse or the better is
 * told once. Thread-safe.
 */
final class DatabaseWatch {
  private static final Logger log = LoggerFactory.getLogger(DatabaseWatch.class);

  /** Others may know of a loss by now that this process did not see. */
  private static final Duration LOSS_IS_OVER = Duration.ofSeconds(30);

  private final DatabaseSettings database;
  private volatile boolean checked;
  private volatile Optional<String> problem = Optional.of("it was not asked yet");
  private volatile long lastDown = System.nanoTime() - LOSS_IS_OVER.toNanos();
  private boolean toldOfLoss;
  private long written;
  private long superseded;
  private long writes;
  private long writeNanos;

  DatabaseWatch(DatabaseSettings database) {
    this.database = database;
  }

  /** Looks once whether the database is one that this release can use, before it is used. */
  void ensureChecked(RowTable table) throws SQLException, DatabaseRefused {
    if (!checked) {
      table.check();
      checked = true;
    }
  }

  boolean isUp() {
    return problem.isEmpty();
  }

  /** Whether it answers, and has done so for a while. */
  boolean isSteady() {
    return isUp() && System.nanoTime() - lastDown >= LOSS_IS_OVER.toNanos();
  }

  synchronized void up() {
    if (problem.isEmpty()) {
      return;
    }
    if (toldOfLoss) {
      log.info("the database of the counts is back: {}", database);
      toldOfLoss = false;
    }
    problem = Optional.empty();
  }

  synchronized void down(Throwable failure) {
    lastDown = System.nanoTime();
    // It may come back as another.
    checked = false;
    String why = RowTable.why(failure);
    problem = Optional.of(why);
    if (!toldOfLoss) {
      toldOfLoss = true;
      log.warn(
          "the database of the counts cannot be had: {}; limits go on by what is in memory, which"
              + " is written once it is back: {}",
          database,
          why);
    }
  }

  synchronized void wrote(int rows, int ofThemSuperseded, long nanos) {
    written += rows - ofThemSuperseded;
    superseded += ofThemSuperseded;
    writes++;
    writeNanos += nanos;
  }

  synchronized DurabilityStatus status(int waiting) {
    return new DurabilityStatus(
        problem, waiting, written, superseded, writes, Duration.ofNanos(writeNanos));
  }
}
