package dev.tallygate.node.cli;

import dev.tallygate.node.upstream.Upstreams;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Asks servers something, as a node would, from a command. */
final class ServerInquiry implements AutoCloseable {
  private static final long SECONDS = 30;

  private final Vertx vertx =
      Vertx.vertx(
          new VertxOptions()
              .setEventLoopPoolSize(1)
              .setWorkerPoolSize(1)
              .setInternalBlockingPoolSize(1));

  /** Asks at once; the answer, or the failure, comes within half a minute. */
  <T> Future<T> ask(Function<Upstreams, Future<T>> question) {
    Promise<T> answer = Promise.promise();
    vertx.runOnContext(
        run ->
            question
                .apply(new Upstreams(vertx))
                .timeout(SECONDS, TimeUnit.SECONDS)
                .onComplete(answer));
    return answer.future();
  }

  @Override
  public void close() {
    vertx.close();
  }
}
