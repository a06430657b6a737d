package dev.tallygate.hazelcast;

import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterStoreContract;
import dev.tallygate.counters.CounterTable;
import java.time.Duration;
import java.time.InstantSource;

class HazelcastCounterStoreTest extends CounterStoreContract {
  /** One member for all tests, jqwik's and Jupiter's; it ends with the JVM. */
  private static final EmbeddedHazelcast hazelcast = EmbeddedHazelcast.standalone();

  /** What is tested here is never how fast a busy machine answers. */
  static final Duration PATIENT = Duration.ofSeconds(20);

  @Override
  protected CounterStore newStore(InstantSource clock) {
    hazelcast.member().getUserContext().put(LedgerOwner.CLOCK, clock);
    hazelcast.member().getMap(HazelcastCounterStore.MAP).clear();
    return patient(hazelcast);
  }

  static CounterStore patient(EmbeddedHazelcast hazelcast) {
    return new HazelcastCounterStore(
        Steps.on(
            hazelcast.member(),
            hazelcast.member().getMap(HazelcastCounterStore.MAP),
            LedgerOwner.at(hazelcast.member()).confirmations()),
        LedgerOwner.at(hazelcast.member()),
        PATIENT);
  }

  @Override
  protected int entriesIn(CounterStore store) {
    return entriesIn(hazelcast);
  }

  static int entriesIn(EmbeddedHazelcast hazelcast) {
    return hazelcast
        .member()
        .<String, CounterTable>getMap(HazelcastCounterStore.MAP)
        .values()
        .stream()
        .mapToInt(CounterTable::size)
        .sum();
  }
}
