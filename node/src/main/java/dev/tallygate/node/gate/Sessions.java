package dev.tallygate.node.gate;

import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * MCP sessions that servers opened through this gate, each bound to the grant that opened it.
 *
 * <p>An id that no server issued, and one of another grant, are alike: there is no such session.
 * Thread-safe; bounded by a number of sessions for each grant and by the time that one stays
 * silent.
 */
final class Sessions {
  static final int MAX_PER_GRANT = 1_000;
  static final Duration MAX_IDLE = Duration.ofHours(4);

  /** A session belongs to the server that issued its id: two servers may issue the same. */
  private record Key(String server, String id) {}

  /** Read without a lock on each request; changed under this object's. */
  private final Map<Key, Session> sessions = new ConcurrentHashMap<>();

  private final Map<String, Integer> perGrant = new HashMap<>();
  private final LongSupplier nanos;

  Sessions(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * Binds a session to the grant that opened it. An id that another grant uses is not bound again;
   * one of the grant's own begins anew.
   *
   * @return whether the id was free and there was room
   */
  synchronized boolean open(String server, String id, String grantId) {
    Key key = new Key(server, id);
    Session before = sessions.get(key);
    if (before != null && !before.grantId().equals(grantId)) {
      return false;
    }
    if (before == null) {
      if (count(grantId) >= MAX_PER_GRANT) {
        endIdle();
      }
      if (count(grantId) >= MAX_PER_GRANT) {
        return false;
      }
      perGrant.merge(grantId, 1, Integer::sum);
    }
    sessions.put(key, new Session(id, grantId, nanos.getAsLong()));
    return true;
  }

  private int count(String grantId) {
    return perGrant.getOrDefault(grantId, 0);
  }

  /** The grant's session of that id, if it has one. */
  Optional<Session> find(String server, String id, String grantId) {
    Session session = sessions.get(new Key(server, id));
    if (session == null || !session.grantId().equals(grantId)) {
      return Optional.empty();
    }
    session.touch(nanos.getAsLong());
    return Optional.of(session);
  }

  synchronized void end(String server, String id) {
    Session ended = sessions.remove(new Key(server, id));
    if (ended != null) {
      uncount(ended);
    }
  }

  int size() {
    return sessions.size();
  }

  /** Forgets sessions that were silent for too long. */
  void endIdle() {
    long now = nanos.getAsLong();
    endWhere(session -> now - session.lastUsed() > MAX_IDLE.toNanos());
  }

  /** Forgets the sessions of all other grants. */
  void retainOnly(Set<String> grantIds) {
    endWhere(session -> !grantIds.contains(session.grantId()));
  }

  private synchronized void endWhere(Predicate<Session> ended) {
    Iterator<Session> all = sessions.values().iterator();
    while (all.hasNext()) {
      Session session = all.next();
      if (ended.test(session)) {
        all.remove();
        uncount(session);
      }
    }
  }

  private void uncount(Session session) {
    perGrant.computeIfPresent(session.grantId(), (grant, count) -> count == 1 ? null : count - 1);
  }
}
