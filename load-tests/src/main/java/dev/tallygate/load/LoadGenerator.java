package dev.tallygate.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Makes calls and measures how long their answers take. One thread for each connection: a call is
 * sent and its answer read by one thread that sleeps in between.
 */
final class LoadGenerator {
  private static final long LONGEST_NANOS = Duration.ofMinutes(2).toNanos();
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

  private final Duration warmUp;
  private final Duration measured;
  private final AtomicLong calls = new AtomicLong();

  /**
   * @param warmUp how long each run goes on before it is measured
   * @param measured how long it is measured
   */
  LoadGenerator(Duration warmUp, Duration measured) {
    this.warmUp = warmUp;
    this.measured = measured;
  }

  /** Calls answered since the generator was made, warm-up included. */
  long calls() {
    return calls.get();
  }

  /** Each connection makes its next call as soon as the last one is answered. */
  Measured closedLoop(Endpoint endpoint, int connections) {
    return closedLoop(List.of(endpoint), connections);
  }

  /** As {@link #closedLoop(Endpoint, int)}, with connections to each endpoint in turn. */
  Measured closedLoop(List<Endpoint> endpoints, int connections) {
    return run(
        endpoints,
        connections,
        (connection, index, from, until, latencies) -> {
          long began = System.nanoTime();
          while (began < until) {
            connection.call();
            long answered = System.nanoTime();
            calls.incrementAndGet();
            if (began >= from) {
              latencies.recordValue(answered - began);
            }
            began = answered;
          }
        });
  }

  /** Calls are due at a constant rate and measured from when they are due; see {@link Pace}. */
  Measured openLoop(Endpoint endpoint, int connections, int ratePerSecond) {
    Pace pace = new Pace(System.nanoTime(), ratePerSecond, connections);
    return run(
        List.of(endpoint),
        connections,
        (connection, index, from, until, latencies) -> {
          long turn = 0;
          for (long due; (due = pace.dueNanos(index, turn)) < until; turn++) {
            for (long left; (left = due - System.nanoTime()) > 0; ) {
              LockSupport.parkNanos(left);
            }
            connection.call();
            calls.incrementAndGet();
            if (due >= from) {
              latencies.recordValue(pace.latencyNanos(index, turn, System.nanoTime()));
            }
          }
        });
  }

  private interface Caller {
    void run(McpConnection connection, int index, long from, long until, Histogram latencies);
  }

  private Measured run(List<Endpoint> endpoints, int connections, Caller caller) {
    List<McpConnection> open = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(connections);
    try {
      for (int i = 0; i < connections; i++) {
        // A million ids each, so that a wrong answer tells whose it was.
        open.add(
            new McpConnection(
                endpoints.get(i % endpoints.size()), SampleCall.FIRST_ID + i * 1_000_000L));
      }
      long from = System.nanoTime() + warmUp.toNanos();
      long until = from + measured.toNanos();
      List<Future<Histogram>> running = new ArrayList<>();
      for (int i = 0; i < connections; i++) {
        int index = i;
        running.add(
            threads.submit(
                () -> {
                  Histogram latencies = new Histogram(1_000, LONGEST_NANOS, 3);
                  caller.run(open.get(index), index, from, until, latencies);
                  return latencies;
                }));
      }
      Histogram all = new Histogram(1_000, LONGEST_NANOS, 3);
      for (Future<Histogram> one : running) {
        long left = until - System.nanoTime() + ANSWER_WITHIN.toNanos();
        all.add(one.get(left, TimeUnit.NANOSECONDS));
      }
      if (all.getTotalCount() == 0) {
        throw new LoadFailure(endpoints.get(0).name() + ": no call was measured");
      }
      return new Measured(all, measured.toNanos(), 0);
    } catch (ExecutionException e) {
      throw new LoadFailure(e.getCause().getMessage(), e.getCause());
    } catch (TimeoutException e) {
      throw new LoadFailure(
          endpoints.get(0).name() + ": no answer in " + ANSWER_WITHIN.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LoadFailure("interrupted", e);
    } finally {
      // Also ends threads that wait for an answer.
      open.forEach(McpConnection::close);
      threads.shutdownNow();
    }
  }
}
