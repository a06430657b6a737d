package dev.tallygate.hazelcast;

import java.io.IOException;

/** A process that a cluster did not let in. The message is one line and says why, and the cure. */
public final class JoinRefused extends IOException {
  private static final long serialVersionUID = 1;

  JoinRefused(String message) {
    super(message);
  }
}
