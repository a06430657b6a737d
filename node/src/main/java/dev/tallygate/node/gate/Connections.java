package dev.tallygate.node.gate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * The connections of one event loop. Those that bring no whole request head for too long are
 * closed: nobody shall fill the gate with connections that cost him nothing. While the node leaves,
 * it tells whether one may still be in use. Used on that event loop only.
 */
final class Connections {
  static final Duration MAX_IDLE = Duration.ofSeconds(75);

  /**
   * A client that was told only by its last answer that the node leaves, or could not be told by
   * it, may have sent the next request already.
   */
  static final Duration REST = Duration.ofMillis(500);

  private static final class Use {
    final Runnable close;
    final Runnable letGo;
    int requests;
    long idleSince;
    int unsent;
    long sentAt;

    Use(Runnable close, Runnable letGo, long now) {
      this.close = close;
      this.letGo = letGo;
      this.idleSince = now;
      this.sentAt = now;
    }
  }

  private final Map<Object, Use> uses = new IdentityHashMap<>();
  private final LongSupplier nanos;
  private OptionalLong leavingSince = OptionalLong.empty();

  Connections(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * @param close closes it
   * @param letGo asks its client, outside of answers, to send what is to come on another one
   */
  void opened(Object connection, Runnable close, Runnable letGo) {
    uses.put(connection, new Use(close, letGo, nanos.getAsLong()));
  }

  void closed(Object connection) {
    uses.remove(connection);
  }

  void requestBegan(Object connection) {
    Use use = uses.get(connection);
    if (use != null) {
      use.requests++;
      use.unsent++;
    }
  }

  /** Its answer has ended, though not all of it may have been sent. */
  void requestOver(Object connection) {
    Use use = uses.get(connection);
    if (use != null) {
      use.requests--;
      use.idleSince = nanos.getAsLong();
    }
  }

  void answerSent(Object connection) {
    Use use = uses.get(connection);
    if (use != null) {
      use.unsent--;
      use.sentAt = nanos.getAsLong();
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

  /** From now on each answer tells its client that the connection ends. */
  void leave() {
    leavingSince = OptionalLong.of(nanos.getAsLong());
    List.copyOf(uses.values()).forEach(use -> use.letGo.run());
  }

  boolean areLeaving() {
    return leavingSince.isPresent();
  }

  /** Whether all of them may be closed without a request or an answer lost. */
  boolean areAtRest() {
    long now = nanos.getAsLong();
    long since = leavingSince.orElseThrow();
    return uses.values().stream()
        .allMatch(
            use ->
                use.unsent == 0 && (use.sentAt - since <= 0 || now - use.sentAt >= REST.toNanos()));
  }
}
