package dev.tallygate.sessions;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * MCP sessions that servers opened through a gate, each bound to the grant that opened it.
 *
 * <p>What a store MUST do:
 *
 * <ol>
 *   <li>An id that no server issued, a session that has ended and one of another grant MUST be
 *       alike: there is no such session.
 *   <li>An id that one grant uses MUST NOT be bound to another. One that the server gives its owner
 *       again begins anew.
 *   <li>A question MUST be answered at most once, whatever node each answer comes to, and only
 *       where it was noted.
 *   <li>What was noted MUST be known to whoever asks after the stage of {@code note} has completed.
 *   <li>Methods MUST return without blocking, and MUST be thread-safe. Where the truth cannot be
 *       had, stages MUST complete exceptionally: there is no honest answer.
 * </ol>
 */
public interface SessionStore extends AutoCloseable {
  /** How many sessions a grant may have open. */
  int MAX_PER_GRANT = 1_000;

  /** How long a session may stay silent. */
  Duration MAX_IDLE = Duration.ofHours(4);

  /**
   * Binds a session to the grant that opened it.
   *
   * @return empty where another grant uses the id, or the grant has no room
   */
  CompletionStage<Optional<KnownSession>> open(SessionKey key, Opening opening);

  /** The grant's session of that id, if it has one. */
  CompletionStage<Optional<KnownSession>> find(SessionKey key, String grantId);

  /** Remembers more of a session; nothing of one that is over. */
  CompletionStage<Void> note(KnownSession session, Notes notes);

  /** Whether the client may answer the server's request of that id; true at most once for each. */
  CompletionStage<Boolean> answer(KnownSession session, String questionId);

  /**
   * What a stream may bring that is resumed from an event; empty where no event of that id went to
   * the session. One of long ago is forgotten.
   */
  CompletionStage<Optional<Resumption>> resume(KnownSession session, String eventId);

  /** Ends a session, on all nodes. */
  CompletionStage<Void> end(KnownSession session);

  /**
   * Ends the sessions of grants that are in force no more. A grant that this node never knew is
   * left alone where others may know it.
   */
  void retainOnly(Set<String> grantsInForce);

  /** Forgets what was silent for too long; to be called every minute or so. */
  void tidy();

  /** How many open sessions this node knows. */
  int known();

  @Override
  void close();
}
