package dev.tallygate.hazelcast;

import dev.tallygate.sessions.Digests;
import dev.tallygate.sessions.Opening;
import dev.tallygate.sessions.RecentIds;
import dev.tallygate.sessions.SessionState;
import java.util.Optional;

/**
 * One step on one session, the same on its owner and on each backup: it reads no clock, and draws
 * nothing. Each but {@link Open} is of one grant; to it another's session is none.
 *
 * @param <R> what the caller is answered
 */
sealed interface SessionStep<R> {
  /**
   * Takes the step.
   *
   * @param open empty where there is no such session
   * @param millis when the owner takes it
   */
  After<R> take(Optional<SharedSession> open, long millis);

  /**
   * How it is after a step.
   *
   * @param session as it is from now on; empty where there is none any more
   * @param changed whether anything did
   */
  record After<R>(R answer, Optional<SharedSession> session, boolean changed) {
    static <R> After<R> same(R answer) {
      return new After<>(answer, Optional.empty(), false);
    }

    static <R> After<R> changed(R answer, SharedSession session) {
      return new After<>(answer, Optional.of(session), true);
    }
  }

  /** Binds the id to a grant; answers whether it could. */
  record Open(Opening opening) implements SessionStep<Boolean> {
    @Override
    public After<Boolean> take(Optional<SharedSession> open, long millis) {
      if (open.isPresent() && !open.get().state().isOf(opening.grantId())) {
        return After.same(false);
      }
      return After.changed(
          true,
          new SharedSession(
              new SessionState(opening, millis), new RecentIds(SharedSession.MAX_STEPS)));
    }
  }

  /** Answers how the session was opened, or null; it is not silent. */
  record Find(String grantId) implements SessionStep<Opening> {
    /** Copies are told no more often than this. */
    private static final long TOUCH_MILLIS = 60_000;

    @Override
    public After<Opening> take(Optional<SharedSession> open, long millis) {
      Optional<SharedSession> own = own(open, grantId);
      if (own.isEmpty()) {
        return After.same(null);
      }
      SessionState state = own.get().state();
      if (millis - state.lastUsed() < TOUCH_MILLIS) {
        return After.same(state.opening());
      }
      state.touch(millis);
      return After.changed(state.opening(), own.get());
    }
  }

  /** Answers whether the grant has the session. */
  record Look(String grantId) implements SessionStep<Boolean> {
    @Override
    public After<Boolean> take(Optional<SharedSession> open, long millis) {
      return After.same(own(open, grantId).isPresent());
    }
  }

  /** Remembers more of the session. */
  record Note(String grantId, Digests notes, long id) implements SessionStep<Boolean> {
    @Override
    public After<Boolean> take(Optional<SharedSession> open, long millis) {
      Optional<SharedSession> own = own(open, grantId);
      if (own.isEmpty() || !own.get().isFirst(id)) {
        return After.same(own.isPresent());
      }
      own.get().state().note(notes);
      return After.changed(true, own.get());
    }
  }

  /** Answers whether the client may answer that question. */
  record Answer(String grantId, String question, long id) implements SessionStep<Boolean> {
    @Override
    public After<Boolean> take(Optional<SharedSession> open, long millis) {
      Optional<SharedSession> own = own(open, grantId);
      if (own.isEmpty()) {
        return After.same(false);
      }
      if (own.get().steps().contains(id)) {
        return After.same(true); // it was this very step that did
      }
      return own.get().state().answer(question) && own.get().isFirst(id)
          ? After.changed(true, own.get())
          : After.same(false);
    }
  }

  /** Answers the digests of the client's requests, or null where it had no such event. */
  record Resume(String grantId, long event) implements SessionStep<long[]> {
    @Override
    public After<long[]> take(Optional<SharedSession> open, long millis) {
      return After.same(
          own(open, grantId)
              .flatMap(session -> session.state().resume(event))
              .map(resumption -> resumption.requests().digests())
              .orElse(null));
    }
  }

  /** Ends the session; answers whether it did. */
  record End(String grantId) implements SessionStep<Boolean> {
    @Override
    public After<Boolean> take(Optional<SharedSession> open, long millis) {
      boolean own = own(open, grantId).isPresent();
      return new After<>(own, Optional.empty(), own);
    }
  }

  private static Optional<SharedSession> own(Optional<SharedSession> open, String grantId) {
    return open.filter(session -> session.state().isOf(grantId));
  }
}
