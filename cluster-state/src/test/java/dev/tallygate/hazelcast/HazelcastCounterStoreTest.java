package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterStoreContract;
import dev.tallygate.counters.CounterTable;
import java.time.InstantSource;

class HazelcastCounterStoreTest extends CounterStoreContract {
  /** One member for all tests, jqwik's and Jupiter's; it ends with the JVM. */
  private static final EmbeddedHazelcast hazelcast = EmbeddedHazelcast.standalone();

  @Override
  protected CounterStore newStore(InstantSource clock) {
    hazelcast.member().getUserContext().put(TableProcessor.CLOCK, clock);
    hazelcast.member().getMap(HazelcastCounterStore.MAP).clear();
    return hazelcast.counterStore();
  }

  @Override
  protected int entriesIn(CounterStore store) {
    return hazelcast
        .member()
        .<String, CounterTable>getMap(HazelcastCounterStore.MAP)
        .values()
        .stream()
        .mapToInt(CounterTable::size)
        .sum();
  }
}
