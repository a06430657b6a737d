package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterTable;
import java.math.BigDecimal;
import java.util.Map;

/** Ends a reservation of one subject's counters; answers whether this did. */
final class SettleProcessor extends TableProcessor<Boolean> {
  final String id;
  final Map<CounterKey, BigDecimal> givenBack;

  SettleProcessor(String id, Map<CounterKey, BigDecimal> givenBack) {
    this.id = id;
    this.givenBack = givenBack;
  }

  @Override
  Boolean apply(CounterTable table, long clockMillis) {
    return table.settle(id, givenBack, clockMillis);
  }

  @Override
  boolean changed(Boolean ended) {
    return ended;
  }

  @Override
  Boolean withoutTable() {
    return false;
  }
}
