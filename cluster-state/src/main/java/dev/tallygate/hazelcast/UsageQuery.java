package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.core.ReadOnly;
import com.hazelcast.map.EntryProcessor;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterTable;
import java.util.Map;
import java.util.Optional;

/**
 * Reads one counter where it is, so that no table travels. Answers null where the subject has no
 * table and no birth was given.
 */
final class UsageQuery
    implements EntryProcessor<String, CounterTable, CounterStore.Usage>,
        ReadOnly,
        HazelcastInstanceAware {
  final CounterKey key;
  final Optional<Birth> birth;
  private transient HazelcastInstance member;

  UsageQuery(CounterKey key, Optional<Birth> birth) {
    this.key = key;
    this.birth = birth;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    member = instance;
  }

  @Override
  public CounterStore.Usage process(Map.Entry<String, CounterTable> entry) {
    LedgerOwner owner = LedgerOwner.at(member);
    owner.requireQuorum();
    Optional<CounterTable> known = owner.tableOf(entry, birth);
    if (known.isEmpty()) {
      return null;
    }
    long now = owner.clockMillis();
    if (!known.get().knows(key, now)) {
      throw new IllegalStateException("what was counted of " + key + " was lost");
    }
    return known.get().usage(key, now);
  }

  @Override
  public EntryProcessor<String, CounterTable, CounterStore.Usage> getBackupProcessor() {
    return null;
  }
}
