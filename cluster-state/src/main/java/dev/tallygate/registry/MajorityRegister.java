package dev.tallygate.registry;

import dev.tallygate.registry.Keepers.Remote;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * One value on the disks of several members, of which each change is a compare-and-set.
 *
 * <p>CASPaxos (Denis Rystsov, 2018, arXiv:1802.07000): an attempt first has a majority promise to
 * refuse earlier attempts and tell what they keep; it changes the latest of that and has a majority
 * keep the result. Two majorities have a member in common, so what was settled is found by every
 * later attempt and reading, whichever members were restarted or cut off in between.
 *
 * <p>A member that lost its disk would undo that. So what a blank member tells counts only if all
 * members tell something; it counts again once it keeps something.
 *
 * <p>Thread-safe; all methods block, for as long as they are told at most.
 */
public final class MajorityRegister {
  private static final int MAX_PAUSE_MILLIS = 150;

  private final Keepers keepers;
  private final String proposer;
  private Ballot latestSeen = Ballot.NONE;

  /**
   * @param proposer a name that no other register has, at any time
   */
  public MajorityRegister(Keepers keepers, String proposer) {
    this.keepers = keepers;
    this.proposer = proposer;
  }

  /** What a majority keeps. */
  public sealed interface Reading {}

  /** A majority keeps this, and kept nothing later when the reading began. */
  public record Settled(Vote vote, Ballot promised) implements Reading {}

  /** Every member tells that nothing was ever kept. */
  public record Empty() implements Reading {}

  /** A change is under way, or was left half done: another, such as none at all, settles it. */
  public record Unsettled() implements Reading {}

  /** What came of a change. */
  public sealed interface Outcome {}

  /** A majority keeps it. */
  public record Done(Vote vote) implements Outcome {}

  /** The change was not wanted for what is kept. */
  public record Refused(Optional<Edition> current) implements Outcome {}

  /**
   * Too few members answered in time.
   *
   * @param reason for people
   * @param maybeDone whether a part of the members may keep the change, so that it may yet settle
   */
  public record Unreachable(String reason, boolean maybeDone) implements Reading, Outcome {}

  /**
   * Reads.
   *
   * @param known what the caller has; its edition is not sent again
   */
  public Reading read(Optional<Vote> known, Duration patience) throws InterruptedException {
    Ballot has = known.map(Vote::ballot).orElse(Ballot.NONE);
    List<Remote> present = keepers.present();
    int majority = majority(present);
    List<Held> answers =
        gather(
            present.stream().map(each -> each.look(has)).toList(),
            held -> atLatest(held).size() >= majority,
            patience);
    List<Held> latest = atLatest(answers);
    if (latest.size() >= majority) {
      Ballot ballot = latest.get(0).ballot();
      return new Settled(
          ballot.equals(has)
              ? known.get()
              : new Vote(ballot, latest.get(0).edition().orElseThrow()),
          latest.stream().map(Held::promised).max(Comparator.naturalOrder()).orElseThrow());
    }
    boolean all = answers.size() >= keepers.expected();
    if (all && latest.isEmpty()) {
      return new Empty();
    }
    return all || written(answers) >= majority
        ? new Unsettled()
        : new Unreachable(reason(answers, majority), false);
  }

  /**
   * Changes what is kept.
   *
   * @param change gives what to keep instead of what is kept; empty to leave it
   */
  public Outcome change(Function<Optional<Edition>, Optional<Edition>> change, Duration patience)
      throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    boolean maybeDone = false;
    String reason;
    do {
      List<Remote> present = keepers.present();
      int majority = majority(present);
      Ballot ballot = nextBallot();
      List<Held> promises =
          gather(
              present.stream().map(each -> each.prepare(ballot)).toList(),
              held -> mayChange(held, majority),
              left(end));
      promises.forEach(this::note);
      reason = reason(promises, majority);
      if (mayChange(promises, majority)) {
        Optional<Edition> current =
            promises.stream().max(Comparator.comparing(Held::ballot)).flatMap(Held::edition);
        Optional<Edition> next = change.apply(current);
        if (next.isEmpty()) {
          return new Refused(current);
        }
        List<Held> kept =
            gather(
                present.stream().map(each -> each.accept(ballot, next.get())).toList(),
                held -> agreed(held) >= majority,
                left(end));
        kept.forEach(this::note);
        if (agreed(kept) >= majority) {
          return new Done(new Vote(ballot, next.get()));
        }
        maybeDone = true;
        reason = reason(kept, majority);
      }
      // Two that attempt in step would refuse each other for ever.
      TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextInt(10, MAX_PAUSE_MILLIS));
    } while (System.nanoTime() < end);
    return new Unreachable(reason, maybeDone);
  }

  private synchronized Ballot nextBallot() {
    latestSeen = latestSeen.next(proposer);
    return latestSeen;
  }

  private synchronized void note(Held answer) {
    if (latestSeen.isBefore(answer.promised())) {
      latestSeen = answer.promised();
    }
  }

  private int majority(List<Remote> present) {
    return Math.max(keepers.expected(), present.size()) / 2 + 1;
  }

  /**
   * A keeper without its disk may have promised something to another attempt. It counts where all
   * agree: whoever was promised the same would have been named by one of them.
   */
  private boolean mayChange(List<Held> promises, int majority) {
    long able = promises.stream().filter(held -> held.agreed() && !held.isBlank()).count();
    return able >= majority
        || promises.size() >= keepers.expected() && agreed(promises) == promises.size();
  }

  private static long agreed(List<Held> answers) {
    return answers.stream().filter(Held::agreed).count();
  }

  private static long written(List<Held> answers) {
    return answers.stream().filter(held -> !held.isBlank()).count();
  }

  private static List<Held> atLatest(List<Held> answers) {
    Optional<Ballot> latest =
        answers.stream()
            .map(Held::ballot)
            .max(Comparator.naturalOrder())
            .filter(b -> b.number() > 0);
    return answers.stream().filter(held -> latest.equals(Optional.of(held.ballot()))).toList();
  }

  private String reason(List<Held> answers, int majority) {
    long blank = answers.size() - written(answers);
    return answers.size()
        + " of "
        + keepers.expected()
        + " data members answered"
        + (blank == 0
            ? ""
            : ", " + blank + " of them with an empty disk, which counts only if all answer")
        + "; "
        + majority
        + " are needed";
  }

  private static Duration left(long end) {
    return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
  }

  /** The answers that came until they were enough, all were in, or patience ended. */
  private static List<Held> gather(
      List<CompletionStage<Held>> asked, Predicate<List<Held>> enough, Duration patience)
      throws InterruptedException {
    BlockingQueue<Optional<Held>> arriving = new LinkedBlockingQueue<>();
    asked.forEach(
        each -> each.whenComplete((held, failure) -> arriving.add(Optional.ofNullable(held))));
    List<Held> answers = new ArrayList<>();
    long end = System.nanoTime() + patience.toNanos();
    for (int i = 0; i < asked.size() && !enough.test(answers); i++) {
      Optional<Held> next = arriving.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (next == null) {
        return answers;
      }
      next.ifPresent(answers::add);
    }
    return answers;
  }
}
