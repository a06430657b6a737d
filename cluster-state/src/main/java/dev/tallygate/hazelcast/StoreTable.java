package dev.tallygate.hazelcast;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import dev.tallygate.counters.CounterTable;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Puts a table, as the owner has it, on a backup.
 *
 * <p>It refers to the owner's live table: it is serialised on the partition's thread right after
 * the step, before another step can run, and never runs on the owner itself.
 */
final class StoreTable implements EntryProcessor<String, CounterTable, Object> {
  final transient CounterTable table;
  final long ttlSeconds;

  StoreTable(CounterTable table, long ttlSeconds) {
    this.table = table;
    this.ttlSeconds = ttlSeconds;
  }

  @Override
  public Object process(Map.Entry<String, CounterTable> entry) {
    ((ExtendedMapEntry<String, CounterTable>) entry).setValue(table, ttlSeconds, TimeUnit.SECONDS);
    return null;
  }
}
