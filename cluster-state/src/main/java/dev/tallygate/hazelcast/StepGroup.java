package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import dev.tallygate.counters.CounterTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Steps on the counters of one subject, taken one after the other by the member that owns them,
 * with nothing in between. Each is answered for itself: one that fails, or is refused, stops none.
 *
 * <p>The owner's clock decides the window; the table itself never lets it step back. A backup is
 * given what changed, as it came to be, and not the steps, since it would read another clock; and
 * nothing where nothing changed. Hazelcast notices a backup that missed a change, and copies the
 * whole partition to it.
 */
final class StepGroup
    implements EntryProcessor<String, CounterTable, StepGroup.Answers>, HazelcastInstanceAware {
  /** An entry may expire whole seconds early, and a clock may step back: so, well after its end. */
  private static final Duration KEPT_AFTER_END = Duration.ofHours(1);

  private static final long LONGEST_TTL_SECONDS = Duration.ofDays(30 * 366).toSeconds();

  /** What each step was answered, in their order: its answer, or that it failed. */
  record Answers(List<Object> each) {}

  /** Instead of an answer. */
  record Failed(String cause) {}

  final List<TableStep<?>> steps;
  private transient HazelcastInstance member;
  private transient ApplyChanges backup;

  StepGroup(List<TableStep<?>> steps) {
    this.steps = steps;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    member = instance;
  }

  @Override
  public Answers process(Map.Entry<String, CounterTable> entry) {
    LedgerOwner owner = LedgerOwner.at(member);
    owner.requireQuorum();
    owner.requireCopies(entry);
    CounterTable table = owner.tableOf(entry);
    Answers answers = new Answers(new ArrayList<>(steps.size()));
    long now = owner.clockMillis();
    table.noteChanges();
    for (TableStep<?> step : steps) {
      answers.each().add(take(step, table, now));
    }
    CounterTable.Contents changes = table.changes();
    if (changed(answers)) {
      long ttlSeconds = ttlSeconds(table, now);
      ((ExtendedMapEntry<String, CounterTable>) entry)
          .setValue(table, ttlSeconds, TimeUnit.SECONDS);
      backup = new ApplyChanges(changes, ttlSeconds);
    }
    return answers;
  }

  /** Whether steps that were answered so have changed the table. */
  boolean changed(Answers answers) {
    for (int i = 0; i < steps.size(); i++) {
      Object answer = answers.each().get(i);
      if (!(answer instanceof Failed) && changed(steps.get(i), answer)) {
        return true;
      }
    }
    return false;
  }

  @SuppressWarnings("unchecked") // it is what this step was answered
  private static <R> boolean changed(TableStep<R> step, Object answer) {
    return step.changed((R) answer);
  }

  private static Object take(TableStep<?> step, CounterTable table, long now) {
    try {
      return step.apply(table, now);
    } catch (RuntimeException e) {
      return new Failed(e.toString());
    }
  }

  @Override
  public EntryProcessor<String, CounterTable, Answers> getBackupProcessor() {
    @SuppressWarnings("unchecked") // a backup's answer goes nowhere
    EntryProcessor<String, CounterTable, Answers> processor =
        (EntryProcessor<String, CounterTable, Answers>)
            (EntryProcessor<String, CounterTable, ?>) backup;
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
