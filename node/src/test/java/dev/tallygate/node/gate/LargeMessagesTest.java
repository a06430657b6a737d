package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LargeMessagesTest {
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void stop() {
    vertx.close().await();
  }

  /** The thread that does the work, and the one that goes on with what came of it. */
  private record Threads(Thread loop, Thread worked, Thread after) {}

  private Threads threads(long bytes) throws Exception {
    CompletableFuture<Threads> seen = new CompletableFuture<>();
    Context context = vertx.getOrCreateContext();
    context.runOnContext(
        run -> {
          Thread loop = Thread.currentThread();
          Future<Thread> work = new LargeMessages(context).work(bytes, Thread::currentThread);
          work.onSuccess(by -> seen.complete(new Threads(loop, by, Thread.currentThread())));
        });
    return seen.get(60, TimeUnit.SECONDS);
  }

  @Test
  void shortMessagesStayOnTheLoop() throws Exception {
    // When
    Threads threads = threads(LargeMessages.LARGE_BYTES);

    // Then
    assertThat(threads.worked()).isEqualTo(threads.loop());
    assertThat(threads.after()).isEqualTo(threads.loop());
  }

  @Test
  void largeMessagesAreWorkedOnElsewhere() throws Exception {
    // When
    Threads threads = threads(LargeMessages.LARGE_BYTES + 1);

    // Then
    assertThat(threads.worked()).isNotEqualTo(threads.loop());
    assertThat(threads.after()).isEqualTo(threads.loop());
  }

  @Test
  void whatIsThrownIsTheFailureInEitherPlace() throws Exception {
    for (long bytes : new long[] {1, 1 << 20}) {
      // When
      CompletableFuture<Throwable> seen = new CompletableFuture<>();
      Context context = vertx.getOrCreateContext();
      context.runOnContext(
          run ->
              new LargeMessages(context)
                  .work(
                      bytes,
                      () -> {
                        throw new IllegalArgumentException("no");
                      })
                  .onFailure(seen::complete));

      // Then
      assertThat(seen.get(60, TimeUnit.SECONDS)).hasMessage("no");
    }
  }
}
