package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.core.IndeterminateOperationStateException;
import com.hazelcast.internal.serialization.Data;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import com.hazelcast.map.impl.proxy.MapProxyImpl;
import com.hazelcast.spi.impl.InternalCompletableFuture;
import dev.tallygate.counters.CounterTable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

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
   *
   * @param confirmations how many backups must have what a step changed, or it fails
   */
  static Steps on(HazelcastInstance member, IMap<String, CounterTable> tables, int confirmations) {
    MapProxyImpl<String, CounterTable> map = (MapProxyImpl<String, CounterTable>) tables;
    return new Steps() {
      @Override
      public <R> CompletableFuture<R> take(
          String subject, EntryProcessor<String, CounterTable, R> step) {
        // The owner may be this member, which takes the object as it is.
        ((HazelcastInstanceAware) step).setHazelcastInstance(member);
        CompletableFuture<R> taken = new CompletableFuture<>();
        InternalCompletableFuture<Data> asked = map.executeOnKeyInternal(subject, step);
        asked.whenCompleteAsync(
            (data, failure) -> {
              if (failure != null) {
                taken.completeExceptionally(failure);
                return;
              }
              try {
                R answer = map.getNodeEngine().toObject(data);
                if (step instanceof StepGroup group) {
                  requireConfirmed(group, (StepGroup.Answers) answer, asked);
                }
                taken.complete(answer);
              } catch (RuntimeException e) {
                taken.completeExceptionally(e);
              }
            },
            Runnable::run);
        return taken;
      }

      private void requireConfirmed(
          StepGroup group, StepGroup.Answers answers, Future<?> answered) {
        if (confirmations > 0 && group.changed(answers)) {
          int confirmed = Confirmations.of(answered);
          if (confirmed < confirmations) {
            throw new IndeterminateOperationStateException(
                confirmed + " members have confirmed a step, and " + confirmations + " have to");
          }
        }
      }
    };
  }
}
