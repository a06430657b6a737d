package dev.tallygate.hazelcast;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A step that is known by an id, and so may be taken again where it is not known whether it was
 * taken: after a failure, and after a member was lost, until its time is over. Thread-safe.
 *
 * @param <R> what it answers
 */
final class PersistentStep<R> {
  private static final long AGAIN_MILLIS = 50;

  private final Supplier<CompletableFuture<R>> step;
  private final CompletableFuture<R> answer = new CompletableFuture<>();
  private final long end;

  /**
   * @param step takes it once
   * @param within how long it is tried
   */
  PersistentStep(Supplier<CompletableFuture<R>> step, Duration within) {
    this.step = step;
    this.end = System.nanoTime() + within.toNanos();
  }

  /** What it answers in the end. */
  CompletableFuture<R> answer() {
    return answer;
  }

  /** Takes it, while it has no answer and its time is not over. */
  void take() {
    if (answer.isDone()) {
      return;
    }
    step.get()
        .whenComplete(
            (result, failure) -> {
              if (failure == null) {
                answer.complete(result);
              } else if (end - System.nanoTime() < 0) {
                answer.completeExceptionally(failure);
              } else {
                takeIn(AGAIN_MILLIS);
              }
            });
  }

  /** As {@link #take}, after a while. */
  void takeIn(long millis) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(this::take);
  }
}
