package dev.tallygate.sessions;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/** Sessions of this process alone, forgotten with it. Every stage is complete. Thread-safe. */
public final class InMemorySessionStore implements SessionStore {
  private record Open(KnownSession known, SessionState state) {}

  /** Read without a lock on each request; changed under this object's. */
  private final Map<SessionKey, Open> sessions = new ConcurrentHashMap<>();

  private final Map<String, Integer> perGrant = new HashMap<>();
  private final LongSupplier nanos;

  /**
   * @param nanos the monotonic clock
   */
  public InMemorySessionStore(LongSupplier nanos) {
    this.nanos = nanos;
  }

  @Override
  public CompletionStage<Optional<KnownSession>> open(SessionKey key, Opening opening) {
    return done(opened(key, opening));
  }

  private synchronized Optional<KnownSession> opened(SessionKey key, Opening opening) {
    String grantId = opening.grantId();
    Open before = sessions.get(key);
    if (before != null && !before.state.isOf(grantId)) {
      return Optional.empty();
    }
    if (before == null) {
      if (count(grantId) >= MAX_PER_GRANT) {
        tidy();
      }
      if (count(grantId) >= MAX_PER_GRANT) {
        return Optional.empty();
      }
      perGrant.merge(grantId, 1, Integer::sum);
    }
    KnownSession known = new KnownSession(key, opening);
    sessions.put(key, new Open(known, new SessionState(opening, nanos.getAsLong())));
    return Optional.of(known);
  }

  private int count(String grantId) {
    return perGrant.getOrDefault(grantId, 0);
  }

  @Override
  public CompletionStage<Optional<KnownSession>> find(SessionKey key, String grantId) {
    Open open = sessions.get(key);
    if (open == null || !open.state.isOf(grantId)) {
      return done(Optional.empty());
    }
    open.state.touch(nanos.getAsLong());
    return done(Optional.of(open.known));
  }

  @Override
  public CompletionStage<Void> note(KnownSession session, Notes notes) {
    state(session).ifPresent(state -> state.note(Digests.of(notes)));
    return done(null);
  }

  @Override
  public CompletionStage<Boolean> answer(KnownSession session, String questionId) {
    return done(
        state(session).map(state -> state.answer(Digests.question(questionId))).orElse(false));
  }

  @Override
  public CompletionStage<Optional<Resumption>> resume(KnownSession session, String eventId) {
    return done(state(session).flatMap(state -> state.resume(RecentIds.digest(eventId))));
  }

  private Optional<SessionState> state(KnownSession session) {
    return Optional.ofNullable(sessions.get(session.key()))
        .map(Open::state)
        .filter(state -> state.isOf(session.opening().grantId()));
  }

  @Override
  public CompletionStage<Void> end(KnownSession session) {
    ended(session);
    return done(null);
  }

  private synchronized void ended(KnownSession session) {
    if (state(session).isPresent()) {
      uncount(sessions.remove(session.key()));
    }
  }

  @Override
  public void retainOnly(Set<String> grantsInForce) {
    endWhere(open -> !grantsInForce.contains(open.state.opening().grantId()));
  }

  @Override
  public void tidy() {
    long now = nanos.getAsLong();
    endWhere(open -> now - open.state.lastUsed() > MAX_IDLE.toNanos());
  }

  private synchronized void endWhere(Predicate<Open> ended) {
    Iterator<Open> all = sessions.values().iterator();
    while (all.hasNext()) {
      Open open = all.next();
      if (ended.test(open)) {
        all.remove();
        uncount(open);
      }
    }
  }

  private void uncount(Open ended) {
    perGrant.computeIfPresent(
        ended.state.opening().grantId(), (grant, count) -> count == 1 ? null : count - 1);
  }

  @Override
  public int known() {
    return sessions.size();
  }

  @Override
  public void close() {}

  private static <T> CompletionStage<T> done(T answer) {
    return CompletableFuture.completedFuture(answer);
  }
}
