package dev.tallygate.hazelcast;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import dev.tallygate.counters.CounterTable;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Takes over on a backup what has changed at the owner. */
final class ApplyChanges implements EntryProcessor<String, CounterTable, Object> {
  final CounterTable.Contents changes;
  final long ttlSeconds;

  ApplyChanges(CounterTable.Contents changes, long ttlSeconds) {
    this.changes = changes;
    this.ttlSeconds = ttlSeconds;
  }

  @Override
  public Object process(Map.Entry<String, CounterTable> entry) {
    CounterTable table = entry.getValue();
    if (table == null) {
      table = new CounterTable(changes.blindBefore());
    }
    table.apply(changes);
    ((ExtendedMapEntry<String, CounterTable>) entry).setValue(table, ttlSeconds, TimeUnit.SECONDS);
    return null;
  }
}
