package dev.tallygate.node.gate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The connections of one event loop, of which those that bring no whole request head for too long
 * are closed: nobody shall fill the gate with connections that cost him nothing. Used on that event
 * loop only.
 */
final class IdleConnections {
  static final Duration MAX_IDLE = Duration.ofSeconds(75);

  private static final class Use {
    final Runnable close;
    int requests;
    long idleSince;

    Use(Runnable close, long now) {
      this.close = close;
      this.idleSince = now;
    }
  }

  private final Map<Object, Use> uses = new IdentityHashMap<>();
  private final LongSupplier nanos;

  IdleConnections(LongSupplier nanos) {
    this.nanos = nanos;
  }

  void opened(Object connection, Runnable close) {
    uses.put(connection, new Use(close, nanos.getAsLong()));
  }

  void closed(Object connection) {
    uses.remove(connection);
  }

  void requestBegan(Object connection) {
    Use use = uses.get(connection);
    if (use != null) {
      use.requests++;
    }
  }

  void requestOver(Object connection) {
    Use use = uses.get(connection);
    if (use != null) {
      use.requests--;
      use.idleSince = nanos.getAsLong();
    }
  }

  void closeIdle() {
    long now = nanos.getAsLong();
    List<Runnable> closing = new ArrayList<>();
    for (Use use : uses.values()) {
      if (use.requests == 0 && now - use.idleSince > MAX_IDLE.toNanos()) {
        closing.add(use.close);
      }
    }
    closing.forEach(Runnable::run);
  }
}
