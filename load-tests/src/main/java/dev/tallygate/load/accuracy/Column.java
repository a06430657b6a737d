package dev.tallygate.load.accuracy;

import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Refund;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A limit that is driven, for several subjects at once.
 *
 * @param max units in a window
 * @param subjects how many grants have this limit, each for itself
 */
record Column(Algorithm algorithm, int max, int subjects) {
  /** Whose calls are counted: one of the grants of a column. */
  record Subject(int column, int number) {
    private static final Pattern NAME = Pattern.compile("grant-(\\d+)-(\\d+)");

    /** Empty where the name is none of these. */
    static Optional<Subject> of(String name) {
      Matcher parts = NAME.matcher(name);
      return parts.matches()
          ? Optional.of(
              new Subject(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2))))
          : Optional.empty();
    }

    String name() {
      return "grant-" + column + "-" + number;
    }
  }

  static final int LARGE_PER_MINUTE = 100_000;

  /** From here on a limit is the large one, cut down to its window. */
  static final int LARGE = 10_000;

  String title() {
    return String.format(Locale.ROOT, "%s %,d", algorithm.name().toLowerCase(Locale.ROOT), max);
  }

  /** What one call costs. */
  List<Charge> charges(int windowSeconds) {
    return List.of(
        new Charge(
            Scope.GRANT,
            "calls-" + max,
            windowSeconds,
            algorithm,
            BigDecimal.ONE,
            BigDecimal.valueOf(max),
            Refund.NOT_RUN,
            OnStoreLoss.DENY,
            "/all_tools/limits/0",
            Optional.empty()));
  }
}
