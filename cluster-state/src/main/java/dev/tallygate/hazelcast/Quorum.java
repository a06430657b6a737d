package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.internal.cluster.ClusterService;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Whether this process sees enough data members to count: more than half of all there are, so that
 * of two halves of a split cluster at most one counts. Processes that hold no data are left out.
 *
 * <p>Goes by what the process sees now, which after a loss may be up to a heartbeat's timeout old.
 * Cheap enough to be asked for every step. Thread-safe.
 */
public final class Quorum {
  /** A view of the cluster, which never changes: another view is another set. */
  private record Seen(Set<Member> members, int dataMembers) {}

  private final Cluster cluster;
  private final int required;
  private volatile Seen last = new Seen(Set.of(), 0);

  Quorum(HazelcastInstance instance, int required) {
    this.cluster = instance.getCluster();
    this.required = required;
  }

  /**
   * Whether enough data members are there; never while this process is on its way to another
   * cluster, or has left. One that leaves in order counts on until others have what it holds.
   */
  public boolean holds() {
    return isMember() && present() >= required;
  }

  /** What is running does not tell: a member that hands on what it holds runs no more. */
  private boolean isMember() {
    return ((ClusterService) cluster).isJoined();
  }

  /**
   * What is asked, where enough data members are there still when the answer comes. Never throws;
   * the stage completes on the thread that answers.
   *
   * @param otherwise what to say where too few are there
   */
  <R> CompletableFuture<R> believed(Supplier<CompletionStage<R>> asking, String otherwise) {
    CompletableFuture<R> believed = new CompletableFuture<>();
    try {
      asking
          .get()
          // On the thread that answers: the common pool would cost a hop for every step.
          .whenCompleteAsync(
              (answer, failure) -> {
                if (failure != null) {
                  believed.completeExceptionally(failure);
                } else if (holds()) {
                  believed.complete(answer);
                } else {
                  believed.completeExceptionally(new SplitBrainProtectionException(otherwise));
                }
              },
              Runnable::run);
    } catch (RuntimeException e) {
      believed.completeExceptionally(e);
    }
    return believed;
  }

  /** How many data members must be there. */
  public int required() {
    return required;
  }

  /** How many data members this process sees, itself included if it is one. */
  public int present() {
    Set<Member> members = cluster.getMembers();
    Seen seen = last;
    // By identity: a listener's answer would lag behind the view, a copy of it never does.
    if (seen.members != members) {
      seen = new Seen(members, dataMembers(members));
      last = seen;
    }
    return seen.dataMembers;
  }

  private static int dataMembers(Set<Member> members) {
    int count = 0;
    for (Member member : members) {
      if (!member.isLiteMember()) {
        count++;
      }
    }
    return count;
  }
}
