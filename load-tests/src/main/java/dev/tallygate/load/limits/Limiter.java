package dev.tallygate.load.limits;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Decides whether a call is within a limit that several processes share. */
interface Limiter extends AutoCloseable {
  CompletionStage<Boolean> ADMITTED = CompletableFuture.completedStage(true);
  CompletionStage<Boolean> REFUSED = CompletableFuture.completedStage(false);

  /** The limit of every subject, per day: never reached, so that all count in full. */
  long MAX = 1_000_000_000L;

  /**
   * Decides on one call, and does what is due once it has been made.
   *
   * @param counter which of the counters it counts on
   * @param loop the caller's thread, for work that may not be done where an answer arrives
   * @return fails where there was no decision
   */
  CompletionStage<Boolean> admit(int counter, Executor loop);

  @Override
  default void close() {}
}
