package dev.tallygate.hazelcast;

import com.hazelcast.core.EntryEvent;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.OperationTimeoutException;
import com.hazelcast.map.listener.EntryExpiredListener;
import com.hazelcast.map.listener.EntryRemovedListener;
import dev.tallygate.sessions.Digests;
import dev.tallygate.sessions.KnownSession;
import dev.tallygate.sessions.Notes;
import dev.tallygate.sessions.Opening;
import dev.tallygate.sessions.RecentIds;
import dev.tallygate.sessions.Resumption;
import dev.tallygate.sessions.SessionKey;
import dev.tallygate.sessions.SessionStore;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/**
 * Sessions on a Hazelcast map, one entry each, so that what is answered, noted and ended of a
 * session is one step at its owner.
 *
 * <p>Whose a session is never changes while it is open, so a node goes by what it knows, and asks
 * again after {@link #TRUSTED}. Where a session ends, the nodes are told; one that missed it finds
 * out by asking. While the truth cannot be had, a node goes on with the sessions that it knows:
 * that one of them has ended can then be told by its server alone. Everything else is asked every
 * time.
 *
 * <p>Thread-safe; never blocks. Stages complete on a thread of the store, on the common pool, or on
 * the caller's thread: what depends on them must not block, nor ask the store again on that thread.
 */
final class HazelcastSessionStore implements SessionStore {
  /** How long a session is taken to be open without asking. */
  static final Duration TRUSTED = Duration.ofSeconds(5);

  /** How often it is looked whether sessions of a grant without room are still open. */
  private static final Duration SWEPT = Duration.ofMinutes(1);

  private record Known(KnownSession session, long confirmedNanos) {
    boolean isOf(String grantId) {
      return session.opening().grantId().equals(grantId);
    }
  }

  private static final int LISTEN_ATTEMPTS = 6;

  private final QuorumMap<SharedSession> sessions;
  private final HeldByGrants held;
  private final LongSupplier nanos;
  private final Map<SessionKey, Known> known = new ConcurrentHashMap<>();
  private final Map<String, Long> swept = new ConcurrentHashMap<>();
  private final UUID listener;

  /**
   * @param nanos the monotonic clock
   */
  HazelcastSessionStore(HazelcastInstance member, LongSupplier nanos) {
    this.sessions = new QuorumMap<>(member, SessionMaps.SESSIONS);
    this.held = new HeldByGrants(member, "sessions", MAX_PER_GRANT);
    this.nanos = nanos;
    this.listener = listen();
  }

  /** Asks every member, of which one may be gone without being missed yet. */
  private UUID listen() {
    for (int attempt = 1; ; attempt++) {
      try {
        return sessions.map().addEntryListener(new Ended(), false);
      } catch (OperationTimeoutException e) {
        if (attempt == LISTEN_ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** Forgets what ended on whatever node. */
  private final class Ended
      implements EntryRemovedListener<String, SharedSession>,
          EntryExpiredListener<String, SharedSession> {
    @Override
    public void entryRemoved(EntryEvent<String, SharedSession> event) {
      known.remove(SessionMaps.sessionKey(event.getKey()));
    }

    @Override
    public void entryExpired(EntryEvent<String, SharedSession> event) {
      known.remove(SessionMaps.sessionKey(event.getKey()));
    }
  }

  @Override
  public CompletionStage<Optional<KnownSession>> open(SessionKey key, Opening opening) {
    String grantId = opening.grantId();
    String name = SessionMaps.key(key);
    return held.hold(grantId, name)
        .thenComposeAsync(room -> room ? done(true) : sweptAndHeld(grantId, name))
        .thenComposeAsync(room -> room ? taken(key, new SessionStep.Open(opening)) : done(false))
        .thenComposeAsync(
            opened ->
                opened
                    ? done(Optional.of(remembered(new KnownSession(key, opening))))
                    : notOpened(grantId, name));
  }

  /** An id that is another's is not counted; nor is one that there was no room for. */
  private CompletableFuture<Optional<KnownSession>> notOpened(String grantId, String name) {
    return held.release(grantId, Set.of(name)).thenApply(released -> Optional.empty());
  }

  /** Counts sessions no more that ended by silence, or with what held them. */
  private CompletableFuture<Boolean> sweptAndHeld(String grantId, String name) {
    long now = nanos.getAsLong();
    Long last = swept.put(grantId, now);
    if (last != null && now - last < SWEPT.toNanos()) {
      swept.put(grantId, last);
      return done(false);
    }
    return held.keys(grantId)
        .thenComposeAsync(
            keys ->
                sessions
                    .submit(keys, new SessionProcessor<>(new SessionStep.Look(grantId)))
                    .thenApply(
                        open -> {
                          Set<String> over = new HashSet<>(keys);
                          over.removeIf(key -> open.getOrDefault(key, false));
                          return over;
                        }))
        .thenComposeAsync(over -> held.release(grantId, over))
        .thenComposeAsync(released -> held.hold(grantId, name));
  }

  @Override
  public CompletionStage<Optional<KnownSession>> find(SessionKey key, String grantId) {
    Known own = known.get(key);
    if (own != null && !own.isOf(grantId)) {
      own = null;
    }
    if (own != null && nanos.getAsLong() - own.confirmedNanos < TRUSTED.toNanos()) {
      return done(Optional.of(own.session));
    }
    Optional<Known> before = Optional.ofNullable(own);
    return taken(key, new SessionStep.Find(grantId))
        .handle(
            (opening, failure) -> {
              if (failure != null) {
                return before
                    .map(one -> done(Optional.of(one.session)))
                    .orElseGet(() -> CompletableFuture.failedFuture(failure));
              }
              return done(found(key, before, Optional.ofNullable(opening)));
            })
        .thenCompose(found -> found);
  }

  private Optional<KnownSession> found(
      SessionKey key, Optional<Known> before, Optional<Opening> opening) {
    if (opening.isEmpty()) {
      before.ifPresent(one -> known.remove(key, one));
      return Optional.empty();
    }
    return Optional.of(
        remembered(
            before
                .map(Known::session)
                .filter(session -> session.opening().equals(opening.get()))
                .orElseGet(() -> new KnownSession(key, opening.get()))));
  }

  private KnownSession remembered(KnownSession session) {
    known.put(session.key(), new Known(session, nanos.getAsLong()));
    return session;
  }

  @Override
  public CompletionStage<Void> note(KnownSession session, Notes notes) {
    return taken(session.key(), new SessionStep.Note(grantId(session), Digests.of(notes), newId()))
        .thenApply(noted -> null);
  }

  @Override
  public CompletionStage<Boolean> answer(KnownSession session, String questionId) {
    return taken(
        session.key(),
        new SessionStep.Answer(grantId(session), Digests.question(questionId), newId()));
  }

  @Override
  public CompletionStage<Optional<Resumption>> resume(KnownSession session, String eventId) {
    return taken(session.key(), new SessionStep.Resume(grantId(session), RecentIds.digest(eventId)))
        .thenApply(
            requests ->
                Optional.ofNullable(requests)
                    .map(digests -> new Resumption(RecentIds.of(RecentIds.MAX, digests))));
  }

  @Override
  public CompletionStage<Void> end(KnownSession session) {
    known.computeIfPresent(session.key(), (key, one) -> one.isOf(grantId(session)) ? null : one);
    return ended(session.key(), grantId(session))
        .thenComposeAsync(
            ended -> held.release(grantId(session), Set.of(SessionMaps.key(session.key()))))
        .thenApply(released -> null);
  }

  private CompletableFuture<Boolean> ended(SessionKey key, String grantId) {
    return taken(key, new SessionStep.End(grantId));
  }

  @Override
  public void retainOnly(Set<String> grantsInForce) {
    known.values().removeIf(one -> !grantsInForce.contains(one.session.opening().grantId()));
    held.retainOnly(grantsInForce, (grantId, name) -> ended(SessionMaps.sessionKey(name), grantId));
  }

  @Override
  public void tidy() {
    long now = nanos.getAsLong();
    known.values().removeIf(one -> now - one.confirmedNanos > MAX_IDLE.toNanos());
    swept.values().removeIf(last -> now - last > SWEPT.toNanos());
  }

  @Override
  public int known() {
    return known.size();
  }

  @Override
  public void close() {
    try {
      sessions.map().removeEntryListener(listener);
    } catch (HazelcastInstanceNotActiveException e) {
      // It has gone with its member.
    }
  }

  private <R> CompletableFuture<R> taken(SessionKey key, SessionStep<R> step) {
    return sessions.submit(SessionMaps.key(key), new SessionProcessor<>(step));
  }

  private static String grantId(KnownSession session) {
    return session.opening().grantId();
  }

  private static long newId() {
    return ThreadLocalRandom.current().nextLong();
  }

  private static <T> CompletableFuture<T> done(T answer) {
    return CompletableFuture.completedFuture(answer);
  }
}
