package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterTable;
import java.util.Optional;

/** Gives a reservation back whole, and keeps one that is still under way from holding anything. */
final class CancelProcessor extends TableProcessor<Boolean> {
  final String id;

  /** That of the reservation, which may come to a subject without a table after this. */
  final Optional<Birth> birth;

  CancelProcessor(String id, Optional<Birth> birth) {
    this.id = id;
    this.birth = birth;
  }

  @Override
  Optional<Birth> birth() {
    return birth;
  }

  @Override
  Boolean apply(CounterTable table, long clockMillis) {
    table.cancel(id, clockMillis);
    return true;
  }

  @Override
  boolean changed(Boolean cancelled) {
    return true;
  }

  @Override
  Boolean withoutTable() {
    return false;
  }
}
