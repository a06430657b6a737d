package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.core.ReadOnly;
import com.hazelcast.map.EntryProcessor;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterTable;
import java.util.Map;

/** Reads one counter where it is, so that no table travels. */
final class UsageQuery
    implements EntryProcessor<String, CounterTable, CounterStore.Usage>,
        ReadOnly,
        HazelcastInstanceAware {
  final CounterKey key;
  private transient HazelcastInstance member;

  UsageQuery(CounterKey key) {
    this.key = key;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    member = instance;
  }

  @Override
  public CounterStore.Usage process(Map.Entry<String, CounterTable> entry) {
    LedgerOwner owner = LedgerOwner.at(member);
    owner.requireQuorum();
    CounterTable table = owner.tableOf(entry);
    long now = owner.clockMillis();
    if (!table.knows(key, now)) {
      throw new IllegalStateException("what was counted of " + key + " was lost");
    }
    return table.usage(key, now);
  }

  @Override
  public EntryProcessor<String, CounterTable, CounterStore.Usage> getBackupProcessor() {
    return null;
  }
}
