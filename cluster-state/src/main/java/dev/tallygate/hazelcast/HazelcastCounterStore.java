package dev.tallygate.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.OnStoreLoss;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The limit ledger on a Hazelcast map.
 *
 * <p>All counters of one subject live in one entry, a {@link CounterTable}, so that a call's claims
 * on one subject are one atomic step at the entry's owner. A call that claims of several subjects
 * asks them one after the other, always in the order of their keys; where one refuses, those asked
 * before are cancelled by the reservation's id before the refusal is answered. Until then another
 * call may find them held, and be refused early; none is ever admitted too much.
 *
 * <p>A step that fails or takes longer than {@link #ANSWER_WITHIN} makes the store unavailable for
 * that call; its id is then cancelled in the background, which also keeps a late step from holding
 * anything. What no cancellation reaches stays held until its window ends.
 *
 * <p>Thread-safe; never blocks. Stages complete on a thread of the store, on the common pool, or on
 * the caller's thread: what depends on them must not block, nor ask the store again on that thread.
 */
public final class HazelcastCounterStore implements CounterStore {
  static final String MAP = "ledger";

  /** How long each step may take, before the store counts as unavailable. */
  static final Duration ANSWER_WITHIN = Duration.ofSeconds(2);

  private static final int CANCEL_ATTEMPTS = 5;
  private static final Logger log = LoggerFactory.getLogger(HazelcastCounterStore.class);

  private final IMap<String, CounterTable> tables;
  private final Duration answerWithin;

  HazelcastCounterStore(HazelcastInstance member) {
    this(member.getMap(MAP), ANSWER_WITHIN);
  }

  HazelcastCounterStore(IMap<String, CounterTable> tables, Duration answerWithin) {
    this.tables = tables;
    this.answerWithin = answerWithin;
  }

  @Override
  public CompletionStage<ReserveResult> reserve(String reservationId, List<Claim> claims) {
    requireDistinct(claims);
    Map<String, List<Claim>> bySubject = new TreeMap<>();
    for (Claim claim : claims) {
      bySubject.computeIfAbsent(subject(claim.key()), unused -> new ArrayList<>()).add(claim);
    }
    return new Reserving(reservationId, bySubject).next();
  }

  @Override
  public CompletionStage<Boolean> settle(Reservation reservation, Set<CounterKey> refunded) {
    if (reservation.holds().isEmpty()) {
      return CompletableFuture.completedFuture(false);
    }
    Map<String, Set<CounterKey>> bySubject = new LinkedHashMap<>();
    reservation.holds().stream()
        .sorted(Reservation.Hold.LATEST_END_FIRST)
        .forEach(
            hold -> {
              Set<CounterKey> here =
                  bySubject.computeIfAbsent(subject(hold.key()), unused -> new HashSet<>());
              if (refunded.contains(hold.key())) {
                here.add(hold.key());
              }
            });
    List<String> subjects = List.copyOf(bySubject.keySet());
    // The subject that remembers the reservation longest decides whether this settling is the one.
    return submit(
            subjects.get(0), new SettleProcessor(reservation.id(), bySubject.get(subjects.get(0))))
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

  private CompletableFuture<Boolean> settleRest(
      Reservation reservation, List<String> subjects, Map<String, Set<CounterKey>> bySubject) {
    List<CompletableFuture<Boolean>> rest = new ArrayList<>();
    for (String subject : subjects.subList(1, subjects.size())) {
      rest.add(
          submit(subject, new SettleProcessor(reservation.id(), bySubject.get(subject)))
              .exceptionally(failure -> kept(reservation.id(), subject, failure)));
    }
    return CompletableFuture.allOf(rest.toArray(CompletableFuture<?>[]::new))
        .thenApply(unused -> true);
  }

  @Override
  public CompletionStage<Usage> usage(CounterKey key) {
    return submit(subject(key), new UsageQuery(key));
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

    Reserving(String id, Map<String, List<Claim>> bySubject) {
      this.id = id;
      this.bySubject = bySubject;
      this.subjects = List.copyOf(bySubject.keySet());
    }

    CompletionStage<ReserveResult> next() {
      if (asked.size() == subjects.size()) {
        return CompletableFuture.completedFuture(new Reserved(new Reservation(id, holds)));
      }
      String subject = subjects.get(asked.size());
      List<Claim> claims = bySubject.get(subject);
      asked.add(subject);
      return submit(subject, new ReserveProcessor(id, claims))
          .handle((result, failure) -> failure == null ? result : unavailable(claims, failure))
          .thenCompose(this::continued);
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
        return next();
      }
      if (result instanceof Unavailable) {
        asked.forEach(subject -> cancel(subject, id, CANCEL_ATTEMPTS));
        return CompletableFuture.completedFuture(result);
      }
      List<String> held = asked.subList(0, asked.size() - 1);
      return CompletableFuture.allOf(
              held.stream()
                  .map(subject -> cancel(subject, id, CANCEL_ATTEMPTS))
                  .toArray(CompletableFuture<?>[]::new))
          .thenApply(unused -> result);
    }
  }

  /** Completes normally after the first attempt; further attempts go on in the background. */
  private CompletableFuture<Void> cancel(String subject, String id, int attemptsLeft) {
    return submit(subject, new CancelProcessor(id))
        .handle(
            (unused, failure) -> {
              if (failure == null) {
                return null;
              }
              if (attemptsLeft <= 1 || failure instanceof HazelcastInstanceNotActiveException) {
                log.warn(
                    "Could not cancel reservation {} of {}; its units stay held until their windows"
                        + " end: {}",
                    id,
                    subject,
                    failure.toString());
              } else {
                CompletableFuture.delayedExecutor(answerWithin.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(() -> cancel(subject, id, attemptsLeft - 1));
              }
              return null;
            });
  }

  /** Never throws, and completes in bounded time. */
  private <R> CompletableFuture<R> submit(
      String subject, EntryProcessor<String, CounterTable, R> processor) {
    CompletableFuture<R> bounded = new CompletableFuture<>();
    try {
      tables
          .submitToKey(subject, processor)
          // On the store's thread: the common pool would cost a hop for every step.
          .whenCompleteAsync(
              (answer, failure) -> {
                if (failure == null) {
                  bounded.complete(answer);
                } else {
                  bounded.completeExceptionally(failure);
                }
              },
              Runnable::run);
    } catch (RuntimeException e) {
      bounded.completeExceptionally(e);
    }
    return bounded.orTimeout(answerWithin.toMillis(), TimeUnit.MILLISECONDS);
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
        "Could not settle reservation {} of {}; its units are kept: {}",
        id,
        subject,
        failure.toString());
    return false;
  }

  private static void requireDistinct(List<Claim> claims) {
    Set<CounterKey> keys = new HashSet<>();
    for (Claim claim : claims) {
      if (!keys.add(claim.key())) {
        throw new IllegalArgumentException("two claims of one counter: " + claim.key());
      }
    }
  }

  private static String subject(CounterKey key) {
    return key.scope() + ":" + key.subject();
  }
}
