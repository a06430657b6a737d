package dev.tallygate.node.gate;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One MCP session. It remembers which of the server's requests the client still owes an answer, so
 * that an answer to a question never asked goes nowhere. Thread-safe.
 */
final class Session {
  /** A server that asks more than this at once is not answered further. */
  private static final int MAX_OUTSTANDING = 1_000;

  private final String id;
  private final String grantId;
  private final Set<String> outstanding = ConcurrentHashMap.newKeySet();
  private volatile long lastUsed;

  Session(String id, String grantId, long now) {
    this.id = id;
    this.grantId = grantId;
    this.lastUsed = now;
  }

  String id() {
    return id;
  }

  String grantId() {
    return grantId;
  }

  long lastUsed() {
    return lastUsed;
  }

  void touch(long now) {
    lastUsed = now;
  }

  /** Notes a request that the server sent to the client, by its id as JSON text. */
  void asked(String requestId) {
    if (outstanding.size() < MAX_OUTSTANDING) {
      outstanding.add(requestId);
    }
  }

  /** Whether the client may answer that request; true at most once for each. */
  boolean answers(String requestId) {
    return outstanding.remove(requestId);
  }
}
