package dev.tallygate.load;

/**
 * When each call of an open loop is due. Calls are due at a constant rate, whatever became of those
 * before, and take turns over the connections.
 *
 * <p>A latency counts from the time that the call was due, not from when it was sent: a server that
 * halts is charged for every call that had to wait (Gil Tene's "coordinated omission"; as wrk2).
 *
 * @param startNanos when the first call is due, by {@link System#nanoTime}
 * @param ratePerSecond calls in a second, over all connections
 * @param connections that share the calls
 */
record Pace(long startNanos, int ratePerSecond, int connections) {
  private static final long SECOND = 1_000_000_000L;

  Pace {
    if (ratePerSecond < 1 || connections < 1) {
      throw new IllegalArgumentException("a pace needs a rate and a connection of 1 or more");
    }
  }

  /** When the {@code turn}th call (from 0) of a connection (from 0) is due. */
  long dueNanos(int connection, long turn) {
    return startNanos + (turn * connections + connection) * SECOND / ratePerSecond;
  }

  /** How long the caller would have waited for an answer that came at {@code answeredNanos}. */
  long latencyNanos(int connection, long turn, long answeredNanos) {
    return answeredNanos - dueNanos(connection, turn);
  }
}
