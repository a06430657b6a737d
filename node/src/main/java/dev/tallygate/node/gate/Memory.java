package dev.tallygate.node.gate;

import dev.tallygate.node.gate.Stopped.Rejected;
import dev.tallygate.sessions.KnownSession;
import dev.tallygate.sessions.Notes;
import dev.tallygate.sessions.Opening;
import dev.tallygate.sessions.Resumption;
import dev.tallygate.sessions.SessionKey;
import dev.tallygate.sessions.SessionStore;
import dev.tallygate.sessions.TaskStore;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is remembered of sessions and tasks, as one event loop asks for it. What is answered at once
 * takes no turn of the loop; where the truth cannot be had, a request goes no further.
 */
final class Memory {
  private static final Logger LOG = LoggerFactory.getLogger(Memory.class);

  /** What has yet to be noted holds up a stream no longer than this. */
  private static final long PATIENCE_MILLIS = 1_000;

  private final SessionStore sessions;
  private final TaskStore tasks;
  private final Context context;

  /**
   * @param context the event loop that is answered
   */
  Memory(SessionStore sessions, TaskStore tasks, Context context) {
    this.sessions = sessions;
    this.tasks = tasks;
    this.context = context;
  }

  /** The session that a request names, if it is one of its own grant's. */
  Future<Optional<KnownSession>> session(Exchange x, String id) {
    return certain(sessions.find(new SessionKey(x.serverName, id), x.grant.id()));
  }

  /** Binds a session to the grant that opened it; empty where that cannot be. */
  Future<Optional<KnownSession>> opened(Exchange x, String id) {
    Opening opening = new Opening(x.grant.id(), x.declared.names());
    return onLoop(sessions.open(new SessionKey(x.serverName, id), opening))
        .otherwise(
            cause -> {
              LOG.warn("A session of {} could not be bound: {}", x.serverName, cause.getMessage());
              return Optional.empty();
            });
  }

  /** What a stream may bring that is resumed from an event of the session, if there is one. */
  Future<Optional<Resumption>> resumed(KnownSession session, String event) {
    return certain(sessions.resume(session, event));
  }

  /** Whether the client may answer that question of the server; true at most once. */
  Future<Boolean> answers(KnownSession session, String question) {
    return certain(sessions.answer(session, question));
  }

  /** Remembers more of a session. Completes whether or not that could be done. */
  Future<Void> noted(KnownSession session, Notes notes) {
    return onLoopSoon(sessions.note(session, notes), "what passed in a session");
  }

  /** Ends a session. Completes whether or not that could be done; the server knows it no more. */
  Future<Void> ended(KnownSession session) {
    return onLoopSoon(sessions.end(session), "that a session ended");
  }

  /** Binds a task to the grant whose call began it. Completes whether or not that could be done. */
  Future<Void> began(Exchange x, String task) {
    return onLoopSoon(tasks.began(x.serverName, task, x.grant.id()), "whose a task is");
  }

  /** Whether all these tasks are the caller's. */
  Future<Boolean> owns(Exchange x, Collection<String> ids) {
    return certain(tasks.owns(x.grant.id(), x.serverName, ids));
  }

  /** Which tasks are the caller's. */
  Future<Predicate<String>> tasksOf(Exchange x) {
    return certain(tasks.tasksOf(x.grant.id(), x.serverName));
  }

  private Future<Void> onLoopSoon(CompletionStage<Void> stage, String what) {
    Future<Void> answer = onLoop(stage);
    if (answer.succeeded()) {
      return answer;
    }
    return answer
        .timeout(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
        .otherwise(
            cause -> {
              LOG.debug("It could not be noted {}: {}", what, cause.getMessage());
              return null;
            });
  }

  /** What cannot be known lets nothing pass. */
  private <T> Future<T> certain(CompletionStage<T> stage) {
    return onLoop(stage)
        .recover(
            cause -> {
              LOG.debug("Sessions and tasks cannot be looked up: {}", cause.getMessage());
              return Future.failedFuture(unavailable());
            });
  }

  private static Rejected unavailable() {
    return Rejected.http(
        503,
        "sessions-unavailable",
        "The gateway cannot look up sessions and tasks now; nothing was forwarded. Try again later.",
        Map.of("Retry-After", "1"));
  }

  private <T> Future<T> onLoop(CompletionStage<T> stage) {
    CompletableFuture<T> answer = stage.toCompletableFuture();
    return answer.isDone() && !answer.isCompletedExceptionally()
        ? Future.succeededFuture(answer.join())
        : Future.fromCompletionStage(answer, context);
  }
}
