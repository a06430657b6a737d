package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import dev.tallygate.sessions.TaskStore;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * Tasks on a Hazelcast map. Nothing is kept on this node, so the truth is asked every time.
 * Thread-safe; never blocks.
 */
final class HazelcastTaskStore implements TaskStore {
  private final QuorumMap<String> owners;
  private final HeldByGrants held;

  HazelcastTaskStore(HazelcastInstance member) {
    this.owners = new QuorumMap<>(member, SessionMaps.TASKS);
    this.held = new HeldByGrants(member, "tasks", MAX_PER_GRANT);
  }

  @Override
  public CompletionStage<Void> began(String server, String taskId, String grantId) {
    if (taskId.length() > MAX_ID_LENGTH) {
      return CompletableFuture.completedFuture(null);
    }
    String key = SessionMaps.key(server, taskId);
    return owners
        .submit(key, new BindTaskProcessor(grantId))
        .thenComposeAsync(
            bound -> bound ? held(key, grantId) : CompletableFuture.completedFuture(null));
  }

  private CompletableFuture<Void> held(String key, String grantId) {
    return held.holdLatest(grantId, key)
        .thenComposeAsync(
            oldest ->
                oldest
                    .map(gone -> forgotten(grantId, gone))
                    .orElse(CompletableFuture.completedFuture(false)))
        .thenApply(forgotten -> null);
  }

  @Override
  public CompletionStage<Boolean> owns(String grantId, String server, Collection<String> taskIds) {
    if (taskIds.stream().anyMatch(id -> id.length() > MAX_ID_LENGTH)) {
      return CompletableFuture.completedFuture(false);
    }
    CompletableFuture<Boolean> all = CompletableFuture.completedFuture(true);
    for (String id : Set.copyOf(taskIds)) {
      CompletableFuture<Boolean> own =
          owners.get(SessionMaps.key(server, id)).thenApply(grantId::equals);
      all = all.thenCombine(own, Boolean::logicalAnd);
    }
    return all;
  }

  @Override
  public CompletionStage<Predicate<String>> tasksOf(String grantId, String server) {
    return held.keys(grantId).thenApply(keys -> id -> keys.contains(SessionMaps.key(server, id)));
  }

  @Override
  public void retainOnly(Set<String> grantsInForce) {
    held.retainOnly(grantsInForce, this::forgotten);
  }

  private CompletableFuture<Boolean> forgotten(String grantId, String key) {
    return owners.submit(key, new UnbindTaskProcessor(grantId));
  }

  /** Does nothing: the member is closed by whoever started it. */
  @Override
  public void close() {}
}
