package dev.tallygate.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.merge.MergingValue;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;
import dev.tallygate.counters.CounterTable;

/**
 * How the counts of two parts of a cluster become one when they meet again: of each window the
 * larger. At most one part had a quorum, so the other, which arrives, has counted nothing since it
 * knew. A subject that the part with the quorum has no table of has ended there, or was lost, which
 * what arrives must not hide.
 */
public final class LedgerMergePolicy
    implements SplitBrainMergePolicy<CounterTable, MergingValue<CounterTable>, CounterTable> {
  @Override
  public CounterTable merge(
      MergingValue<CounterTable> merging, MergingValue<CounterTable> existing) {
    return existing == null || existing.getValue() == null
        ? null
        : existing.<CounterTable>getValue().mergedWith(merging.getValue());
  }

  @Override
  public void writeData(ObjectDataOutput out) {}

  @Override
  public void readData(ObjectDataInput in) {}
}
