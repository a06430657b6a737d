package dev.tallygate.hazelcast;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/**
 * Has steps on the ledger's tables taken by their owners. Steps on one subject that come while
 * another is on its way wait for its answer, and then go together: one round trip, one copy and one
 * write to the database for all of them. A step that finds none on its way goes at once.
 *
 * <p>This is group commit (DeWitt et al., "Implementation Techniques for Main Memory Database
 * Systems", SIGMOD 1984) without a timer: what is on its way is the clock.
 *
 * <p>An answer that stays away holds nobody up for longer than {@link #UNANSWERED}. A step that
 * nobody waits for any more is not sent: none arrives long after it was asked for.
 *
 * <p>Thread-safe; never blocks.
 */
final class GroupCommit {
  /** Bounds how long other subjects of the partition wait: well under a millisecond. */
  static final int MOST_IN_A_GROUP = 128;

  static final int MOST_WAITING = 10_000;

  /** Many times what an owner needs; it may have been lost with what it was asked. */
  static final Duration UNANSWERED = Duration.ofMillis(100);

  private final Steps steps;
  private final Duration wantedFor;
  private final LongSupplier nanoTime;
  private final ConcurrentMap<String, Lane> lanes = new ConcurrentHashMap<>();

  /** The steps on one subject, while one is under way; only touched where its entry is computed. */
  private static final class Lane {
    private final Queue<Asked<?>> waiting = new ArrayDeque<>(0);
    private Group underWay;

    Group next(long now) {
      List<Asked<?>> first = new ArrayList<>(Math.min(waiting.size(), MOST_IN_A_GROUP));
      while (!waiting.isEmpty() && first.size() < MOST_IN_A_GROUP) {
        first.add(waiting.remove());
      }
      underWay = new Group(first, now);
      return underWay;
    }
  }

  /** Known by its identity: one that was given up for unanswered may be answered yet. */
  private static final class Group {
    private final List<Asked<?>> asked;
    private final long sentAt;

    Group(List<Asked<?>> asked, long sentAt) {
      this.asked = asked;
      this.sentAt = sentAt;
    }
  }

  private record Asked<R>(TableStep<R> step, long at, CompletableFuture<R> answer) {
    void answered(Object answered) {
      if (answered instanceof StepGroup.Failed failed) {
        failed(new IllegalStateException(failed.cause()));
        return;
      }
      @SuppressWarnings("unchecked") // it is what this step was answered
      R result = (R) answered;
      answer.complete(result);
    }

    void failed(Throwable failure) {
      answer.completeExceptionally(failure);
    }
  }

  /**
   * @param wantedFor how long who asks for a step waits for it
   */
  GroupCommit(Steps steps, Duration wantedFor) {
    this(steps, wantedFor, System::nanoTime);
  }

  GroupCommit(Steps steps, Duration wantedFor, LongSupplier nanoTime) {
    this.steps = steps;
    this.wantedFor = wantedFor;
    this.nanoTime = nanoTime;
  }

  /**
   * Takes a step on one subject's table. The answer comes on a thread of Hazelcast, which must not
   * wait, nor be kept busy.
   */
  <R> CompletableFuture<R> take(String subject, TableStep<R> step) {
    long now = nanoTime.getAsLong();
    Asked<R> asked = new Asked<>(step, now, new CompletableFuture<>());
    List<Group> next = new ArrayList<>(1);
    lanes.compute(
        subject,
        (same, known) -> {
          Lane lane = known == null ? new Lane() : known;
          if (lane.waiting.size() == MOST_WAITING) {
            asked.failed(new IllegalStateException("too many steps wait for " + subject));
            return lane;
          }
          lane.waiting.add(asked);
          if (lane.underWay == null || now - lane.underWay.sentAt > UNANSWERED.toNanos()) {
            next.add(lane.next(now));
          }
          return lane;
        });
    next.forEach(group -> send(subject, group));
    return asked.answer();
  }

  private void send(String subject, Group group) {
    List<Asked<?>> wanted = new ArrayList<>(group.asked.size());
    List<TableStep<?>> wantedSteps = new ArrayList<>(group.asked.size());
    for (Asked<?> asked : group.asked) {
      if (group.sentAt - asked.at() <= wantedFor.toNanos()) {
        wanted.add(asked);
        wantedSteps.add(asked.step());
      } else {
        asked.failed(new TimeoutException("steps before it were not answered in time"));
      }
    }
    if (wanted.isEmpty()) {
      ended(subject, group);
      return;
    }
    taken(subject, new StepGroup(wantedSteps))
        .whenComplete(
            (answers, failure) -> {
              ended(subject, group);
              for (int i = 0; i < wanted.size(); i++) {
                if (failure == null) {
                  wanted.get(i).answered(answers.each().get(i));
                } else {
                  wanted.get(i).failed(failure);
                }
              }
            });
  }

  private CompletableFuture<StepGroup.Answers> taken(String subject, StepGroup group) {
    try {
      return steps.take(subject, group);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void ended(String subject, Group group) {
    List<Group> next = new ArrayList<>(1);
    lanes.computeIfPresent(
        subject,
        (same, lane) -> {
          if (lane.underWay != group) {
            return lane;
          }
          if (lane.waiting.isEmpty()) {
            return null;
          }
          next.add(lane.next(nanoTime.getAsLong()));
          return lane;
        });
    // Not on the thread that answers, which may ask nothing.
    next.forEach(waiting -> CompletableFuture.runAsync(() -> send(subject, waiting)));
  }
}
