package dev.tallygate.counters;

import dev.tallygate.counters.Lease.Taken;
import dev.tallygate.counters.LeasedCounter.Answer;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Counts by leases: units of a counter are taken from their owner in batches and spent in this
 * process, so that a call that counts against a large limit asks nobody.
 *
 * <p>Units are charged at the owner before they are spent, so the owner's promises hold for all
 * holders together: never more than the maximum. What a holder loses when it dies stays charged
 * until its window ends. Limits that are good for few calls are not leased: each call asks the
 * owner, which is exact.
 *
 * <p>A call's claims are held all or none: what is at hand is taken first, what is not is waited
 * for; on a refusal what was taken is put back before the refusal is answered. Where an answer
 * comes after the window has ended that it was charged to, the reservation is made anew.
 *
 * <p>{@link #tidy} must be called some times a second. Thread-safe; never blocks.
 */
public final class LeasingCounterStore implements CounterStore {
  /** A limit that is good for fewer calls in a window is counted call by call. */
  private static final int LEASED_FROM_CALLS = 50;

  /** Of windows that move on faster, no lease would last. */
  private static final Duration SHORTEST_SLOT = Duration.ofMillis(100);

  /** Looked after in one go, so that many counters do not hold up the calls. */
  private static final int TIDIED_AT_ONCE = 500;

  /** By each call while more are due: more than a call leaves behind. */
  private static final int TIDIED_BY_A_CALL = 16;

  /** How often a reservation is made whose answers come too late, before it is given up. */
  private static final int ATTEMPTS = 3;

  private record Bucket(CounterKey key, BigDecimal max) {}

  /** A reservation that is not settled. */
  private record Open(Reserved answer, List<Held> leased, Optional<Reservation> exact) {}

  private record Held(LeasedCounter counter, Taken taken) {}

  private record Check(Bucket bucket, long dueNanos) {}

  private record Asked(Claim claim, LeasedCounter counter, CompletableFuture<Answer> answer) {}

  private final CounterStore owner;
  private final LongSupplier nanos;
  private final BigDecimal leasedFromCalls;
  private final Executor executor;
  private final Map<Bucket, LeasedCounter> counters = new ConcurrentHashMap<>();
  private final Map<String, Open> open = new ConcurrentHashMap<>();

  /** All are due after the same time, so the first comes first. */
  private final Deque<Check> checks = new ArrayDeque<>();

  private final String idPrefix = "lease-" + new BigInteger(128, new SecureRandom()).toString(36);
  private final AtomicLong ids = new AtomicLong();
  private volatile long nextTidy;

  /**
   * @param owner the count of all holders; the caller closes it
   */
  public LeasingCounterStore(CounterStore owner) {
    this(owner, System::nanoTime, LEASED_FROM_CALLS, ForkJoinPool.commonPool());
  }

  LeasingCounterStore(
      CounterStore owner, LongSupplier nanos, int leasedFromCalls, Executor executor) {
    this.owner = owner;
    this.executor = executor;
    this.nanos = nanos;
    this.leasedFromCalls = BigDecimal.valueOf(leasedFromCalls);
    this.nextTidy = nanos.getAsLong() + LeasedCounter.IDLE.toNanos();
  }

  @Override
  public CompletionStage<ReserveResult> reserve(String reservationId, List<Claim> claims) {
    if (claims.isEmpty()) {
      return owner.reserve(reservationId, claims);
    }
    Claim.requireDistinct(claims);
    Open before = open.get(reservationId);
    if (before != null) {
      return CompletableFuture.completedFuture(before.answer());
    }
    tidyIfDue();
    return new Reserving(reservationId, claims, 1).start();
  }

  @Override
  public CompletionStage<Boolean> settle(
      Reservation reservation, Map<CounterKey, BigDecimal> givenBack) {
    Open ending = open.remove(reservation.id());
    if (ending == null) {
      return owner.settle(reservation, givenBack);
    }
    for (Held held : ending.leased()) {
      held.counter()
          .callEnded(held.taken(), givenBack.getOrDefault(held.counter().key(), BigDecimal.ZERO));
    }
    return ending
        .exact()
        .map(exact -> owner.settle(exact, givenBack).thenApply(first -> true))
        .orElse(CompletableFuture.completedStage(true));
  }

  @Override
  public CompletionStage<Boolean> shrink(Reservation smaller) {
    Open shrinking = open.get(smaller.id());
    if (shrinking == null) {
      return owner.shrink(smaller);
    }
    throw new UnsupportedOperationException("a call's reservation is settled, never shrunk");
  }

  /** What is in use, without what is leased here and not spent. */
  @Override
  public CompletionStage<Usage> usage(CounterKey key) {
    return owner
        .usage(key)
        .thenApply(
            usage -> {
              BigDecimal unspent = BigDecimal.ZERO;
              for (LeasedCounter counter : counters.values()) {
                if (counter.key().equals(key)) {
                  unspent = unspent.add(counter.unspent());
                }
              }
              return new Usage(
                  usage.used().subtract(unspent).max(BigDecimal.ZERO), usage.windowLeft());
            });
  }

  /** Gives back what is idle or can no longer be spent, and forgets counters that are not used. */
  public void tidy() {
    tidy(TIDIED_AT_ONCE);
  }

  private void tidy(int most) {
    long now = nanos.getAsLong();
    for (int done = 0; done < most; done++) {
      Bucket bucket;
      synchronized (checks) {
        if (checks.isEmpty() || now - checks.peek().dueNanos() < 0) {
          nextTidy = now + LeasedCounter.IDLE.toNanos();
          return;
        }
        bucket = checks.remove().bucket();
      }
      LeasedCounter counter = counters.get(bucket);
      if (counter.tidy()) {
        checkLater(bucket);
      } else {
        counters.remove(bucket);
      }
    }
  }

  private void tidyIfDue() {
    if (nanos.getAsLong() - nextTidy >= 0) {
      tidy(TIDIED_BY_A_CALL);
    }
  }

  private void checkLater(Bucket bucket) {
    synchronized (checks) {
      checks.add(new Check(bucket, nanos.getAsLong() + LeasedCounter.IDLE.toNanos()));
    }
  }

  /** Gives back all that is not spent; completes when the owner has been told. */
  public CompletionStage<Void> giveBackAll() {
    return CompletableFuture.allOf(
        counters.values().stream()
            .map(LeasedCounter::giveBackAll)
            .toArray(CompletableFuture<?>[]::new));
  }

  /** Gives back all that is not spent, and waits for nothing. */
  @Override
  public void close() {
    giveBackAll();
  }

  /** Counters of which something is leased, or was a moment ago, and calls that are not settled. */
  public int size() {
    return counters.size() + open.size();
  }

  private boolean isLeased(Claim claim) {
    return claim.amount().signum() > 0
        && claim.max().compareTo(claim.amount().multiply(leasedFromCalls)) >= 0
        && Slots.of(claim.key()).length().compareTo(SHORTEST_SLOT) >= 0;
  }

  private static Set<CounterKey> keysOf(List<Claim> claims) {
    return claims.stream().map(Claim::key).collect(Collectors.toSet());
  }

  private LeasedCounter counter(Claim claim) {
    Bucket bucket = new Bucket(claim.key(), claim.max());
    LeasedCounter known = counters.get(bucket);
    if (known != null) {
      return known;
    }
    LeasedCounter first =
        new LeasedCounter(
            claim.key(),
            claim.max(),
            owner,
            () -> idPrefix + "-" + ids.incrementAndGet(),
            executor,
            nanos);
    LeasedCounter other = counters.putIfAbsent(bucket, first);
    if (other != null) {
      return other;
    }
    // Once it is there, so that whoever tidies finds it.
    checkLater(bucket);
    return first;
  }

  /** The way of one reservation. */
  private final class Reserving {
    private final String id;
    private final List<Claim> claims;
    private final int attempt;
    private final List<Held> leased;
    private final List<Claim> missing = new ArrayList<>(0);
    private final List<Claim> exact = new ArrayList<>(0);

    Reserving(String id, List<Claim> claims, int attempt) {
      this.id = id;
      this.claims = claims;
      this.attempt = attempt;
      this.leased = new ArrayList<>(claims.size());
    }

    CompletionStage<ReserveResult> start() {
      claims.forEach(this::takeAtHand);
      if (!missing.isEmpty()) {
        return awaitMissing();
      }
      return exact.isEmpty() ? CompletableFuture.completedFuture(opened()) : askExact();
    }

    private void takeAtHand(Claim claim) {
      if (!isLeased(claim)) {
        exact.add(claim);
        return;
      }
      LeasedCounter counter = counter(claim);
      counter
          .take(claim)
          .ifPresentOrElse(taken -> leased.add(new Held(counter, taken)), () -> missing.add(claim));
    }

    private CompletionStage<ReserveResult> awaitMissing() {
      List<Asked> all = new ArrayList<>(missing.size());
      for (Claim claim : missing) {
        LeasedCounter counter = counter(claim);
        all.add(new Asked(claim, counter, counter.await(claim)));
      }
      return CompletableFuture.allOf(
              all.stream().map(Asked::answer).toArray(CompletableFuture<?>[]::new))
          .thenCompose(
              answered -> {
                List<ReserveResult> refusals = new ArrayList<>();
                all.forEach(asked -> note(asked, refusals));
                if (!refusals.isEmpty()) {
                  putBack();
                  return CompletableFuture.completedFuture(
                      refusals.stream().max(MOST_TELLING).orElseThrow());
                }
                if (!exact.isEmpty()) {
                  return askExact();
                }
                return leased.stream().allMatch(this::isInTime)
                    ? CompletableFuture.<ReserveResult>completedFuture(opened())
                    : again();
              });
    }

    private void note(Asked asked, List<ReserveResult> refusals) {
      Answer answer = asked.answer().join();
      if (answer instanceof Answer.Given given) {
        leased.add(new Held(asked.counter(), given.taken()));
      } else if (answer instanceof Answer.Refused refused) {
        refusals.add(refused.result());
      } else {
        exact.add(asked.claim());
      }
    }

    private CompletionStage<ReserveResult> askExact() {
      long sent = nanos.getAsLong();
      return owner
          .reserve(id, exact)
          .thenCompose(
              result ->
                  leased.isEmpty() && isInTime(result, sent)
                      ? CompletableFuture.completedFuture(result)
                      // What may ask the owner again leaves its thread.
                      : CompletableFuture.completedFuture(result)
                          .thenComposeAsync(asked -> withExact(asked, sent), executor));
    }

    private CompletionStage<ReserveResult> withExact(ReserveResult result, long sent) {
      if (!(result instanceof Reserved reserved)) {
        putBack();
        return CompletableFuture.completedFuture(result);
      }
      if (isInTime(result, sent) && leased.stream().allMatch(this::isInTime)) {
        return CompletableFuture.completedFuture(opened(reserved, sent));
      }
      owner.settle(reserved.reservation(), reserved.reservation().unitsOf(keysOf(exact)));
      return again();
    }

    /** Anew, where a window has ended that units were charged to: no call may go by them now. */
    private CompletionStage<ReserveResult> again() {
      putBack();
      return attempt < ATTEMPTS
          ? new Reserving(id + "+", claims, attempt + 1).start()
          : CompletableFuture.completedFuture(
              new Unavailable(claims.get(0).key(), "its answers come after its window has ended"));
    }

    private boolean isInTime(ReserveResult result, long sent) {
      return !(result instanceof Reserved reserved)
          || nanos.getAsLong() - sent < LeasedCounter.coveredNanos(reserved.spendWithin());
    }

    private boolean isInTime(Held held) {
      return nanos.getAsLong() - held.taken().deadlineNanos() < 0;
    }

    private Reserved opened() {
      return opened(Optional.empty(), Long.MAX_VALUE);
    }

    private Reserved opened(Reserved asked, long sent) {
      long covered = LeasedCounter.coveredNanos(asked.spendWithin());
      return opened(Optional.of(asked.reservation()), sent + covered - nanos.getAsLong());
    }

    private Reserved opened(Optional<Reservation> asked, long coveredNanos) {
      long within = coveredNanos;
      long now = nanos.getAsLong();
      for (Held held : leased) {
        within = Math.min(within, held.taken().deadlineNanos() - now);
      }
      Reserved reserved =
          new Reserved(new Reservation(id, holds(asked)), Duration.ofNanos(Math.max(0, within)));
      open.put(id, new Open(reserved, leased, asked));
      return reserved;
    }

    private List<Reservation.Hold> holds(Optional<Reservation> asked) {
      if (asked.isEmpty() && leased.size() == 1) {
        return List.of(leased.get(0).taken().hold());
      }
      List<Reservation.Hold> holds = new ArrayList<>(leased.size() + exact.size());
      asked.ifPresent(reservation -> holds.addAll(reservation.holds()));
      leased.forEach(held -> holds.add(held.taken().hold()));
      return holds;
    }

    private void putBack() {
      leased.forEach(held -> held.counter().callEnded(held.taken(), held.taken().amount()));
    }
  }

  /**
   * A refusal before a count that cannot be had; what never finds room first, then who waits
   * longest.
   */
  private static final Comparator<ReserveResult> MOST_TELLING =
      Comparator.comparing(
          result ->
              result instanceof Exceeded exceeded
                  ? exceeded.retryAfter().orElse(ANY_TIME)
                  : Duration.ZERO.minusNanos(1));
}
