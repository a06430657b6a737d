package dev.tallygate.sessions;

import java.util.concurrent.atomic.AtomicLong;

/** An open session, as this node knows it. Thread-safe. */
public final class KnownSession {
  private final SessionKey key;
  private final Opening opening;
  private final AtomicLong told = new AtomicLong();

  public KnownSession(SessionKey key, Opening opening) {
    this.key = key;
    this.opening = opening;
  }

  public SessionKey key() {
    return key;
  }

  /** As the server issued it. */
  public String id() {
    return key.id();
  }

  public Opening opening() {
    return opening;
  }

  /** Whether nothing on this node has yet told the client of the tools of that snapshot. */
  public boolean isFirstToTell(long revision) {
    return told.getAndUpdate(last -> Math.max(last, revision)) < revision;
  }
}
