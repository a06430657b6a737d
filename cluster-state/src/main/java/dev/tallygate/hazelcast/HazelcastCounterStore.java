package dev.tallygate.hazelcast;

import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.OnStoreLoss;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The limit ledger on a Hazelcast map.
 *
 * <p>All counters of one subject live in one entry, a {@link CounterTable}, so that a call's claims
 * on one subject are one atomic step at the entry's owner. A call that claims of several subjects
 * asks them one after the other, always in the order of their keys; where one refuses, those asked
 * before are cancelled by the reservation's id before the refusal is answered. Until then another
 * call may find them held, and be refused early; none is ever admitted too much. Steps on one
 * subject that meet go together: see {@link GroupCommit}.
 *
 * <p>An answer counts only while this process sees a quorum of data members, and a step is taken
 * only where so many members keep the counts that one of them is in every quorum. Each of these has
 * to confirm to whoever asked that it has what the step changed. A step without that has no answer;
 * it is taken again, by its id, while there is time.
 *
 * <p>A step that finds no table for its subject begins one by the birth of the partition: see
 * {@link Births}.
 *
 * <p>A reservation whose steps fail, or take longer than {@link #ANSWER_WITHIN} in all, finds the
 * store unavailable; its id is then cancelled in the background, which also keeps a late step from
 * holding anything. What no cancellation reaches stays held until its window ends.
 *
 * <p>Thread-safe; never blocks. Stages complete on a thread of the store, on the common pool, or on
 * the caller's thread: what depends on them must not block, nor ask the store again on that thread.
 */
public final class HazelcastCounterStore implements CounterStore {
  static final String MAP = "ledger";

  /** How long a reservation may take, before the store counts as unavailable. */
  static final Duration ANSWER_WITHIN = Duration.ofSeconds(2);

  private static final int CANCEL_ATTEMPTS = 5;
  private static final int MOST_CANCELS_WAITING = 10_000;
  private static final long[] AFTER_A_LOSS_MILLIS = {50, 100, 200, 300, 500};
  private static final String CUT_OFF = "too few data members are there to count";
  private static final Logger log = LoggerFactory.getLogger(HazelcastCounterStore.class);

  private final Steps steps;
  private final GroupCommit groups;
  private final LedgerOwner owner;
  private final Duration answerWithin;
  private final AtomicInteger cancelsWaiting = new AtomicInteger();
  private final Set<PersistentStep<ReserveResult>> underWay = ConcurrentHashMap.newKeySet();

  HazelcastCounterStore(HazelcastInstance member) {
    this(
        Steps.on(member, member.getMap(MAP), LedgerOwner.at(member).confirmations()),
        LedgerOwner.at(member),
        ANSWER_WITHIN);
    member
        .getCluster()
        .addMembershipListener(
            new MembershipAdapter() {
              @Override
              public void memberRemoved(MembershipEvent removed) {
                // Its part in them is taken over in the meantime.
                for (long millis : AFTER_A_LOSS_MILLIS) {
                  underWay.forEach(step -> step.takeIn(millis));
                }
              }
            });
  }

  HazelcastCounterStore(Steps steps, LedgerOwner owner, Duration answerWithin) {
    this.steps = steps;
    this.groups = new GroupCommit(steps, answerWithin);
    this.owner = owner;
    this.answerWithin = answerWithin;
  }

  @Override
  public CompletionStage<ReserveResult> reserve(String reservationId, List<Claim> claims) {
    Claim.requireDistinct(claims);
    Map<String, List<Claim>> bySubject = new TreeMap<>();
    for (Claim claim : claims) {
      bySubject.computeIfAbsent(subject(claim.key()), unused -> new ArrayList<>()).add(claim);
    }
    return new Reserving(reservationId, bySubject).next();
  }

  @Override
  public CompletionStage<Boolean> settle(
      Reservation reservation, Map<CounterKey, BigDecimal> givenBack) {
    if (reservation.holds().isEmpty()) {
      return CompletableFuture.completedFuture(false);
    }
    Map<String, List<Reservation.Hold>> bySubject = new LinkedHashMap<>();
    reservation.holds().stream()
        .sorted(Reservation.Hold.LATEST_END_FIRST)
        .forEach(hold -> bySubject.putIfAbsent(subject(hold.key()), new ArrayList<>()));
    reservation.holdsAfter(givenBack).forEach(hold -> bySubject.get(subject(hold.key())).add(hold));
    List<String> subjects = List.copyOf(bySubject.keySet());
    // The subject that remembers the reservation longest decides whether this settling is the one.
    return submit(
            subjects.get(0), new TableStep.Settle(reservation.id(), bySubject.get(subjects.get(0))))
        .thenCompose(
            first -> {
              if (!first || subjects.size() == 1) {
                return CompletableFuture.completedFuture(first);
              }
              return CompletableFuture.supplyAsync(
                      () -> settleRest(reservation, subjects, bySubject))
                  .thenCompose(rest -> rest);
            })
        .exceptionally(failure -> kept(reservation.id(), subjects.get(0), failure));
  }

  @Override
  public CompletionStage<Boolean> shrink(Reservation smaller) {
    Map<String, List<Reservation.Hold>> bySubject = new LinkedHashMap<>();
    smaller
        .holds()
        .forEach(
            hold ->
                bySubject
                    .computeIfAbsent(subject(hold.key()), unused -> new ArrayList<>())
                    .add(hold));
    CompletableFuture<Boolean> shrunk = CompletableFuture.completedFuture(false);
    for (Map.Entry<String, List<Reservation.Hold>> entry : bySubject.entrySet()) {
      CompletableFuture<Boolean> here =
          submit(entry.getKey(), new TableStep.Shrink(smaller.id(), entry.getValue()))
              .exceptionally(failure -> kept(smaller.id(), entry.getKey(), failure));
      shrunk = shrunk.thenCombine(here, Boolean::logicalOr);
    }
    return shrunk;
  }

  private CompletableFuture<Boolean> settleRest(
      Reservation reservation,
      List<String> subjects,
      Map<String, List<Reservation.Hold>> bySubject) {
    List<CompletableFuture<Boolean>> rest = new ArrayList<>();
    for (String subject : subjects.subList(1, subjects.size())) {
      rest.add(
          submit(subject, new TableStep.Settle(reservation.id(), bySubject.get(subject)))
              .exceptionally(failure -> kept(reservation.id(), subject, failure)));
    }
    return CompletableFuture.allOf(rest.toArray(CompletableFuture<?>[]::new))
        .thenApply(unused -> true);
  }

  @Override
  public CompletionStage<Usage> usage(CounterKey key) {
    return owner
        .quorum()
        .believed(() -> steps.take(subject(key), new UsageQuery(key)), CUT_OFF)
        .orTimeout(answerWithin.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Does nothing: the member is closed by whoever started it. */
  @Override
  public void close() {}

  /** The way of one reservation through the subjects that it claims of. */
  private final class Reserving {
    private final String id;
    private final Map<String, List<Claim>> bySubject;
    private final List<String> subjects;
    private final List<String> asked = new ArrayList<>();
    private final List<Reservation.Hold> holds = new ArrayList<>();
    private final long end = System.nanoTime() + answerWithin.toNanos();
    private Duration spendWithin = ANY_TIME;

    Reserving(String id, Map<String, List<Claim>> bySubject) {
      this.id = id;
      this.bySubject = bySubject;
      this.subjects = List.copyOf(bySubject.keySet());
    }

    CompletionStage<ReserveResult> next() {
      if (asked.size() == subjects.size()) {
        return CompletableFuture.completedFuture(
            new Reserved(new Reservation(id, holds), spendWithin));
      }
      String subject = subjects.get(asked.size());
      List<Claim> claims = bySubject.get(subject);
      asked.add(subject);
      return persistently(subject, new TableStep.Reserve(id, claims), left())
          .handle((result, failure) -> failure == null ? result : unavailable(claims, failure))
          .thenCompose(this::continued);
    }

    private Duration left() {
      return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    private CompletableFuture<Void> cancel(String subject) {
      return HazelcastCounterStore.this.cancel(subject, new TableStep.Cancel(id), CANCEL_ATTEMPTS);
    }

    /** What asks the store again leaves its thread, which may not wait for another step. */
    private CompletionStage<ReserveResult> continued(ReserveResult result) {
      boolean asksAgain = !(result instanceof Reserved) || asked.size() < subjects.size();
      return asksAgain
          ? CompletableFuture.completedFuture(result).thenComposeAsync(this::proceed)
          : proceed(result);
    }

    private CompletionStage<ReserveResult> proceed(ReserveResult result) {
      if (result instanceof Reserved reserved) {
        holds.addAll(reserved.reservation().holds());
        if (reserved.spendWithin().compareTo(spendWithin) < 0) {
          spendWithin = reserved.spendWithin();
        }
        return next();
      }
      if (result instanceof Unavailable) {
        asked.forEach(this::cancel);
        return CompletableFuture.completedFuture(result);
      }
      List<String> held = asked.subList(0, asked.size() - 1);
      return CompletableFuture.allOf(
              held.stream().map(this::cancel).toArray(CompletableFuture<?>[]::new))
          .thenApply(unused -> result);
    }
  }

  /** Completes normally after the first attempt; further attempts go on in the background. */
  private CompletableFuture<Void> cancel(
      String subject, TableStep.Cancel cancelling, int attemptsLeft) {
    return submit(subject, cancelling)
        .handle(
            (unused, failure) -> {
              if (failure == null) {
                return null;
              }
              if (attemptsLeft <= 1
                  || failure instanceof HazelcastInstanceNotActiveException
                  || cancelsWaiting.get() >= MOST_CANCELS_WAITING) {
                log.warn(
                    "Could not cancel reservation {} of {}; its units stay held until their windows"
                        + " end: {}",
                    cancelling.id(),
                    subject,
                    failure.toString());
              } else {
                cancelsWaiting.incrementAndGet();
                CompletableFuture.delayedExecutor(answerWithin.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(
                        () -> {
                          cancelsWaiting.decrementAndGet();
                          cancel(subject, cancelling, attemptsLeft - 1);
                        });
              }
              return null;
            });
  }

  /** As {@link #submit}, again and again where it fails, for a step that has an id. */
  private CompletableFuture<ReserveResult> persistently(
      String subject, TableStep.Reserve step, Duration within) {
    PersistentStep<ReserveResult> persistent =
        new PersistentStep<>(
            () -> once(subject, step), owner.quorum().holds() ? within : Duration.ZERO);
    underWay.add(persistent);
    persistent.take();
    return persistent.answer(within).whenComplete((result, failure) -> underWay.remove(persistent));
  }

  /** Never throws, and completes in bounded time. */
  private <R> CompletableFuture<R> submit(String subject, TableStep<R> step) {
    return once(subject, step).orTimeout(answerWithin.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Never throws. */
  private <R> CompletableFuture<R> once(String subject, TableStep<R> step) {
    return owner.quorum().believed(() -> groups.take(subject, step), CUT_OFF);
  }

  private static Unavailable unavailable(List<Claim> claims, Throwable failure) {
    CounterKey key =
        claims.stream()
            .filter(claim -> claim.onStoreLoss() == OnStoreLoss.DENY)
            .findFirst()
            .orElse(claims.get(0))
            .key();
    return new Unavailable(key, failure.toString());
  }

  private static boolean kept(String id, String subject, Throwable failure) {
    log.warn(
        "Could not give back units of reservation {} of {}; they are kept: {}",
        id,
        subject,
        failure.toString());
    return false;
  }

  private static String subject(CounterKey key) {
    return key.scope() + ":" + key.subject();
  }
}
