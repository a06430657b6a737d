package dev.tallygate.counters;

import dev.tallygate.counters.LedgerResult.Held;
import dev.tallygate.counters.LedgerResult.Refused;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.OnStoreLoss;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/**
 * Charges a call's limits before it is forwarded, all of them or none, and settles them after it.
 *
 * <p>While the shared count cannot be had, each limit's {@code on_store_loss} decides: {@code deny}
 * refuses the call, {@code degrade} counts on this node against the node's share of the maximum,
 * {@code allow} lets the call through uncounted.
 *
 * <p>Thread-safe; never blocks; every stage completes normally.
 */
public final class Ledger {
  private static final int SHARE_SCALE = 9;
  private static final CompletableFuture<List<String>> NOTHING_GIVEN_BACK =
      CompletableFuture.completedFuture(List.of());

  private final CounterStore shared;
  private final InMemoryCounterStore local;
  private final IntSupplier nodes;
  private final String idPrefix = new BigInteger(128, new SecureRandom()).toString(36) + "-";
  private final AtomicLong reservations = new AtomicLong();

  /**
   * @param shared the count of all nodes; the caller closes it
   * @param nodes how many nodes share a limit, 1 or more
   * @param clock for the counts of this node alone
   */
  public Ledger(CounterStore shared, int nodes, InstantSource clock) {
    this(shared, new InMemoryCounterStore(clock), () -> nodes);
    if (nodes < 1) {
      throw new IllegalArgumentException("a limit is shared by 1 node or more, not " + nodes);
    }
  }

  /**
   * @param local what this node counts by itself while the shared count cannot be had
   * @param nodes how many nodes share a limit, 1 or more
   */
  Ledger(CounterStore shared, InMemoryCounterStore local, IntSupplier nodes) {
    this.shared = shared;
    this.local = local;
    this.nodes = nodes;
  }

  /** Holds what a call costs. Without charges nobody is asked. */
  public CompletionStage<LedgerResult> reserve(List<Charge> charges, Subjects subjects) {
    if (charges.isEmpty()) {
      return CompletableFuture.completedFuture(
          new Held(Optional.empty(), Optional.empty(), Map.of(), List.of()));
    }
    Map<CounterKey, Charge> byKey = byKey(charges, subjects);
    CompletableFuture<ReserveResult> asked =
        shared.reserve(nextId(), claims(byKey)).toCompletableFuture();
    // What is at hand is answered at once: a stage of its own would cost as much as the decision.
    return asked.isDone()
        ? answered(asked.join(), byKey)
        : asked.thenCompose(result -> answered(result, byKey));
  }

  private CompletionStage<LedgerResult> answered(
      ReserveResult result, Map<CounterKey, Charge> byKey) {
    return result instanceof Unavailable lost
        ? withoutStore(byKey, lost)
        : CompletableFuture.completedFuture(answer(result, byKey));
  }

  /**
   * Settles a call's charges by what became of it. Only the first settling of a reservation counts.
   *
   * @return names of the counters that were given back, sorted. What was charged to a window that
   *     has ended since counts as given back, and changes nothing
   */
  public CompletionStage<List<String>> settle(Held held, Outcome outcome) {
    CompletionStage<List<String>> sharedNames = settle(shared, held.shared(), held, outcome);
    return held.local().isEmpty()
        ? sharedNames
        : sharedNames.thenCombine(
            settle(local, held.local(), held, outcome),
            (first, second) -> {
              Set<String> names = new TreeSet<>(first);
              names.addAll(second);
              return List.copyOf(names);
            });
  }

  private static CompletionStage<List<String>> settle(
      CounterStore store, Optional<Reservation> reservation, Held held, Outcome outcome) {
    if (reservation.isEmpty()) {
      return NOTHING_GIVEN_BACK;
    }
    Map<CounterKey, BigDecimal> refunded = refunded(reservation.get(), held, outcome);
    CompletableFuture<Boolean> settled =
        store.settle(reservation.get(), refunded).toCompletableFuture();
    if (refunded.isEmpty()) {
      return settled.isDone() ? NOTHING_GIVEN_BACK : settled.thenApply(first -> List.of());
    }
    return settled.thenApply(first -> first ? names(refunded.keySet()) : List.of());
  }

  private static Map<CounterKey, BigDecimal> refunded(
      Reservation reservation, Held held, Outcome outcome) {
    Map<CounterKey, BigDecimal> refunded = Map.of();
    for (Reservation.Hold hold : reservation.holds()) {
      if (outcome.refunds(held.charges().get(hold.key()).refund())) {
        refunded = refunded.isEmpty() ? new HashMap<>() : refunded;
        refunded.put(hold.key(), hold.amount());
      }
    }
    return refunded;
  }

  private static List<String> names(Set<CounterKey> keys) {
    Set<String> names = new TreeSet<>();
    keys.forEach(key -> names.add(key.counter()));
    return List.copyOf(names);
  }

  /**
   * The claims that deny without the store get one more attempt without the others, unless one of
   * them is what cannot be had. The others then fall back.
   */
  private CompletionStage<LedgerResult> withoutStore(
      Map<CounterKey, Charge> byKey, Unavailable lost) {
    if (byKey.get(lost.key()).onStoreLoss() == OnStoreLoss.DENY) {
      return CompletableFuture.completedFuture(storeLoss(byKey.get(lost.key()), lost));
    }
    Map<CounterKey, Charge> needStore = only(byKey, OnStoreLoss.DENY);
    if (needStore.isEmpty()) {
      return CompletableFuture.completedFuture(fallBack(byKey, Optional.empty(), lost));
    }
    return shared
        .reserve(nextId(), claims(needStore))
        // Not on the thread that answered: a store may not be asked again on it.
        .thenComposeAsync(
            result -> {
              if (result instanceof Reserved reserved) {
                Reservation reservation = reserved.reservation();
                LedgerResult fallenBack = fallBack(byKey, Optional.of(reservation), lost);
                return fallenBack instanceof Held
                    ? CompletableFuture.completedFuture(fallenBack)
                    : shared
                        .settle(reservation, reservation.unitsOf(needStore.keySet()))
                        .thenApply(unused -> fallenBack);
              }
              return CompletableFuture.completedFuture(answer(result, byKey));
            });
  }

  private LedgerResult fallBack(
      Map<CounterKey, Charge> byKey, Optional<Reservation> held, Unavailable lost) {
    List<String> uncounted =
        only(byKey, OnStoreLoss.ALLOW).values().stream().map(Charge::counter).sorted().toList();
    List<Claim> shares =
        claims(only(byKey, OnStoreLoss.DEGRADE)).stream().map(this::shareOf).toList();
    if (shares.isEmpty()) {
      return new Held(held, Optional.empty(), byKey, uncounted);
    }
    ReserveResult result = local.reserve(nextId(), shares).toCompletableFuture().join();
    if (result instanceof Reserved reserved) {
      return new Held(held, Optional.of(reserved.reservation()), byKey, uncounted);
    }
    Exceeded exceeded = (Exceeded) result;
    Charge charge = byKey.get(exceeded.key());
    return exceeded.retryAfter().isEmpty() && charge.amount().compareTo(charge.max()) <= 0
        ? storeLoss(charge, lost) // more than this node's share, yet not more than the limit
        : exceeded(charge, exceeded);
  }

  private Claim shareOf(Claim claim) {
    BigDecimal share =
        claim.max().divide(BigDecimal.valueOf(nodes.getAsInt()), SHARE_SCALE, RoundingMode.DOWN);
    return new Claim(claim.key(), claim.amount(), share, claim.onStoreLoss());
  }

  private static LedgerResult answer(ReserveResult result, Map<CounterKey, Charge> byKey) {
    if (result instanceof Reserved reserved) {
      return new Held(Optional.of(reserved.reservation()), Optional.empty(), byKey, List.of());
    }
    if (result instanceof Exceeded exceeded) {
      return exceeded(byKey.get(exceeded.key()), exceeded);
    }
    Unavailable lost = (Unavailable) result;
    return storeLoss(byKey.get(lost.key()), lost);
  }

  private static Refused exceeded(Charge charge, Exceeded exceeded) {
    return new Refused(
        LimitDenials.usedUp(charge, exceeded.key().scope(), exceeded.retryAfter()),
        exceeded.retryAfter(),
        charge,
        Optional.empty());
  }

  private static Refused storeLoss(Charge charge, Unavailable lost) {
    return new Refused(
        LimitDenials.storeLoss(charge), Optional.empty(), charge, Optional.of(lost.cause()));
  }

  private static Map<CounterKey, Charge> byKey(List<Charge> charges, Subjects subjects) {
    if (charges.size() == 1) {
      return Map.of(key(charges.get(0), subjects), charges.get(0));
    }
    Map<CounterKey, Charge> byKey = new LinkedHashMap<>();
    for (Charge charge : charges) {
      byKey.merge(key(charge, subjects), charge, Ledger::stricter);
    }
    return byKey;
  }

  private static CounterKey key(Charge charge, Subjects subjects) {
    return new CounterKey(
        subjects.effective(charge.scope()),
        subjects.in(charge.scope()),
        charge.counter(),
        charge.windowSeconds(),
        charge.algorithm());
  }

  /**
   * A session's limit that falls back to the grant can meet a limit of the grant on one counter; it
   * is charged once, as {@link Charge} says.
   */
  private static Charge stricter(Charge one, Charge other) {
    Charge lower = one.max().compareTo(other.max()) <= 0 ? one : other;
    return new Charge(
        lower.scope(),
        lower.counter(),
        lower.windowSeconds(),
        lower.algorithm(),
        one.amount().max(other.amount()),
        lower.max(),
        one.refund().compareTo(other.refund()) <= 0 ? one.refund() : other.refund(),
        one.onStoreLoss().compareTo(other.onStoreLoss()) <= 0
            ? one.onStoreLoss()
            : other.onStoreLoss(),
        lower.rule(),
        lower.onDeny());
  }

  private static Map<CounterKey, Charge> only(
      Map<CounterKey, Charge> byKey, OnStoreLoss onStoreLoss) {
    Map<CounterKey, Charge> chosen = new LinkedHashMap<>(byKey);
    chosen.values().removeIf(charge -> charge.onStoreLoss() != onStoreLoss);
    return chosen;
  }

  private static List<Claim> claims(Map<CounterKey, Charge> byKey) {
    List<Claim> claims = new ArrayList<>(byKey.size());
    byKey.forEach((key, charge) -> claims.add(claim(key, charge)));
    return claims;
  }

  private static Claim claim(CounterKey key, Charge charge) {
    return new Claim(key, charge.amount(), charge.max(), charge.onStoreLoss());
  }

  private String nextId() {
    return idPrefix + reservations.incrementAndGet();
  }
}
