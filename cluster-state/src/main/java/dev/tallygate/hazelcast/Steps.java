package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import com.hazelcast.map.impl.proxy.MapProxyImpl;
import dev.tallygate.counters.CounterTable;
import java.util.concurrent.CompletableFuture;

/** Has steps on the ledger's tables taken by their owners. */
interface Steps {
  /**
   * Takes a step on one subject's table. The answer comes on a thread of Hazelcast, which must not
   * wait, nor be kept busy.
   */
  <R> CompletableFuture<R> take(String subject, EntryProcessor<String, CounterTable, R> step);

  /**
   * On a map of a member. By Hazelcast's inner interface, since the other one hands each answer to
   * the common pool as well, for a stage that nobody uses.
   */
  static Steps on(HazelcastInstance member, IMap<String, CounterTable> tables) {
    MapProxyImpl<String, CounterTable> map = (MapProxyImpl<String, CounterTable>) tables;
    return new Steps() {
      @Override
      public <R> CompletableFuture<R> take(
          String subject, EntryProcessor<String, CounterTable, R> step) {
        // The owner may be this member, which takes the object as it is.
        ((HazelcastInstanceAware) step).setHazelcastInstance(member);
        CompletableFuture<R> taken = new CompletableFuture<>();
        map.executeOnKeyInternal(subject, step)
            .whenCompleteAsync(
                (answer, failure) -> {
                  if (failure != null) {
                    taken.completeExceptionally(failure);
                    return;
                  }
                  try {
                    taken.complete(map.getNodeEngine().toObject(answer));
                  } catch (RuntimeException e) {
                    taken.completeExceptionally(e);
                  }
                },
                Runnable::run);
        return taken;
      }
    };
  }
}
