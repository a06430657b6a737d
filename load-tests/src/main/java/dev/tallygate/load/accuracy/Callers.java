package dev.tallygate.load.accuracy;

import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients that make calls at a steady rate, each on the next node in turn, as a load balancer sends
 * them: where a node takes no connection, the call goes to the next.
 */
final class Callers implements AutoCloseable {
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);
  private static final int WARM_UP_AT_ONCE = 8;
  private static final String BODY =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\""
          + NodeCluster.TOOL
          + "\",\"arguments\":{}}}";

  /** What became of a call. */
  enum Answer {
    PASSED,
    REFUSED,
    FAILED
  }

  /** What became of the calls of one limit. */
  private static final class Counted {
    final AtomicLong refused = new AtomicLong();
    final AtomicLong failed = new AtomicLong();
    final AtomicLong longestNanos = new AtomicLong();
  }

  private final List<URI> nodes;
  private final List<Counted> counted = new ArrayList<>();
  private final AtomicInteger underWay = new AtomicInteger();
  private final AtomicInteger turn = new AtomicInteger();
  private final ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  Callers(List<URI> nodes, int columns) {
    this.nodes = List.copyOf(nodes);
    for (int i = 0; i < columns; i++) {
      counted.add(new Counted());
    }
  }

  /** Makes a call on one node, again and again, until it is not for want of a count denied. */
  void awaitCounts(int node, int column) throws InterruptedException {
    while (send(nodes.get(node), column).exceptionally(gone -> Answer.FAILED).join()
        == Answer.FAILED) {
      Thread.sleep(100);
    }
  }

  /** Makes many calls, so that no node is measured as it begins. */
  void warmUp(int column, int calls) {
    Semaphore free = new Semaphore(WARM_UP_AT_ONCE);
    for (int i = 0; i < calls; i++) {
      free.acquireUninterruptibly();
      send(column, 1).whenComplete((answer, failure) -> free.release());
    }
    free.acquireUninterruptibly(WARM_UP_AT_ONCE);
  }

  /** Waits until each call has its answer, or none came in time. */
  void awaitAnswers() throws InterruptedException {
    while (underWay.get() > 0) {
      Thread.sleep(50);
    }
  }

  /** Makes calls between two moments, so many in a second. */
  void begin(int column, double perSecond, long fromMillis, long untilMillis) {
    long beganNanos = System.nanoTime() + (fromMillis - System.currentTimeMillis()) * 1_000_000;
    long untilNanos = beganNanos + (untilMillis - fromMillis) * 1_000_000;
    AtomicLong made = new AtomicLong();
    pace.scheduleAtFixedRate(
        () -> {
          long now = System.nanoTime();
          while (now < untilNanos && made.get() < (now - beganNanos) / 1e9 * perSecond) {
            call(column, beganNanos + (long) (made.getAndIncrement() / perSecond * 1e9));
          }
        },
        0,
        1,
        TimeUnit.MILLISECONDS);
  }

  private void call(int column, long dueNanos) {
    Counted counts = counted.get(column);
    underWay.incrementAndGet();
    send(column, nodes.size())
        .exceptionally(gone -> Answer.FAILED)
        .thenAccept(
            answer -> {
              underWay.decrementAndGet();
              counts.longestNanos.accumulateAndGet(System.nanoTime() - dueNanos, Math::max);
              if (answer == Answer.REFUSED) {
                counts.refused.incrementAndGet();
              } else if (answer == Answer.FAILED) {
                counts.failed.incrementAndGet();
              }
            });
  }

  private CompletableFuture<Answer> send(int column, int attempts) {
    URI node = nodes.get(Math.floorMod(turn.getAndIncrement(), nodes.size()));
    return send(node, column)
        .exceptionallyCompose(
            failure ->
                attempts > 1 && isNotConnected(failure)
                    ? send(column, attempts - 1)
                    : CompletableFuture.failedFuture(failure));
  }

  private static boolean isNotConnected(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause instanceof ConnectException;
  }

  private CompletableFuture<Answer> send(URI node, int column) {
    HttpRequest request =
        HttpRequest.newBuilder(node)
            .timeout(ANSWER_WITHIN)
            .header("Authorization", "Bearer " + NodeCluster.token(column))
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", "2025-11-25")
            .POST(HttpRequest.BodyPublishers.ofString(BODY))
            .build();
    return client.sendAsync(request, BodyHandlers.ofString()).thenApply(Callers::answer);
  }

  private static Answer answer(HttpResponse<String> response) {
    if (response.statusCode() == 200 && response.body().contains("\"isError\":false")) {
      return Answer.PASSED;
    }
    return response.body().contains("\"outcome\":\"limited\"") ? Answer.REFUSED : Answer.FAILED;
  }

  /** What became of the calls of a limit that were not let through. */
  Cell.Rest rest(int column) {
    Counted counts = counted.get(column);
    return new Cell.Rest(
        counts.refused.get(), counts.failed.get(), counts.longestNanos.get() / 1e6);
  }

  @Override
  public void close() {
    pace.shutdownNow();
  }
}
