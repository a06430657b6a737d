package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.policy.Denial.Reason;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a call of one tool is charged: its limits, merged where they name one counter. A tool whose
 * costs are all constant is answered with one decision that was made when the policy was compiled.
 */
final class ChargePlan {
  private final List<Counter> counters;
  private final Decision.Allow constant;

  ChargePlan(List<Limit> limits) {
    Map<Object, List<Limit>> byCounter = new LinkedHashMap<>();
    for (Limit limit : limits) {
      Object identity =
          List.of(limit.scope(), limit.counter(), limit.windowSeconds(), limit.algorithm());
      byCounter.computeIfAbsent(identity, unused -> new ArrayList<>()).add(limit);
    }
    this.counters = byCounter.values().stream().map(Counter::new).toList();
    boolean allConstant = counters.stream().allMatch(counter -> counter.costs.length == 0);
    this.constant =
        allConstant
            ? new Decision.Allow(counters.stream().map(counter -> counter.constant).toList())
            : null;
  }

  Decision charge(JsonNode arguments) {
    if (constant != null) {
      return constant;
    }
    List<Charge> charges = new ArrayList<>(counters.size());
    for (int i = 0; i < counters.size(); i++) {
      Counter counter = counters.get(i);
      BigDecimal amount = counter.constant.amount();
      for (Cost cost : counter.costs) {
        BigDecimal named = Costs.of(cost.path.find(arguments)).orElse(null);
        if (named == null) {
          return cost.denial;
        }
        amount = amount.max(named);
      }
      charges.add(counter.charge(amount));
    }
    return new Decision.Allow(charges);
  }

  /** One counter, with the limits that name it merged. */
  private static final class Counter {
    private final Charge constant;
    private final Cost[] costs;

    Counter(List<Limit> limits) {
      Limit tightest = limits.get(0);
      BigDecimal amount = BigDecimal.ZERO;
      Refund refund = Refund.ERROR;
      OnStoreLoss onStoreLoss = OnStoreLoss.ALLOW;
      List<Cost> read = new ArrayList<>();
      for (Limit limit : limits) {
        if (limit.max().compareTo(tightest.max()) < 0) {
          tightest = limit;
        }
        if (limit.incrementFrom().isPresent()) {
          read.add(new Cost(limit.incrementFrom().get(), limit));
        } else {
          amount = amount.max(limit.increment());
        }
        refund = stricter(refund, limit.refund());
        onStoreLoss = stricter(onStoreLoss, limit.onStoreLoss());
      }
      this.costs = read.toArray(Cost[]::new);
      this.constant =
          new Charge(
              tightest.scope(),
              tightest.counter(),
              tightest.windowSeconds(),
              tightest.algorithm(),
              amount,
              tightest.max(),
              refund,
              onStoreLoss,
              tightest.rule(),
              tightest.onDeny());
    }

    Charge charge(BigDecimal amount) {
      return new Charge(
          constant.scope(),
          constant.counter(),
          constant.windowSeconds(),
          constant.algorithm(),
          amount,
          constant.max(),
          constant.refund(),
          constant.onStoreLoss(),
          constant.rule(),
          constant.onDeny());
    }

    /** The enums are declared from the strictest. */
    private static <E extends Enum<E>> E stricter(E a, E b) {
      return a.compareTo(b) <= 0 ? a : b;
    }
  }

  /** A cost that an argument names, and the answer where it does not name one. */
  private static final class Cost {
    private final ArgumentPath path;
    private final Decision.Deny denial;

    Cost(ArgumentPath path, Limit limit) {
      this.path = path;
      this.denial =
          new Decision.Deny(
              new Denial(
                  Reason.COST,
                  limit.rule(),
                  Optional.of(limit.counter()),
                  path
                      + " must be a number, zero or more, with at most "
                      + Costs.MAX_DECIMALS
                      + " decimal places: it is what the call costs"));
    }
  }
}
