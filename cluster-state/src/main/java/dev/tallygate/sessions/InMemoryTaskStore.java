package dev.tallygate.sessions;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** Tasks of this process alone, forgotten with it. Every stage is complete. Thread-safe. */
public final class InMemoryTaskStore implements TaskStore {
  /** A task belongs to the server that issued its id: two servers may issue the same. */
  private record Key(String server, String id) {}

  /** Read without a lock; changed under this object's. */
  private final Map<Key, String> owners = new ConcurrentHashMap<>();

  private final Map<String, LinkedHashSet<Key>> perGrant = new HashMap<>();

  @Override
  public CompletionStage<Void> began(String server, String taskId, String grantId) {
    bind(new Key(server, taskId), grantId);
    return CompletableFuture.completedFuture(null);
  }

  private synchronized void bind(Key key, String grantId) {
    if (key.id.length() > MAX_ID_LENGTH || owners.containsKey(key)) {
      return;
    }
    LinkedHashSet<Key> own = perGrant.computeIfAbsent(grantId, first -> new LinkedHashSet<>());
    if (own.size() == MAX_PER_GRANT) {
      Key oldest = own.iterator().next();
      own.remove(oldest);
      owners.remove(oldest);
    }
    own.add(key);
    owners.put(key, grantId);
  }

  @Override
  public CompletionStage<Boolean> owns(String grantId, String server, Collection<String> taskIds) {
    return CompletableFuture.completedFuture(
        taskIds.stream().allMatch(id -> owns(grantId, server, id)));
  }

  @Override
  public CompletionStage<Predicate<String>> tasksOf(String grantId, String server) {
    return CompletableFuture.completedFuture(id -> owns(grantId, server, id));
  }

  private boolean owns(String grantId, String server, String id) {
    return grantId.equals(owners.get(new Key(server, id)));
  }

  @Override
  public synchronized void retainOnly(Set<String> grantsInForce) {
    perGrant.keySet().retainAll(grantsInForce);
    owners.values().retainAll(grantsInForce);
  }

  @Override
  public void close() {}
}
