package dev.tallygate.counters;

import java.time.InstantSource;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.LongSupplier;

/** What every store promises, of one that leases whatever is good for two calls. */
class LeasingCounterStoreContractTest extends CounterStoreContract {
  private final Map<CounterStore, InMemoryCounterStore> owners = new WeakHashMap<>();

  @Override
  protected CounterStore newStore(InstantSource clock) {
    InMemoryCounterStore owner = new InMemoryCounterStore(clock);
    CounterStore store = new LeasingCounterStore(owner, monotonic(clock), 2, Runnable::run);
    owners.put(store, owner);
    return store;
  }

  /** Time that passes by a clock; steps back are none. */
  static LongSupplier monotonic(InstantSource clock) {
    return new LongSupplier() {
      private long last = clock.millis();
      private long passed;

      @Override
      public synchronized long getAsLong() {
        long now = clock.millis();
        passed += Math.max(0, now - last);
        last = now;
        return passed * 1_000_000;
      }
    };
  }

  @Override
  protected int entriesIn(CounterStore store) {
    return owners.get(store).size() + ((LeasingCounterStore) store).size();
  }
}
