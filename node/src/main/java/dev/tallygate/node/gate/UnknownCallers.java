package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditLog;
import dev.tallygate.node.audit.AuditRecord.Rejection;
import dev.tallygate.node.audit.AuditRecord.Rejections;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Puts on record what was refused of callers that showed no grant: a few in each second one by one,
 * the others as a number. They cost their sender nothing, and a record for each would let anybody
 * fill the disk, and with it deny the calls of everybody else. Thread-safe.
 */
final class UnknownCallers {
  static final int AT_ONCE = 100;

  private static final double EACH_SECOND = 5;

  private static final CompletionStage<Void> COUNTED = CompletableFuture.completedStage(null);

  private record Count(Instant since, long count) {
    Count plus(Count other) {
      return new Count(since.isBefore(other.since) ? since : other.since, count + other.count);
    }
  }

  private final AuditLog audit;
  private final Clock clock;

  // Guarded by this.
  private final Map<String, Count> counts = new TreeMap<>();
  private double room = AT_ONCE;
  private long lastMillis;

  UnknownCallers(AuditLog audit, Clock clock) {
    this.audit = audit;
    this.clock = clock;
  }

  /** Records a rejection, now or as one of a number. */
  CompletionStage<Void> append(Rejection rejection) {
    synchronized (this) {
      long now = clock.millis();
      room = Math.min(AT_ONCE, room + Math.max(0, now - lastMillis) / 1e3 * EACH_SECOND);
      lastMillis = now;
      if (room < 1) {
        counts.merge(rejection.kind(), new Count(rejection.time(), 1), Count::plus);
        return COUNTED;
      }
      room--;
    }
    return audit.append(rejection);
  }

  /** Records the numbers so far; a number that cannot be kept counts on. */
  void flush() {
    Map<String, Count> flushed;
    synchronized (this) {
      flushed = new TreeMap<>(counts);
      counts.clear();
    }
    flushed.forEach(
        (kind, count) ->
            audit
                .append(new Rejections(clock.instant(), count.since(), kind, count.count()))
                .whenComplete(
                    (kept, lost) -> {
                      if (lost != null) {
                        again(kind, count);
                      }
                    }));
  }

  private synchronized void again(String kind, Count count) {
    counts.merge(kind, count, Count::plus);
  }
}
