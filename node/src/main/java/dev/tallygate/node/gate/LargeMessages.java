package dev.tallygate.node.gate;

import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.concurrent.Callable;

/**
 * Where work on a message is done: what is short on the event loop, what is large on a worker
 * thread, because reading a hostile megabyte can take longer than others may wait.
 *
 * <p>Those who wait for a worker hold their message in a {@link BodyBudget}, which bounds how many
 * they are. An exchange goes no further until its work is done, so what belongs to it is used by
 * one thread at a time.
 */
final class LargeMessages {
  /** More than calls have as a rule, and no more than some patterns take 5 ms to look through. */
  static final int LARGE_BYTES = 8 * 1024;

  private final Context context;

  /**
   * @param context the event loop that the gate runs on; what comes of the work comes there
   */
  LargeMessages(Context context) {
    this.context = context;
  }

  /** Does work on a message of {@code bytes}; what it throws is its failure. */
  <T> Future<T> work(long bytes, Callable<T> work) {
    if (bytes > LARGE_BYTES) {
      return context.executeBlocking(work, false);
    }
    try {
      return Future.succeededFuture(work.call());
    } catch (Exception e) {
      return Future.failedFuture(e);
    }
  }
}
