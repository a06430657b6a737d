package dev.tallygate.registry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;

/** Keepers in memory that can be cut off, restarted and robbed of their disks. */
final class TestKeepers implements Keepers {
  private final List<Disk> disks = new ArrayList<>();
  private final List<Keeper> running = new ArrayList<>();
  private final Set<Integer> cutOff = new HashSet<>();
  private volatile double loss;

  /** What outlives a keeper's process. */
  private static final class Disk implements VoteStore {
    private volatile Optional<Vote> vote = Optional.empty();
    private volatile Ballot promised = Ballot.NONE;

    @Override
    public Ballot promised() {
      return promised;
    }

    @Override
    public void promise(Ballot ballot) {
      promised = ballot;
    }

    @Override
    public Optional<Vote> read() {
      return vote;
    }

    @Override
    public void write(Vote next) {
      vote = Optional.of(next);
    }
  }

  TestKeepers(int count) {
    for (int i = 0; i < count; i++) {
      disks.add(new Disk());
      running.add(null);
      restart(i);
    }
  }

  /** Messages, and answers, are lost with this probability each. */
  void lose(double probability) {
    loss = probability;
  }

  synchronized void cutOff(Integer... members) {
    cutOff.clear();
    cutOff.addAll(List.of(members));
  }

  synchronized void restart(int member) {
    try {
      running.set(member, new Keeper(disks.get(member)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  synchronized void restartWithoutDisk(int member) {
    disks.get(member).vote = Optional.empty();
    disks.get(member).promised = Ballot.NONE;
    restart(member);
  }

  VoteStore disk(int member) {
    return disks.get(member);
  }

  boolean isBlank(int member) {
    return disks.get(member).vote.isEmpty();
  }

  @Override
  public int expected() {
    return disks.size();
  }

  @Override
  public synchronized List<Remote> present() {
    List<Remote> present = new ArrayList<>();
    for (int i = 0; i < disks.size(); i++) {
      present.add(new InMemory(i, running.get(i)));
    }
    return present;
  }

  private synchronized boolean reaches(int member, Keeper keeper) {
    return !cutOff.contains(member) && running.get(member) == keeper;
  }

  private interface Question {
    Held ask(Keeper keeper) throws IOException;
  }

  private final class InMemory implements Remote {
    private final int member;
    private final Keeper keeper;

    InMemory(int member, Keeper keeper) {
      this.member = member;
      this.keeper = keeper;
    }

    private CompletionStage<Held> ask(Question question) {
      Random random = ThreadLocalRandom.current();
      IOException lost = new IOException("lost");
      if (!reaches(member, keeper) || random.nextDouble() < loss) {
        return CompletableFuture.failedFuture(lost);
      }
      try {
        Held answer = question.ask(keeper);
        return random.nextDouble() < loss || !reaches(member, keeper)
            ? CompletableFuture.failedFuture(lost)
            : CompletableFuture.completedFuture(answer);
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    }

    @Override
    public CompletionStage<Held> prepare(Ballot ballot) {
      return ask(asked -> asked.prepare(ballot));
    }

    @Override
    public CompletionStage<Held> accept(Ballot ballot, Edition edition) {
      return ask(asked -> asked.accept(ballot, edition));
    }

    @Override
    public CompletionStage<Held> look(Ballot known) {
      return ask(asked -> asked.look(known));
    }
  }
}
