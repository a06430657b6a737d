package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the grants have of one kind, so that it is bounded over all nodes, and goes with its grant.
 * Thread-safe.
 */
final class HeldByGrants {
  private static final Logger log = LoggerFactory.getLogger(HeldByGrants.class);

  private final QuorumMap<Held> held;
  private final String kind;
  private final int max;

  /** Grants that were in force on this node, and of which something may be held. */
  private final Set<String> known = ConcurrentHashMap.newKeySet();

  /**
   * @param kind of things, as part of keys
   * @param max how many of them a grant may have
   */
  HeldByGrants(HazelcastInstance member, String kind, int max) {
    this.held = new QuorumMap<>(member, SessionMaps.HELD);
    this.kind = kind;
    this.max = max;
  }

  /** Counts one more as the grant's; answers whether there was room. */
  CompletableFuture<Boolean> hold(String grantId, String key) {
    return held.submit(of(grantId), new HoldProcessor(key, max, false))
        .thenApply(gone -> gone != null);
  }

  /** Counts one more as the grant's; answers what had to go for it, if anything. */
  CompletableFuture<Optional<String>> holdLatest(String grantId, String key) {
    return held.submit(of(grantId), new HoldProcessor(key, max, true))
        .thenApply(gone -> Optional.of(gone).filter(oldest -> !oldest.isEmpty()));
  }

  CompletableFuture<Boolean> release(String grantId, Set<String> keys) {
    return keys.isEmpty()
        ? CompletableFuture.completedFuture(false)
        : held.submit(of(grantId), new ReleaseProcessor(keys));
  }

  /** All that the grant has. */
  CompletableFuture<Set<String>> keys(String grantId) {
    return held.submit(of(grantId), new HeldQuery())
        .thenApply(keys -> new LinkedHashSet<>(Arrays.asList(keys)));
  }

  /**
   * Has what is held of grants that are in force no more be forgotten; what cannot be now, is the
   * next time.
   *
   * @param forgetting forgets one thing of a grant
   */
  void retainOnly(
      Set<String> grantsInForce, BiFunction<String, String, CompletableFuture<?>> forgetting) {
    known.addAll(grantsInForce);
    Set<String> gone = new HashSet<>(known);
    gone.removeAll(grantsInForce);
    for (String grantId : gone) {
      keys(grantId)
          .thenComposeAsync(
              keys ->
                  CompletableFuture.allOf(
                          keys.stream()
                              .map(key -> forgetting.apply(grantId, key))
                              .toArray(CompletableFuture<?>[]::new))
                      .thenComposeAsync(forgotten -> release(grantId, keys)))
          .whenComplete(
              (released, failure) -> {
                if (failure == null) {
                  known.remove(grantId);
                } else {
                  log.warn(
                      "{} of {} cannot be forgotten yet: {}", kind, grantId, failure.toString());
                }
              });
    }
  }

  private String of(String grantId) {
    return kind + " " + grantId;
  }
}
