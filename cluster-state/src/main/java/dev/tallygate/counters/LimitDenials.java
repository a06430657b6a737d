package dev.tallygate.counters;

import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Denial;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;

/** What an agent is told when a limit stops its call. */
final class LimitDenials {
  private LimitDenials() {}

  /**
   * A limit without room.
   *
   * @param scope the scope that was counted in, which is not the charge's where there is no session
   * @param retryAfter empty where the call alone is more than the limit
   */
  static Denial usedUp(Charge charge, Scope scope, Optional<Duration> retryAfter) {
    return denial(
        Denial.Reason.LIMIT,
        charge,
        charge
            .onDeny()
            .orElseGet(
                () ->
                    retryAfter
                        .map(wait -> usedUp(charge, scope, wait))
                        .orElseGet(() -> tooMuch(charge, scope))));
  }

  /**
   * A count that cannot be had. The author's words are about a limit that is used up, so not here.
   */
  static Denial storeLoss(Charge charge) {
    return denial(
        Denial.Reason.STORE_LOSS,
        charge,
        "the count of limit \""
            + charge.counter()
            + "\" cannot be had at the moment, and the limit stops calls without it;"
            + " try again shortly");
  }

  private static Denial denial(Denial.Reason reason, Charge charge, String message) {
    return new Denial(reason, charge.rule(), Optional.of(charge.counter()), message);
  }

  private static String usedUp(Charge charge, Scope scope, Duration wait) {
    return quota(charge)
        + scope(scope)
        + (isOne(charge.max()) ? " is used up" : " are used up")
        + "; retry in "
        + wholeSeconds(wait)
        + " s";
  }

  private static String tooMuch(Charge charge, Scope scope) {
    return "this call costs "
        + amount(charge.amount(), charge)
        + ", more than the limit of "
        + quota(charge)
        + scope(scope)
        + " ever allows";
  }

  private static String quota(Charge charge) {
    return amount(charge.max(), charge) + window(charge.windowSeconds());
  }

  private static String amount(BigDecimal number, Charge charge) {
    String unit = isOne(charge.amount()) ? "call" : "unit";
    return number.stripTrailingZeros().toPlainString() + " " + unit + (isOne(number) ? "" : "s");
  }

  private static boolean isOne(BigDecimal number) {
    return number.compareTo(BigDecimal.ONE) == 0;
  }

  private static String window(long seconds) {
    if (seconds == 1) {
      return " a second";
    }
    if (seconds == 60) {
      return " a minute";
    }
    if (seconds == 3600) {
      return " an hour";
    }
    if (seconds == 86_400) {
      return " a day";
    }
    return " in " + seconds + " s";
  }

  private static String scope(Scope scope) {
    return switch (scope) {
      case GRANT -> " for this grant";
      case SESSION -> " for this session";
      case SERVER -> " for this server";
      case CLUSTER -> " for the whole cluster";
    };
  }

  private static long wholeSeconds(Duration wait) {
    return wait.plusMillis(999).toSeconds();
  }
}
