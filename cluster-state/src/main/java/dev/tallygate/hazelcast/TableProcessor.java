package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import dev.tallygate.counters.CounterTable;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One step on the counters of one subject, run by the member that owns them, one at a time.
 *
 * <p>The owner's clock decides the window; the table itself never lets it step back. A backup is
 * given what changed, as it came to be, and not the step, since it would read another clock; and
 * nothing where nothing changed. Hazelcast notices a backup that missed a change, and copies the
 * whole partition to it.
 *
 * @param <R> what the caller is answered
 */
abstract class TableProcessor<R>
    implements EntryProcessor<String, CounterTable, R>, HazelcastInstanceAware {
  /** An entry may expire whole seconds early, and a clock may step back: so, well after its end. */
  private static final Duration KEPT_AFTER_END = Duration.ofHours(1);

  private static final long LONGEST_TTL_SECONDS = Duration.ofDays(30 * 366).toSeconds();

  private transient HazelcastInstance member;
  private transient ApplyChanges backup;

  /** Takes the step on the table, at the clock's time in milliseconds since the epoch. */
  abstract R apply(CounterTable table, long clockMillis);

  /** Whether a step with this answer changed the table. */
  abstract boolean changed(R answer);

  /** Of a subject that has no table yet; empty where the step needs one that is there. */
  Optional<Birth> birth() {
    return Optional.empty();
  }

  /** What is answered where there is no table. */
  abstract R withoutTable();

  @Override
  public final void setHazelcastInstance(HazelcastInstance instance) {
    member = instance;
  }

  @Override
  public final R process(Map.Entry<String, CounterTable> entry) {
    LedgerOwner owner = LedgerOwner.at(member);
    owner.requireQuorum();
    owner.requireCopies(entry);
    Optional<CounterTable> known = owner.tableOf(entry, birth());
    if (known.isEmpty()) {
      return withoutTable();
    }
    CounterTable table = known.get();
    long now = owner.clockMillis();
    table.noteChanges();
    R answer = apply(table, now);
    CounterTable.Contents changes = table.changes();
    if (changed(answer)) {
      long ttlSeconds = ttlSeconds(table, now);
      ((ExtendedMapEntry<String, CounterTable>) entry)
          .setValue(table, ttlSeconds, TimeUnit.SECONDS);
      backup = new ApplyChanges(changes, ttlSeconds);
    }
    return answer;
  }

  @Override
  public final EntryProcessor<String, CounterTable, R> getBackupProcessor() {
    @SuppressWarnings("unchecked") // a backup's answer goes nowhere
    EntryProcessor<String, CounterTable, R> processor =
        (EntryProcessor<String, CounterTable, R>) (EntryProcessor<String, CounterTable, ?>) backup;
    return processor;
  }

  /** Only garbage collection: what has ended is decided by the table. */
  private static long ttlSeconds(CounterTable table, long now) {
    long leftMillis = Math.max(0, table.endsAt() - now);
    return Math.min(
        LONGEST_TTL_SECONDS,
        Duration.ofMillis(leftMillis).multipliedBy(2).plus(KEPT_AFTER_END).toSeconds());
  }
}
