package dev.tallygate.node.gate;

import dev.tallygate.node.upstream.UpstreamCall;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What one event loop has with servers: from forwarding until the end is on record. Used on that
 * event loop only.
 */
final class UnderWay {
  private final Map<Exchange, UpstreamCall> calls = new LinkedHashMap<>();
  private Promise<Void> empty;

  void began(Exchange x, UpstreamCall call) {
    calls.put(x, call);
  }

  void ended(Exchange x) {
    calls.remove(x);
    if (empty != null && calls.isEmpty()) {
      empty.tryComplete();
    }
  }

  /** Breaks off what is to end; each ends as if its server had broken it off. */
  void breakOff(Predicate<Exchange> ending) {
    for (Map.Entry<Exchange, UpstreamCall> each : new ArrayList<>(calls.entrySet())) {
      if (ending.test(each.getKey())) {
        each.getValue().cancel();
      }
    }
  }

  /** Tells the streams of these grants that they see other tools now. */
  void toolsChanged(Set<String> grantIds, long revision) {
    for (Exchange each : calls.keySet()) {
      if (each.isStream() && grantIds.contains(each.grant.id())) {
        each.toolsChanged(revision);
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
