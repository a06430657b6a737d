package dev.tallygate.load.limits;

import dev.tallygate.counters.Ledger;
import dev.tallygate.counters.LedgerResult;
import dev.tallygate.counters.LedgerResult.Held;
import dev.tallygate.counters.LedgerResult.Refused;
import dev.tallygate.counters.Outcome;
import dev.tallygate.counters.Subjects;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Refund;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** The product's ledger, used as the gate uses it: reserved before a call, settled after it. */
final class LedgerLimiter implements Limiter {
  private static final int KNOWN = 16_384;

  private final Ledger ledger;
  private final List<Charge> charges;
  private final boolean settles;

  /** Made once, as a node knows the ids of its grants. */
  private final Subjects[] known = new Subjects[KNOWN];

  LedgerLimiter(Ledger ledger, List<Charge> charges) {
    this(ledger, charges, true);
  }

  /**
   * @param settles whether what is done after the call is done too
   */
  LedgerLimiter(Ledger ledger, List<Charge> charges, boolean settles) {
    this.ledger = ledger;
    this.charges = charges;
    this.settles = settles;
  }

  /** A limit of each grant for itself. */
  static Charge charge(String counter, long windowSeconds, long max) {
    return new Charge(
        Scope.GRANT,
        counter,
        windowSeconds,
        Algorithm.FIXED,
        BigDecimal.ONE,
        BigDecimal.valueOf(max),
        Refund.NOT_RUN,
        OnStoreLoss.DENY,
        "/all_tools/limits/0",
        Optional.empty());
  }

  @Override
  public CompletionStage<Boolean> admit(int counter, Executor loop) {
    CompletableFuture<LedgerResult> asked =
        ledger.reserve(charges, subjects(counter)).toCompletableFuture();
    if (!settles) {
      return asked.thenCompose(this::decided);
    }
    if (asked.isDone()) {
      return settled(asked.join());
    }
    // A store may not be asked again on the thread that answers.
    return asked.thenComposeAsync(this::settled, loop);
  }

  private Subjects subjects(int counter) {
    if (counter >= KNOWN) {
      return new Subjects("grant-" + counter, Optional.empty(), "server");
    }
    if (known[counter] == null) {
      known[counter] = new Subjects("grant-" + counter, Optional.empty(), "server");
    }
    return known[counter];
  }

  private CompletionStage<Boolean> settled(LedgerResult result) {
    if (result instanceof Held held) {
      CompletableFuture<List<String>> settled =
          ledger.settle(held, Outcome.OK).toCompletableFuture();
      return settled.isDone() ? ADMITTED : settled.thenApply(names -> true);
    }
    return decided(result);
  }

  private CompletionStage<Boolean> decided(LedgerResult result) {
    if (result instanceof Held) {
      return ADMITTED;
    }
    Optional<String> cause = ((Refused) result).cause();
    return cause.isEmpty()
        ? REFUSED
        : CompletableFuture.failedStage(new IllegalStateException(cause.get()));
  }
}
