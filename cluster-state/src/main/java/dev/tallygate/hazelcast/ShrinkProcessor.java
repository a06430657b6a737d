package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.Reservation;
import java.util.List;

/** Gives back a part of a reservation of one subject's counters; answers whether there was any. */
final class ShrinkProcessor extends TableProcessor<Boolean> {
  final String id;
  final List<Reservation.Hold> most;

  ShrinkProcessor(String id, List<Reservation.Hold> most) {
    this.id = id;
    this.most = most;
  }

  @Override
  Boolean apply(CounterTable table, long clockMillis) {
    return table.shrink(id, most, clockMillis);
  }

  @Override
  boolean changed(Boolean shrunk) {
    return shrunk;
  }

  @Override
  Boolean withoutTable() {
    return false;
  }
}
