package dev.tallygate.load.limits;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/** Loops that have a limiter decide, one thread each, as the event loops of a node do. */
final class Drive implements AutoCloseable {
  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final int ANSWERS_WITHIN_SECONDS = 600;

  /** So many decisions that need not wait are made in one turn of a loop. */
  private static final int TURN = 256;

  /**
   * What to do.
   *
   * @param from number of the first counter
   * @param counters how many are used, in an order that only looks like chance
   * @param inFlight calls that wait for their decision at once, of all loops; each is followed by
   *     the next. Zero where calls are due at a rate
   * @param perSecond calls that are due in a second, whatever becomes of those before
   * @param millis for how long; zero to use each counter once, in turn
   */
  record Order(String limiter, int from, int counters, int inFlight, int perSecond, long millis) {}

  /**
   * What came of it.
   *
   * @param p50Micros how long a call waited for its decision; known only where calls are due at a
   *     rate
   */
  record Outcome(
      long admitted,
      long refused,
      long failed,
      long nanos,
      double p50Micros,
      double p99Micros,
      long storeCalls,
      String failure) {
    double perSecond() {
      return (admitted + refused) * 1e9 / nanos;
    }
  }

  private final List<ExecutorService> threads = new ArrayList<>();

  Drive(int loops) {
    for (int i = 0; i < loops; i++) {
      threads.add(Executors.newSingleThreadExecutor());
    }
  }

  /** Has a limiter of its own for each loop decide. */
  Outcome run(Order order, List<? extends Limiter> limiters) {
    List<Loop> loops = new ArrayList<>();
    long began = System.nanoTime();
    int share = (order.counters() + threads.size() - 1) / threads.size();
    for (int i = 0; i < threads.size(); i++) {
      Loop loop = new Loop(order, limiters.get(i), threads.get(i), i, began);
      if (order.millis() == 0) {
        loop.nextCounter = i * share;
        loop.lastCounter = Math.min(order.counters(), (i + 1) * share);
      }
      loops.add(loop);
      threads.get(i).execute(order.perSecond() > 0 ? loop::pace : loop::begin);
    }
    try {
      for (Loop loop : loops) {
        loop.ended.get(
            2 * order.millis() + TimeUnit.SECONDS.toMillis(ANSWERS_WITHIN_SECONDS),
            TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
      throw new IllegalStateException(order + ": " + e, e);
    }
    long nanos = System.nanoTime() - began;
    Histogram waits = new Histogram(LONGEST_NANOS, 3);
    loops.forEach(loop -> waits.add(loop.waits));
    return new Outcome(
        loops.stream().mapToLong(loop -> loop.admitted).sum(),
        loops.stream().mapToLong(loop -> loop.refused).sum(),
        loops.stream().mapToLong(loop -> loop.failed).sum(),
        nanos,
        waits.getValueAtPercentile(50) / 1e3,
        waits.getValueAtPercentile(99) / 1e3,
        0,
        loops.stream().map(loop -> loop.failure).filter(one -> one != null).findFirst().orElse(""));
  }

  @Override
  public void close() {
    threads.forEach(ExecutorService::shutdownNow);
  }

  /** All but its construction and its end runs on its own thread. */
  private final class Loop {
    private final Order order;
    private final Limiter limiter;
    private final ExecutorService thread;
    private final long began;
    private final long until;
    private final int number;
    private final Histogram waits = new Histogram(LONGEST_NANOS, 3);
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private int nextCounter;
    private int lastCounter;
    private int random;
    private int callers;
    private long made;
    private long answered;
    private boolean allMade;
    private long admitted;
    private long refused;
    private long failed;
    private String failure;

    Loop(Order order, Limiter limiter, ExecutorService thread, int number, long began) {
      this.order = order;
      this.limiter = limiter;
      this.thread = thread;
      this.number = number;
      this.began = began;
      this.until = began + TimeUnit.MILLISECONDS.toNanos(order.millis());
      this.random = 2_463_534 + number;
    }

    private int counter() {
      if (order.millis() == 0) {
        return order.from() + nextCounter++;
      }
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      return order.from() + Integer.remainderUnsigned(random, order.counters());
    }

    private boolean isOver() {
      return order.millis() == 0 ? nextCounter >= lastCounter : System.nanoTime() - until >= 0;
    }

    void begin() {
      callers = Math.max(1, order.inFlight() / threads.size());
      for (int i = callers; i > 0; i--) {
        thread.execute(this::call);
      }
    }

    /** One caller, whose next call follows the last. */
    private void call() {
      for (int turn = 0; turn < TURN; turn++) {
        if ((turn & 31) == 0 || order.millis() == 0) {
          if (isOver()) {
            if (--callers == 0) {
              ended.complete(null);
            }
            return;
          }
        }
        CompletionStage<Boolean> asked = limiter.admit(counter(), thread);
        if (asked == Limiter.ADMITTED) {
          admitted++;
        } else {
          asked.whenCompleteAsync(
              (room, lost) -> {
                note(room, lost);
                call();
              },
              thread);
          return;
        }
      }
      thread.execute(this::call);
    }

    /** Makes the calls that are due; how long each waits is counted from when it is made. */
    void pace() {
      double perNano = order.perSecond() / 1e9 / threads.size();
      long now;
      while ((now = System.nanoTime()) - until < 0) {
        if (made >= (now - began) * perNano) {
          // Answers arrive on this thread too, so it gives way before the next call is due.
          LockSupport.parkNanos((long) ((made + 1) / perNano) - (now - began));
          thread.execute(this::pace);
          return;
        }
        made++;
        CompletionStage<Boolean> asked = limiter.admit(counter(), thread);
        if (asked == Limiter.ADMITTED) {
          admitted++;
          waits.recordValue(Math.min(LONGEST_NANOS, System.nanoTime() - now));
          answered++;
        } else {
          long madeAt = now;
          CompletableFuture<Boolean> answer = asked.toCompletableFuture();
          answer.whenComplete(
              (room, lost) -> {
                long waited = Math.min(LONGEST_NANOS, System.nanoTime() - madeAt);
                thread.execute(
                    () -> {
                      waits.recordValue(waited);
                      note(room, lost);
                      answered++;
                      endWhenAnswered();
                    });
              });
        }
      }
      allMade = true;
      endWhenAnswered();
    }

    private void endWhenAnswered() {
      if (allMade && answered == made) {
        ended.complete(null);
      }
    }

    private void note(Boolean room, Throwable lost) {
      if (lost != null) {
        failed++;
        failure = failure == null ? lost.toString() : failure;
      } else if (room) {
        admitted++;
      } else {
        refused++;
      }
    }
  }
}
