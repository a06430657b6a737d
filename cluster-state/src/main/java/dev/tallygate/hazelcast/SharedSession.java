package dev.tallygate.hazelcast;

import dev.tallygate.sessions.RecentIds;
import dev.tallygate.sessions.SessionState;
import dev.tallygate.sessions.SessionStore;

/**
 * A session as the members have it.
 *
 * @param state what is remembered of it
 * @param steps the latest that were taken, since Hazelcast takes one twice where it cannot know
 *     whether it was taken
 */
record SharedSession(SessionState state, RecentIds steps) {
  /** More than may be under way within the time after which a step is not taken again. */
  static final int MAX_STEPS = 256;

  /** Whether it was silent for too long. */
  boolean isOverAt(long millis) {
    return millis - state.lastUsed() > SessionStore.MAX_IDLE.toMillis();
  }

  /** Whether the step of that id was not taken before; it is from now on. */
  boolean isFirst(long step) {
    if (steps.contains(step)) {
      return false;
    }
    steps.add(step);
    return true;
  }
}
