package dev.tallygate.registry;

import java.io.IOException;
import java.util.Optional;

/**
 * One data member's part in keeping the registry: an acceptor of {@link MajorityRegister}. Whatever
 * it promises, and agrees to keep, is on disk before it answers. Thread-safe.
 */
public final class Keeper {
  private final VoteStore store;
  private Optional<Vote> vote;
  private Ballot promised;

  /**
   * Takes up what is on disk.
   *
   * @throws RegistryDamaged if the file is not as it was written
   */
  public Keeper(KeptFile file) throws IOException {
    this((VoteStore) file);
  }

  Keeper(VoteStore store) throws IOException {
    this.store = store;
    this.vote = store.read();
    this.promised = latest(store.promised(), vote.map(Vote::ballot).orElse(Ballot.NONE));
  }

  private static Ballot latest(Ballot one, Ballot other) {
    return one.isBefore(other) ? other : one;
  }

  /**
   * Promises to refuse every earlier attempt, unless a later one was promised that.
   *
   * @throws IOException if it could not be written; nothing is promised then
   */
  public synchronized Held prepare(Ballot ballot) throws IOException {
    boolean agreed = !ballot.isBefore(promised);
    if (agreed) {
      promise(ballot);
    }
    return held(agreed, Ballot.NONE);
  }

  private void promise(Ballot ballot) throws IOException {
    if (promised.isBefore(ballot)) {
      store.promise(ballot);
      promised = ballot;
    }
  }

  /**
   * Keeps an edition, unless a later attempt was promised that it would not. A blank keeper keeps
   * only what it was prepared for: it may have forgotten what it promised.
   *
   * @throws IOException if it could not be written; nothing is changed then
   */
  public synchronized Held accept(Ballot ballot, Edition edition) throws IOException {
    boolean agreed = vote.isPresent() ? !ballot.isBefore(promised) : ballot.equals(promised);
    if (agreed) {
      write(new Vote(ballot, edition));
      promised = ballot;
    }
    return held(agreed, ballot);
  }

  /**
   * Keeps what this very process found to be kept by a majority, and promises what one of them has
   * promised: where the own promises were lost with a disk, one of those has them too.
   *
   * @param theirs the latest promise among that majority
   * @throws IOException if it could not be written; nothing is changed then
   */
  public synchronized void keep(Vote settled, Ballot theirs) throws IOException {
    if (vote.isEmpty() || vote.get().ballot().isBefore(settled.ballot())) {
      promise(latest(theirs, settled.ballot()));
      write(settled);
    }
  }

  /** What is kept; without the edition if it is that of {@code known}. */
  public synchronized Held look(Ballot known) {
    return held(true, known);
  }

  private void write(Vote next) throws IOException {
    store.write(next);
    vote = Optional.of(next);
  }

  private Held held(boolean agreed, Ballot known) {
    Ballot ballot = vote.map(Vote::ballot).orElse(Ballot.NONE);
    return new Held(
        agreed, promised, ballot, vote.filter(kept -> !ballot.equals(known)).map(Vote::edition));
  }
}
