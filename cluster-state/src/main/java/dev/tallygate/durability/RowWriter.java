package dev.tallygate.durability;

import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.CounterTable.Contents;
import dev.tallygate.threads.Daemons;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes rows on one thread: all that came while the last were written go together, of each subject
 * the newest (group commit). What cannot be written is kept, and written when the database is back;
 * until then nobody waits for it. Only who is told that may go on: once the process ends, those
 * that wait fail.
 *
 * <p>Memory: a row for each subject that changed while the database was away.
 *
 * <p>Thread-safe.
 */
final class RowWriter implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RowWriter.class);

  private static final int MOST_AT_ONCE = 500;
  private static final Duration ASK_WHEN_IDLE = Duration.ofSeconds(2);
  private static final Duration AGAIN = Duration.ofSeconds(1);
  private static final Duration LAST_WRITES = Duration.ofSeconds(5);

  /** SQLSTATE class of a value that the database does not take. */
  private static final String DATA = "22";

  /** A row that is not written yet, and who waits for it. */
  private record Waiting(Row row, List<CompletableFuture<Boolean>> written) {
    Waiting with(Waiting other) {
      List<CompletableFuture<Boolean>> both = new ArrayList<>(written);
      both.addAll(other.written);
      return new Waiting(row.change() >= other.row.change() ? row : other.row, both);
    }
  }

  private final RowTable table;
  private final Duration gather;
  private final DatabaseWatch watch;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, Waiting> waiting = new LinkedHashMap<>();
  private final Thread thread = Daemons.named("tallygate-counts").newThread(this::run);

  /** Rows that are being written at this moment; still to be found by {@link #unwritten}. */
  private Map<String, Waiting> underWay = Map.of();

  private long firstCameAt;
  private boolean closing;
  private boolean ended;

  /**
   * @param gather how long the first row waits for others
   */
  RowWriter(RowTable table, Duration gather, DatabaseWatch watch) {
    this.table = table;
    this.gather = gather;
    this.watch = watch;
  }

  void start() {
    thread.start();
  }

  /**
   * Takes a row to be written.
   *
   * @return whether it was written; false as soon as it is known that this has to wait for the
   *     database; fails where it will never be written, since this process ends or a newer row is
   *     there
   */
  CompletableFuture<Boolean> write(Row row) {
    CompletableFuture<Boolean> written = new CompletableFuture<>();
    lock.lock();
    try {
      if (ended) {
        written.completeExceptionally(notAnyMore());
        return written;
      }
      if (waiting.isEmpty()) {
        firstCameAt = System.nanoTime();
      }
      waiting.merge(row.subject(), new Waiting(row, List.of(written)), Waiting::with);
      changed.signal();
    } finally {
      lock.unlock();
    }
    if (!watch.isUp()) {
      written.complete(false);
    }
    return written;
  }

  /** A subject's newest row that is not known to be written. */
  Optional<Row> unwritten(String subject) {
    lock.lock();
    try {
      Waiting row = waiting.getOrDefault(subject, underWay.get(subject));
      return Optional.ofNullable(row).map(Waiting::row);
    } finally {
      lock.unlock();
    }
  }

  /** Of how many subjects rows are not written yet. */
  int waiting() {
    lock.lock();
    try {
      Set<String> subjects = new HashSet<>(waiting.keySet());
      subjects.addAll(underWay.keySet());
      return subjects.size();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      while (awaitWork()) {
        Map<String, Waiting> batch = take();
        try {
          watch.ensureChecked(table);
          Set<String> superseded = batch.isEmpty() ? asked() : write(batch);
          // Before those that wait are told, who may ask at once what is not written yet.
          done();
          tell(batch, superseded);
          watch.up();
        } catch (Throwable e) {
          // Errors too, such as failed assertions of a driver: else nothing would be written again.
          putBack(batch);
          watch.down(e);
          releaseAll(batch);
          if (closing) {
            tellOfLoss();
            return;
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // ended
    }
  }

  /** Waits until something is due; false once all is written and no more will come. */
  private boolean awaitWork() throws InterruptedException {
    lock.lock();
    try {
      long idleSince = System.nanoTime();
      while (!ended) {
        boolean up = watch.isUp();
        long dueAt = idleSince + (up ? ASK_WHEN_IDLE : AGAIN).toNanos();
        if (up && !waiting.isEmpty()) {
          dueAt = Math.min(dueAt, firstCameAt + gather.toNanos());
        }
        if (closing) {
          return !waiting.isEmpty();
        }
        long left = dueAt - System.nanoTime();
        if (left <= 0) {
          return true;
        }
        changed.await(left, TimeUnit.NANOSECONDS);
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  private Map<String, Waiting> take() {
    lock.lock();
    try {
      Map<String, Waiting> batch = new HashMap<>();
      var rows = waiting.entrySet().iterator();
      while (rows.hasNext() && batch.size() < MOST_AT_ONCE) {
        Map.Entry<String, Waiting> row = rows.next();
        batch.put(row.getKey(), row.getValue());
        rows.remove();
      }
      underWay = batch;
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private Set<String> asked() throws SQLException {
    table.ask();
    return Set.of();
  }

  /** Of which subjects newer rows are there. */
  private Set<String> write(Map<String, Waiting> batch) throws SQLException {
    long began = System.nanoTime();
    Set<String> superseded;
    try {
      List<Row> rows = new ArrayList<>(batch.size());
      for (Waiting each : batch.values()) {
        rows.add(whole(each.row()));
      }
      superseded = table.write(rows);
    } catch (SQLException e) {
      if (e.getSQLState() == null || !e.getSQLState().startsWith(DATA)) {
        throw e;
      }
      superseded = writeOneByOne(batch);
    }
    watch.wrote(batch.size(), superseded.size(), System.nanoTime() - began);
    return superseded;
  }

  /** With what the row before has and this one may lack. */
  private Row whole(Row row) throws SQLException {
    if (!row.partial()) {
      return row;
    }
    try {
      Optional<Row> before = table.read(row.subject());
      if (before.isEmpty()) {
        return row;
      }
      Contents both =
          new CounterTable(CountsCodec.read(before.get().counts()))
              .mergedWith(new CounterTable(CountsCodec.read(row.counts())))
              .contents();
      Contents whole =
          new Contents(both.latest(), row.change(), both.blindBefore(), both.charged(), List.of());
      return new Row(row.subject(), row.change(), whole.endsAt(), CountsCodec.write(whole), false);
    } catch (IOException e) {
      log.error(
          "the counts of {} in the database cannot be kept beside new ones: {}",
          row.subject(),
          RowTable.why(e));
      return row;
    }
  }

  /** One row that the database does not take must not keep the others from being written. */
  private Set<String> writeOneByOne(Map<String, Waiting> batch) throws SQLException {
    Set<String> superseded = new HashSet<>();
    for (Waiting each : batch.values()) {
      try {
        superseded.addAll(table.write(List.of(whole(each.row()))));
      } catch (SQLException e) {
        if (e.getSQLState() == null || !e.getSQLState().startsWith(DATA)) {
          throw e;
        }
        log.error(
            "the database does not take the counts of {}; they are not written: {}",
            each.row().subject(),
            RowTable.why(e));
        each.written()
            .forEach(
                one ->
                    one.completeExceptionally(
                        new IllegalStateException("the database does not take it")));
      }
    }
    return superseded;
  }

  private static void tell(Map<String, Waiting> batch, Set<String> superseded) {
    batch.forEach(
        (subject, each) -> {
          for (CompletableFuture<Boolean> one : each.written()) {
            if (superseded.contains(subject)) {
              one.completeExceptionally(
                  new IllegalStateException("another owner has written a newer row"));
            } else {
              one.complete(true);
            }
          }
        });
  }

  private void done() {
    lock.lock();
    try {
      underWay = Map.of();
    } finally {
      lock.unlock();
    }
  }

  private void putBack(Map<String, Waiting> batch) {
    lock.lock();
    try {
      batch.forEach((subject, row) -> waiting.merge(subject, row, Waiting::with));
      underWay = Map.of();
    } finally {
      lock.unlock();
    }
  }

  /** Calls go on by what is in memory. */
  private void releaseAll(Map<String, Waiting> batch) {
    List<CompletableFuture<Boolean>> all = new ArrayList<>();
    batch.values().forEach(each -> all.addAll(each.written()));
    lock.lock();
    try {
      waiting.values().forEach(each -> all.addAll(each.written()));
      waiting.replaceAll((subject, each) -> new Waiting(each.row(), List.of()));
    } finally {
      lock.unlock();
    }
    all.forEach(one -> one.complete(false));
  }

  private void tellOfLoss() {
    int left = waiting();
    if (left > 0) {
      log.warn(
          "the counts of {} subjects could not be written to the database before the end", left);
    }
  }

  /** Writes what waits, for some seconds at most. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
    try {
      thread.join(LAST_WRITES.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends as if the process were killed: what waits is lost, and who waits for it fails. */
  void abandon() {
    List<CompletableFuture<Boolean>> lost = new ArrayList<>();
    lock.lock();
    try {
      ended = true;
      waiting.values().forEach(each -> lost.addAll(each.written()));
      underWay.values().forEach(each -> lost.addAll(each.written()));
      waiting.clear();
      changed.signal();
    } finally {
      lock.unlock();
    }
    lost.forEach(one -> one.completeExceptionally(notAnyMore()));
  }

  private static IllegalStateException notAnyMore() {
    return new IllegalStateException("this process ends, and writes nothing down any more");
  }
}
