package dev.tallygate.counters;

import dev.tallygate.counters.Lease.Taken;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.policy.OnStoreLoss;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What this holder has leased of one counter, up to one maximum, and spends without asking anybody.
 *
 * <p>One request to the owner is under way at a time. It asks for what is likely to be spent within
 * {@link #AHEAD}, at most an eighth of the maximum; the owner gives at most a third of what is
 * left, so that the last units reach those who need them. The next lease is asked for when half of
 * the last is spent; a lease that is not touched for {@link #IDLE} is given back. After a refusal
 * the counter counts as used up for {@link #DRY}, so that a flood of calls is refused at the speed
 * of memory. (Doorman and Google's Service Control lease capacity alike; here what is leased are
 * counted units, charged before they are spent.)
 *
 * <p>A lease says how long its units belong to the window that they were charged to. That is
 * counted from when the request was sent, by the monotonic clock, and shortened by what the owner's
 * clock may run fast: no wall clock of a holder takes part.
 *
 * <p>Thread-safe. Never blocks; nobody is answered while its lock is held.
 */
final class LeasedCounter {
  static final Duration AHEAD = Duration.ofMillis(400);
  static final Duration IDLE = Duration.ofMillis(250);
  static final Duration DRY = Duration.ofMillis(100);

  /** A shorter lease is not worth a request of its own. */
  static final Duration SHORTEST = Duration.ofMillis(10);

  /**
   * The owner's clock may run so much faster than this one: see the store's clock. That of a
   * process that stands alone may jump ahead, as when its machine wakes: what is leased in that
   * moment, less than half a second's calls, then goes by the window before.
   */
  private static final double FASTEST_OWNER = 1.06;

  /**
   * The owner forgets a lease that is spent when its window ends: soon enough, for such windows.
   */
  private static final Duration FORGOTTEN_BY_ITSELF = Duration.ofMinutes(1);

  /** Leases that came too late to be spent, after which each call asks for itself. */
  private static final int TOO_LATE_IN_A_ROW = 3;

  /** What is leased for so many times as long ahead was leased for calls that no longer come. */
  private static final double MOST_AHEAD = 4;

  private static final BigDecimal LARGEST_PART = BigDecimal.valueOf(8);

  /** What a call is answered. */
  sealed interface Answer {
    /** It holds units. */
    record Given(Taken taken) implements Answer {}

    /** It holds none. */
    record Refused(ReserveResult result) implements Answer {}

    /** It must ask the owner for itself, since no lease would last. */
    record NotLeased() implements Answer {}
  }

  /** An answer on its way to whoever waits for it. */
  private record Reply(CompletableFuture<Answer> to, Answer answer) {}

  private record Waiter(BigDecimal amount, CompletableFuture<Answer> answer) {}

  /** What is asked of the owner, once the lock is free. */
  private record Request(String id, Claim claim, long sentNanos) {}

  private final CounterKey key;
  private final BigDecimal max;
  private final CounterStore owner;
  private final Supplier<String> ids;
  private final Executor executor;
  private final LongSupplier nanos;

  /** Those of which something is left. */
  private final List<Lease> leases = new ArrayList<>(2);

  private final Deque<Waiter> waiters = new ArrayDeque<>();
  private final Demand demand;
  private boolean asking;
  private int tooLate;
  private boolean gathered;
  private boolean retired;
  private BigDecimal lastGranted = BigDecimal.ZERO;
  private Optional<Exceeded> dry = Optional.empty();
  private BigDecimal dryFrom = BigDecimal.ZERO;
  private long drySince;
  private long lastUsed;

  /**
   * @param owner the count of all holders
   * @param ids a new id for each lease
   * @param executor where answers of the owner are worked on, since on its own threads it must not
   *     be asked again
   * @param nanos the monotonic clock
   */
  LeasedCounter(
      CounterKey key,
      BigDecimal max,
      CounterStore owner,
      Supplier<String> ids,
      Executor executor,
      LongSupplier nanos) {
    this.key = key;
    this.max = max;
    this.owner = owner;
    this.ids = ids;
    this.executor = executor;
    this.nanos = nanos;
    this.lastUsed = nanos.getAsLong();
    this.demand = new Demand(lastUsed);
  }

  /**
   * How long after a request was sent its units surely belong to the window they are charged to.
   */
  static long coveredNanos(Duration spendWithin) {
    return (long) (spendWithin.toNanos() / FASTEST_OWNER);
  }

  CounterKey key() {
    return key;
  }

  /** Takes from what is at hand; empty where that is not enough. */
  Optional<Taken> take(Claim claim) {
    Optional<Request> ahead = Optional.empty();
    Optional<Taken> taken;
    synchronized (this) {
      long now = nanos.getAsLong();
      taken = fromLease(claim.amount(), now);
      if (taken.isPresent()) {
        demand.asked(claim.amount().doubleValue(), now);
        ahead = ahead(claim.amount(), now);
      }
    }
    ahead.ifPresent(this::ask);
    return taken;
  }

  /** Takes as soon as the owner has given a lease that is large enough, or has refused to. */
  CompletableFuture<Answer> await(Claim claim) {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    Optional<Request> request = Optional.empty();
    synchronized (this) {
      long now = nanos.getAsLong();
      demand.asked(claim.amount().doubleValue(), now);
      lastUsed = now;
      Optional<Taken> taken = fromLease(claim.amount(), now);
      if (taken.isPresent()) {
        answer.complete(new Answer.Given(taken.get()));
        return answer;
      }
      Optional<Exceeded> refusal = dryAt(claim.amount(), now);
      if (refusal.isPresent() && waiters.isEmpty()) {
        answer.complete(new Answer.Refused(refusal.get()));
        return answer;
      }
      if (retired) {
        answer.complete(new Answer.NotLeased());
        return answer;
      }
      waiters.add(new Waiter(claim.amount(), answer));
      if (!asking) {
        request = Optional.of(request(claim.amount(), now));
      }
    }
    request.ifPresent(this::ask);
    return answer;
  }

  /** Ends a call; {@code givenBack} of what it took can be spent again, here or elsewhere. */
  void callEnded(Taken taken, BigDecimal givenBack) {
    Optional<Supplier<CompletionStage<Boolean>>> ending = Optional.empty();
    synchronized (this) {
      Lease lease = taken.lease();
      lease.callEnded(givenBack.min(taken.amount()));
      if (lease.left().signum() == 0 || retired || !lease.isSpendable(nanos.getAsLong())) {
        ending = giveBack(lease);
      } else if (!leases.contains(lease)) {
        leases.add(lease);
      }
    }
    ending.ifPresent(Supplier::get);
  }

  /** Units that are leased and can be spent. */
  synchronized BigDecimal unspent() {
    return unspent(nanos.getAsLong());
  }

  private BigDecimal unspent(long now) {
    BigDecimal unspent = BigDecimal.ZERO;
    for (Lease lease : leases) {
      unspent = lease.isSpendable(now) ? unspent.add(lease.left()) : unspent;
    }
    return unspent;
  }

  /**
   * Gives back what is idle or can no longer be spent.
   *
   * @return whether there is more to look after later; otherwise the counter leases nothing more
   */
  boolean tidy() {
    List<Supplier<CompletionStage<Boolean>>> endings = new ArrayList<>();
    boolean more;
    synchronized (this) {
      long now = nanos.getAsLong();
      double likely = demand.expected(AHEAD, now);
      for (Lease lease : List.copyOf(leases)) {
        boolean isTooMuch = lease.left().doubleValue() > MOST_AHEAD * likely;
        if (isTooMuch || lease.isIdle(now, IDLE.toNanos())) {
          giveBack(lease).ifPresent(endings::add);
        }
      }
      more = !leases.isEmpty() || asking || now - lastUsed < IDLE.toNanos();
      retired |= !more;
    }
    endings.forEach(Supplier::get);
    return more;
  }

  /**
   * Gives back all that is not spent, and leases nothing more; completes when the owner has been
   * told.
   */
  CompletableFuture<Void> giveBackAll() {
    List<Lease> all;
    synchronized (this) {
      retired = true;
      all = List.copyOf(leases);
    }
    return giveBack(all);
  }

  private CompletableFuture<Void> giveBack(List<Lease> parting) {
    List<Supplier<CompletionStage<Boolean>>> endings = new ArrayList<>();
    synchronized (this) {
      parting.forEach(lease -> giveBack(lease).ifPresent(endings::add));
    }
    return CompletableFuture.allOf(
        endings.stream()
            .map(ending -> ending.get().toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new));
  }

  /** What is to be told the owner, once the lock is free; a lease without open calls ends. */
  private Optional<Supplier<CompletionStage<Boolean>>> giveBack(Lease lease) {
    BigDecimal unspent = lease.left();
    Reservation before = lease.reservation();
    leases.remove(lease);
    if (lease.hasOpenCalls()) {
      if (unspent.signum() == 0) {
        return Optional.empty();
      }
      Reservation smaller = lease.partWithRest();
      return Optional.of(() -> owner.shrink(smaller));
    }
    lease.partWithRest();
    return unspent.signum() == 0 && key.windowSeconds() <= FORGOTTEN_BY_ITSELF.toSeconds()
        ? Optional.empty()
        : Optional.of(() -> owner.settle(before, Map.of(key, unspent)));
  }

  private Optional<Taken> fromLease(BigDecimal amount, long now) {
    for (Lease lease : leases) {
      if (lease.covers(amount, now)) {
        lastUsed = now;
        Taken taken = lease.take(amount, now);
        if (lease.left().signum() == 0) {
          leases.remove(lease);
        }
        return Optional.of(taken);
      }
    }
    return Optional.empty();
  }

  private Optional<Exceeded> dryAt(BigDecimal amount, long now) {
    Duration since = Duration.ofNanos(now - drySince);
    if (dry.isEmpty() || amount.compareTo(dryFrom) < 0 || since.compareTo(DRY) >= 0) {
      return Optional.empty();
    }
    Exceeded then = dry.get();
    if (then.retryAfter().isPresent() && since.compareTo(then.retryAfter().get()) >= 0) {
      return Optional.empty();
    }
    return Optional.of(
        new Exceeded(then.key(), then.used(), then.retryAfter().map(wait -> wait.minus(since))));
  }

  /** Asks for the next lease before the last is spent, where leases are for many calls. */
  private Optional<Request> ahead(BigDecimal amount, long now) {
    if (asking || lastGranted.compareTo(amount) <= 0) {
      return Optional.empty();
    }
    BigDecimal left = unspent(now);
    boolean halfSpent = left.add(left).compareTo(lastGranted) < 0;
    return halfSpent && dryAt(amount, now).isEmpty()
        ? Optional.of(request(amount, now))
        : Optional.empty();
  }

  private Request request(BigDecimal amount, long now) {
    asking = true;
    BigDecimal waiting =
        waiters.stream().map(Waiter::amount).reduce(BigDecimal.ZERO, BigDecimal::add);
    double calls = demand.expected(AHEAD, now) / amount.doubleValue();
    BigDecimal likely = amount.multiply(BigDecimal.valueOf(Math.max(1, (long) calls)));
    BigDecimal most = max.divide(LARGEST_PART, amount.scale(), RoundingMode.DOWN);
    BigDecimal wanted = waiting.max(likely).min(most).max(amount);
    return new Request(ids.get(), new Claim(key, amount, wanted, max, OnStoreLoss.DENY), now);
  }

  private void ask(Request request) {
    CompletionStage<ReserveResult> asked;
    try {
      asked = owner.reserve(request.id(), List.of(request.claim()));
    } catch (RuntimeException e) {
      asked = CompletableFuture.failedStage(e);
    }
    asked.whenCompleteAsync((result, failure) -> answered(request, result, failure), executor);
  }

  private void answered(Request request, ReserveResult result, Throwable failure) {
    List<Reply> replies = new ArrayList<>();
    List<Lease> useless = new ArrayList<>();
    List<Lease> parts = List.of();
    Optional<Request> next = Optional.empty();
    synchronized (this) {
      asking = false;
      long now = nanos.getAsLong();
      if (result instanceof Reserved reserved) {
        gathered = false;
        keep(request, reserved, now, useless, replies);
      } else if (result instanceof Exceeded exceeded) {
        parts = partsThatWouldDo(request.claim(), exceeded);
        if (parts.isEmpty()) {
          refuse(request.claim().amount(), exceeded, now, replies);
        } else {
          gathered = true;
          asking = true;
        }
      } else {
        ReserveResult lost =
            failure == null ? result : new ReserveResult.Unavailable(key, failure.toString());
        waiters.forEach(
            waiter -> replies.add(new Reply(waiter.answer(), new Answer.Refused(lost))));
        waiters.clear();
      }
      if (!asking && !waiters.isEmpty()) {
        next = Optional.of(request(waiters.peek().amount(), now));
      }
    }
    replies.forEach(reply -> reply.to().complete(reply.answer()));
    giveBack(useless);
    next.ifPresent(this::ask);
    if (!parts.isEmpty()) {
      askAgainAfter(parts, request);
    }
  }

  private void keep(
      Request request, Reserved reserved, long now, List<Lease> useless, List<Reply> replies) {
    Lease lease =
        new Lease(
            reserved.reservation(),
            request.sentNanos() + coveredNanos(reserved.spendWithin()),
            now);
    if (retired || !lease.isSpendable(now + SHORTEST.toNanos())) {
      useless.add(lease);
      if (retired || ++tooLate >= TOO_LATE_IN_A_ROW) {
        tooLate = 0;
        waiters.forEach(waiter -> replies.add(new Reply(waiter.answer(), new Answer.NotLeased())));
        waiters.clear();
      }
      return;
    }
    tooLate = 0;
    lastGranted = lease.left();
    dry = Optional.empty();
    leases.add(lease);
    while (!waiters.isEmpty()) {
      Optional<Taken> taken = fromLease(waiters.peek().amount(), now);
      if (taken.isEmpty()) {
        return;
      }
      replies.add(new Reply(waiters.remove().answer(), new Answer.Given(taken.get())));
    }
  }

  /** Units at hand in pieces that are too small one by one, where all of them would be enough. */
  private List<Lease> partsThatWouldDo(Claim refused, Exceeded exceeded) {
    BigDecimal room = max.subtract(exceeded.used()).max(BigDecimal.ZERO);
    boolean wouldDo = room.add(unspent()).compareTo(refused.amount()) >= 0;
    return gathered || waiters.isEmpty() || !wouldDo ? List.of() : List.copyOf(leases);
  }

  private void askAgainAfter(List<Lease> parts, Request request) {
    giveBack(parts)
        .whenCompleteAsync(
            (given, failure) -> {
              Request again;
              synchronized (this) {
                again = request(request.claim().amount(), nanos.getAsLong());
              }
              ask(again);
            },
            executor);
  }

  /** Refuses all that wait for as much; who needs less asks for it. */
  private void refuse(BigDecimal amount, Exceeded exceeded, long now, List<Reply> replies) {
    gathered = false;
    dry = Optional.of(exceeded);
    dryFrom = amount;
    drySince = now;
    Iterator<Waiter> all = waiters.iterator();
    while (all.hasNext()) {
      Waiter waiter = all.next();
      if (waiter.amount().compareTo(amount) >= 0) {
        all.remove();
        replies.add(new Reply(waiter.answer(), new Answer.Refused(exceeded)));
      }
    }
  }
}
