package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import java.util.Map;
import java.util.Optional;

/**
 * Takes a step on a session, by the member that owns it, one at a time. A backup takes the same
 * step at the same time; none where nothing changed.
 */
final class SessionProcessor<R>
    implements EntryProcessor<String, SharedSession, R>, HazelcastInstanceAware {
  final SessionStep<R> step;
  private transient HazelcastInstance member;
  private transient Repeat<R> backup;

  SessionProcessor(SessionStep<R> step) {
    this.step = step;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    member = instance;
  }

  @Override
  public R process(Map.Entry<String, SharedSession> entry) {
    LedgerOwner owner = LedgerOwner.at(member);
    owner.requireQuorum();
    long millis = owner.clockMillis();
    SessionStep.After<R> after = take(step, entry, millis);
    backup = after.changed() ? new Repeat<>(step, millis) : null;
    return after.answer();
  }

  @Override
  public EntryProcessor<String, SharedSession, R> getBackupProcessor() {
    return backup;
  }

  private static <R> SessionStep.After<R> take(
      SessionStep<R> step, Map.Entry<String, SharedSession> entry, long millis) {
    SessionStep.After<R> after =
        step.take(
            Optional.ofNullable(entry.getValue()).filter(session -> !session.isOverAt(millis)),
            millis);
    if (after.changed()) {
      entry.setValue(after.session().orElse(null));
    }
    return after;
  }

  /**
   * A step as its owner took it.
   *
   * @param millis when that was
   */
  record Repeat<R>(SessionStep<R> step, long millis)
      implements EntryProcessor<String, SharedSession, R> {
    @Override
    public R process(Map.Entry<String, SharedSession> entry) {
      return take(step, entry, millis).answer();
    }
  }
}
