package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterTable;

/** Gives a reservation back whole, and keeps one that is still under way from holding anything. */
final class CancelProcessor extends TableProcessor<Boolean> {
  final String id;

  CancelProcessor(String id) {
    this.id = id;
  }

  @Override
  Boolean apply(CounterTable table, long clockMillis) {
    table.cancel(id, clockMillis);
    return true;
  }

  @Override
  boolean changed(Boolean answer) {
    return true;
  }
}
