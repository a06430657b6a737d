package dev.tallygate.node.gate;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How much of one kind each grant has open on a node at one time. Thread-safe. */
final class OpenPerGrant {
  private final Map<String, Integer> open = new ConcurrentHashMap<>();

  /**
   * Opens one more.
   *
   * @return false where the grant has {@code max} open
   */
  boolean begin(String grantId, int max) {
    int[] before = new int[1];
    open.compute(
        grantId,
        (grant, count) -> {
          before[0] = count == null ? 0 : count;
          return before[0] < max ? Integer.valueOf(before[0] + 1) : count;
        });
    return before[0] < max;
  }

  void end(String grantId) {
    open.computeIfPresent(grantId, (grant, count) -> count == 1 ? null : count - 1);
  }
}
