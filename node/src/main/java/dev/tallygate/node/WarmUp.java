package dev.tallygate.node;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import dev.tallygate.sessions.KnownSession;
import dev.tallygate.sessions.Notes;
import dev.tallygate.sessions.Opening;
import dev.tallygate.sessions.SessionKey;
import dev.tallygate.sessions.SessionStore;
import dev.tallygate.sessions.TaskStore;
import dev.tallygate.threads.Daemons;
import java.math.BigDecimal;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Takes each kind of step on counts, sessions and tasks once before calls do: the first of a kind
 * loads classes, and in a cluster tells all members how it is written, which can take seconds.
 * Where they cannot be had yet it tries again until they can.
 */
final class WarmUp implements AutoCloseable {
  private static final long AGAIN_MILLIS = 500;
  private static final CounterKey ROOM = key(Scope.GRANT);
  private static final CounterKey NO_ROOM = key(Scope.SERVER);

  private static final String NOBODY = "(warm-up)";

  private final CounterStore store;
  private final SessionStore sessions;
  private final TaskStore tasks;
  private final ScheduledExecutorService trying = Daemons.scheduler("tallygate-warm-up");
  private volatile boolean done;

  WarmUp(CounterStore store, SessionStore sessions, TaskStore tasks) {
    this.store = store;
    this.sessions = sessions;
    this.tasks = tasks;
  }

  /** Waits for the first try, and leaves further ones to the background. */
  void start() {
    attempt();
  }

  /** Whether each kind of step was taken. */
  boolean done() {
    return done;
  }

  private void attempt() {
    // The second claim is refused, and with it the first, which was held before, is cancelled.
    ReserveResult refused = reserve(claim(ROOM, BigDecimal.TEN), claim(NO_ROOM, BigDecimal.ZERO));
    ReserveResult held = reserve(claim(ROOM, BigDecimal.TEN));
    if (held instanceof Reserved reserved) {
      Reservation reservation = reserved.reservation();
      store.shrink(reservation).toCompletableFuture().join();
      store.settle(reservation, reservation.unitsOf(Set.of(ROOM))).toCompletableFuture().join();
    }
    done =
        !(refused instanceof Unavailable) && !(held instanceof Unavailable) && remembersSessions();
    if (!done && !trying.isShutdown()) {
      trying.schedule(this::attempt, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    } else {
      trying.shutdown();
    }
  }

  private boolean remembersSessions() {
    SessionKey key = new SessionKey("(none)", NOBODY + UUID.randomUUID());
    Notes notes = new Notes(List.of("1"), List.of("1"), List.of("1"));
    try {
      KnownSession session = join(sessions.open(key, new Opening(NOBODY, Set.of()))).orElseThrow();
      join(sessions.find(key, "(nobody)"));
      join(sessions.note(session, notes));
      join(sessions.answer(session, "1"));
      join(sessions.resume(session, "1"));
      join(sessions.end(session));
      join(tasks.began("(none)", NOBODY, NOBODY));
      join(tasks.owns(NOBODY, "(none)", List.of(NOBODY)));
      join(tasks.tasksOf(NOBODY, "(none)"));
      return true;
    } catch (CompletionException | NoSuchElementException e) {
      return false;
    }
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  private ReserveResult reserve(Claim... claims) {
    String id = "(warm-up)-" + UUID.randomUUID();
    return store.reserve(id, List.of(claims)).toCompletableFuture().join();
  }

  private static CounterKey key(Scope scope) {
    return new CounterKey(scope, "(none)", "(warm-up)", 1, Algorithm.FIXED);
  }

  private static Claim claim(CounterKey key, BigDecimal max) {
    return new Claim(key, BigDecimal.ONE, max, OnStoreLoss.DENY);
  }

  @Override
  public void close() {
    trying.shutdownNow();
  }
}
