package dev.tallygate.node.gate;

import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

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

  private final Map<Key, Session> sessions = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> perGrant = new ConcurrentHashMap<>();
  private final LongSupplier nanos;

  Sessions(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * Binds a session to the grant that opened it.
   *
   * @return whether there was room; an id that is in use, by whomever, is never bound again
   */
  boolean open(String server, String id, String grantId) {
    AtomicInteger count = perGrant.computeIfAbsent(grantId, g -> new AtomicInteger());
    if (count.incrementAndGet() > MAX_PER_GRANT) {
      endIdle();
      if (count.get() > MAX_PER_GRANT) {
        count.decrementAndGet();
        return false;
      }
    }
    Session opened = new Session(id, grantId, nanos.getAsLong());
    if (sessions.putIfAbsent(new Key(server, id), opened) != null) {
      count.decrementAndGet();
      return false;
    }
    return true;
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

  void end(String server, String id) {
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
    Iterator<Session> all = sessions.values().iterator();
    while (all.hasNext()) {
      Session session = all.next();
      if (now - session.lastUsed() > MAX_IDLE.toNanos()) {
        all.remove();
        uncount(session);
      }
    }
  }

  private void uncount(Session session) {
    perGrant.computeIfPresent(
        session.grantId(), (grant, count) -> count.decrementAndGet() <= 0 ? null : count);
  }
}
