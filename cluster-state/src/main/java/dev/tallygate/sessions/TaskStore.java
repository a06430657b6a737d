package dev.tallygate.sessions;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * Tasks that servers began for calls through a gate, each bound to the grant that called.
 *
 * <p>A task that no call began, and one of another grant, MUST be alike: there is no such task. A
 * task MUST NOT pass from one grant to another. Of each grant the latest tasks are remembered.
 *
 * <p>Methods MUST return without blocking, and MUST be thread-safe. Where the truth cannot be had,
 * stages MUST complete exceptionally.
 */
public interface TaskStore extends AutoCloseable {
  /** How many tasks of a grant are remembered. */
  int MAX_PER_GRANT = 1_000;

  /** Longer ids are nobody's. */
  int MAX_ID_LENGTH = 256;

  /** Binds a task to the grant whose call began it, unless another grant has one of that id. */
  CompletionStage<Void> began(String server, String taskId, String grantId);

  /** Whether all these tasks are the grant's. */
  CompletionStage<Boolean> owns(String grantId, String server, Collection<String> taskIds);

  /** Which tasks are the grant's, at least as of now. */
  CompletionStage<Predicate<String>> tasksOf(String grantId, String server);

  /**
   * Forgets the tasks of grants that are in force no more. A grant that this node never knew is
   * left alone where others may know it.
   */
  void retainOnly(Set<String> grantsInForce);

  @Override
  void close();
}
