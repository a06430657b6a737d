package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A map of which an answer counts only while this process sees a quorum of data members, before and
 * after. Nothing throws; each stage completes in bounded time, on a thread that must not wait, nor
 * ask the map again. Thread-safe.
 */
final class QuorumMap<V> {
  /** How long a step may take. */
  static final Duration ANSWER_WITHIN = Duration.ofSeconds(2);

  /** Key of a {@link Duration} in the member's user context that replaces it. */
  static final String PATIENCE = "tallygate.patience";

  private static final String CUT_OFF = "too few data members are there to be sure";

  private final IMap<String, V> map;
  private final Quorum quorum;
  private final Duration answerWithin;

  QuorumMap(HazelcastInstance member, String name) {
    this.map = member.getMap(name);
    this.quorum = LedgerOwner.at(member).quorum();
    this.answerWithin = (Duration) member.getUserContext().getOrDefault(PATIENCE, ANSWER_WITHIN);
  }

  IMap<String, V> map() {
    return map;
  }

  <R> CompletableFuture<R> submit(String key, EntryProcessor<String, V, R> step) {
    return bounded(() -> map.submitToKey(key, step));
  }

  <R> CompletableFuture<Map<String, R>> submit(
      Set<String> keys, EntryProcessor<String, V, R> step) {
    return bounded(() -> map.submitToKeys(keys, step));
  }

  CompletableFuture<V> get(String key) {
    return bounded(() -> map.getAsync(key));
  }

  private <R> CompletableFuture<R> bounded(Supplier<CompletionStage<R>> asking) {
    return quorum.holds()
        ? quorum.believed(asking, CUT_OFF).orTimeout(answerWithin.toMillis(), TimeUnit.MILLISECONDS)
        : CompletableFuture.failedFuture(new SplitBrainProtectionException(CUT_OFF));
  }
}
