package dev.tallygate.hazelcast;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
  private volatile Throwable failure = new TimeoutException("nobody answered in time");

  /**
   * @param step takes it once
   * @param within how long it is tried
   */
  PersistentStep(Supplier<CompletableFuture<R>> step, Duration within) {
    this.step = step;
    this.end = System.nanoTime() + within.toNanos();
  }

  /**
   * What it answers in the end; within that time, where it has none, why the last attempt failed.
   */
  CompletableFuture<R> answer(Duration within) {
    return answer
        .orTimeout(within.toNanos(), TimeUnit.NANOSECONDS)
        .exceptionallyCompose(
            why -> CompletableFuture.failedFuture(why instanceof TimeoutException ? failure : why));
  }

  /** Takes it, while it has no answer and its time is not over. */
  void take() {
    if (answer.isDone()) {
      return;
    }
    step.get()
        .whenComplete(
            (result, why) -> {
              if (why == null) {
                answer.complete(result);
              } else if (end - System.nanoTime() < 0) {
                answer.completeExceptionally(why);
              } else {
                failure = why;
                takeIn(AGAIN_MILLIS);
              }
            });
  }

  /** As {@link #take}, after a while. */
  void takeIn(long millis) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(this::take);
  }
}
