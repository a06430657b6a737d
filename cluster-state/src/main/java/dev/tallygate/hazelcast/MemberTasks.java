package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.ExecutionCallback;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.IExecutorService;
import dev.tallygate.registry.Ballot;
import dev.tallygate.registry.Edition;
import dev.tallygate.registry.Held;
import dev.tallygate.registry.Keepers;
import dev.tallygate.registry.Registry.Enforcement;
import dev.tallygate.registry.Vote;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Asks the registry's parts on the members of a cluster. Thread-safe. */
final class MemberTasks implements Keepers {
  /** Its tasks wait for disks. */
  static final String EXECUTOR = "registry";

  private final HazelcastInstance here;
  private final IExecutorService executor;
  private final int dataMembers;
  private final Duration answerWithin;

  MemberTasks(HazelcastInstance here, int dataMembers, Duration answerWithin) {
    this.here = here;
    this.executor = here.getExecutorService(EXECUTOR);
    this.dataMembers = dataMembers;
    this.answerWithin = answerWithin;
  }

  @Override
  public int expected() {
    return dataMembers;
  }

  @Override
  public List<Remote> present() {
    return here.getCluster().getMembers().stream()
        .filter(member -> !member.isLiteMember())
        .<Remote>map(RemoteKeeper::new)
        .toList();
  }

  /** Has a node enforce an edition, or only asks what it enforces. */
  CompletionStage<Enforcement> enforce(Member member, Optional<Edition> edition) {
    return ask(member, new EnforceTask(id(member), edition));
  }

  /** Tells a member that this one serves no more. */
  CompletionStage<Boolean> farewell(Member member) {
    return ask(member, new FarewellTask(id(member), id(here.getCluster().getLocalMember())));
  }

  /** Asks a member which nodes it knows to have been lost. */
  CompletionStage<Departed> departed(Member member) {
    return ask(member, new DepartedTask(id(member)));
  }

  private static String id(Member member) {
    return member.getUuid().toString();
  }

  private <R> CompletionStage<R> ask(Member member, RegistryTask<R> task) {
    CompletableFuture<R> answer = new CompletableFuture<>();
    try {
      executor.submitToMember(
          task,
          member,
          new ExecutionCallback<R>() {
            @Override
            public void onResponse(R response) {
              answer.complete(response);
            }

            @Override
            public void onFailure(Throwable failure) {
              answer.completeExceptionally(failure);
            }
          });
    } catch (RuntimeException e) {
      answer.completeExceptionally(e); // the member has left, or this one ends
    }
    return answer.orTimeout(answerWithin.toMillis(), TimeUnit.MILLISECONDS);
  }

  private final class RemoteKeeper implements Remote {
    private final Member member;

    RemoteKeeper(Member member) {
      this.member = member;
    }

    @Override
    public CompletionStage<Held> prepare(Ballot ballot) {
      return ask(member, new PrepareTask(id(member), ballot));
    }

    @Override
    public CompletionStage<Held> accept(Ballot ballot, Edition edition) {
      return ask(member, new AcceptTask(id(member), new Vote(ballot, edition)));
    }

    @Override
    public CompletionStage<Held> look(Ballot known) {
      return ask(member, new LookTask(id(member), known));
    }
  }
}
