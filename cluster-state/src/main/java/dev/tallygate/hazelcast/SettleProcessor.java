package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterTable;
import java.util.Set;

/** Ends a reservation of one subject's counters; answers whether this did. */
final class SettleProcessor extends TableProcessor<Boolean> {
  final String id;
  final Set<CounterKey> refunded;

  SettleProcessor(String id, Set<CounterKey> refunded) {
    this.id = id;
    this.refunded = refunded;
  }

  @Override
  Boolean apply(CounterTable table, long clockMillis) {
    return table.settle(id, refunded, clockMillis);
  }

  @Override
  boolean changed(Boolean ended) {
    return ended;
  }
}
