package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterTable;
import java.util.OptionalLong;

/**
 * Since when a partition has counts.
 *
 * @param at when it was written, in milliseconds since the epoch
 * @param blindBefore when counts of the partition were lost last, in milliseconds since the epoch;
 *     empty where none ever were
 * @param founded whether all partitions had theirs when it was last written; before that it counts
 *     for nothing
 */
record Birth(long at, OptionalLong blindBefore, boolean founded) {
  Birth asFounded() {
    return new Birth(at, blindBefore, true);
  }

  /** The table of a subject that was not seen since. */
  CounterTable newTable() {
    return new CounterTable(blindBefore);
  }

  /** The table of a subject of which nobody can tell whether it was seen before. */
  CounterTable newTableOfUnknown() {
    return new CounterTable(OptionalLong.of(Math.max(at, blindBefore.orElse(at))));
  }
}
