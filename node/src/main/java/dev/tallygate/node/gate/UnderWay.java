package dev.tallygate.node.gate;

import dev.tallygate.node.upstream.UpstreamCall;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What one event loop has with servers: from forwarding until the end is on record. Used on that
 * event loop only.
 */
final class UnderWay {
  private final Map<Exchange, UpstreamCall> calls = new LinkedHashMap<>();
  private final Map<String, Integer> streams = new HashMap<>();
  private Promise<Void> empty;

  void began(Exchange x, UpstreamCall call) {
    calls.put(x, call);
    if (x.isStream()) {
      streams.merge(x.grant.id(), 1, Integer::sum);
    }
  }

  void ended(Exchange x) {
    if (calls.remove(x) != null && x.isStream()) {
      streams.computeIfPresent(x.grant.id(), (grant, open) -> open == 1 ? null : open - 1);
    }
    if (empty != null && calls.isEmpty()) {
      empty.tryComplete();
    }
  }

  /** How many streams a grant has open. */
  int streamsOf(String grantId) {
    return streams.getOrDefault(grantId, 0);
  }

  /** Breaks off what is to end; each ends as if its server had broken it off. */
  void breakOff(Predicate<Exchange> ending) {
    for (Map.Entry<Exchange, UpstreamCall> each : new ArrayList<>(calls.entrySet())) {
      if (ending.test(each.getKey())) {
        each.getValue().cancel();
      }
    }
  }

  /** Completes when there is nothing left. */
  Future<Void> empty() {
    empty = Promise.promise();
    if (calls.isEmpty()) {
      empty.complete();
    }
    return empty.future();
  }
}
