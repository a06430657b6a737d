package dev.tallygate.load;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Clients that call at a steady rate whatever happens, one connection for each. A call counts from
 * when it was due, so a call that waits for the one before it is as late as its user would find it.
 */
final class WellBehaved implements AutoCloseable {
  static final int CALLS_PER_SECOND = 100;
  private static final int CONNECTIONS_PER_GRANT = 2;

  private final List<Thread> threads = new ArrayList<>();
  private final AtomicLong failures = new AtomicLong();
  private volatile Histogram latencies = new ConcurrentHistogram(3);
  private final AtomicLongArray dues;
  private volatile boolean ended;

  WellBehaved(List<Endpoint> grants) {
    int connections = grants.size() * CONNECTIONS_PER_GRANT;
    dues = new AtomicLongArray(connections);
    long gap = 1_000_000_000L * connections / CALLS_PER_SECOND;
    for (int i = 0; i < connections; i++) {
      Endpoint endpoint = grants.get(i % grants.size());
      long firstId = SampleCall.FIRST_ID + i * 100_000_000L;
      long offset = gap * i / connections;
      int index = i;
      dues.set(i, System.nanoTime());
      Thread thread = new Thread(() -> call(index, endpoint, firstId, offset, gap), "client-" + i);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
  }

  private void call(int index, Endpoint endpoint, long firstId, long offset, long gap) {
    long due = System.nanoTime() + offset;
    McpConnection connection = null;
    while (!ended) {
      LockSupport.parkNanos(due - System.nanoTime());
      if (System.nanoTime() < due) {
        continue;
      }
      try {
        if (connection == null) {
          connection = new McpConnection(endpoint, firstId);
        }
        connection.call();
        latencies.recordValue(System.nanoTime() - due);
      } catch (LoadFailure e) {
        if (!ended && failures.incrementAndGet() <= 3) {
          System.err.println("load: a well-behaved call failed: " + e.getMessage());
        }
        if (connection != null) {
          connection.close();
          connection = null;
        }
      }
      due += gap;
      dues.set(index, due);
    }
    if (connection != null) {
      connection.close();
    }
  }

  /** What was measured since the last time, which begins anew. */
  Histogram taken() {
    Histogram before = latencies;
    latencies = new ConcurrentHistogram(3);
    return before;
  }

  /** Whether every client makes its calls about when they are due. */
  boolean areOnTime() {
    long late = System.nanoTime() - 200_000_000;
    for (int i = 0; i < dues.length(); i++) {
      if (dues.get(i) < late) {
        return false;
      }
    }
    return true;
  }

  /** Calls that got another answer than theirs, or none, since the last time. */
  long takenFailures() {
    return failures.getAndSet(0);
  }

  @Override
  public void close() {
    ended = true;
    long end = System.nanoTime() + 5_000_000_000L;
    for (Thread thread : threads) {
      try {
        thread.join(Math.max(1, (end - System.nanoTime()) / 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
