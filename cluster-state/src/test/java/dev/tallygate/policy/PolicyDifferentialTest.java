package dev.tallygate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Random policies and calls, judged by the compiled policy and by {@link PlainEvaluator}. */
class PolicyDifferentialTest {
  @Property(tries = 20_000)
  void theCompiledPolicyDecidesAsTheReferenceReads(@ForAll Random random) {
    // Given
    JsonNode policy = Policies.json(RandomPolicies.document(random));
    String tool =
        RandomPolicies.pick(random, List.of("t", "t", "t", "t", "u", "v", "T", "no tool"));
    JsonNode arguments = Policies.json(RandomPolicies.object(random, 3));
    PolicyReading reading = Policies.read(policy.toString());
    assertThat(Policies.errors(reading)).as("errors of %s", policy).isEmpty();

    // When
    Decision decision = reading.policy().orElseThrow().decide(tool, arguments);

    // Then
    assertThat(inWords(decision))
        .as("%s called with %s under %s", tool, arguments, policy)
        .isEqualTo(PlainEvaluator.decide(policy, tool, arguments));
  }

  private static String inWords(Decision decision) {
    if (decision instanceof Decision.Deny deny) {
      Denial denial = deny.denial();
      return "deny "
          + denial.reason()
          + (denial.reason() == Denial.Reason.COST ? "" : " " + denial.rule());
    }
    TreeMap<String, BigDecimal> amounts = new TreeMap<>();
    TreeMap<String, BigDecimal> ceilings = new TreeMap<>();
    for (Charge charge : ((Decision.Allow) decision).charges()) {
      String identity =
          "%s %s %s %s"
              .formatted(
                  charge.scope(), charge.counter(), charge.windowSeconds(), charge.algorithm());
      // Names of counters are lower case here.
      identity = identity.toLowerCase(Locale.ROOT);
      assertThat(amounts.put(identity, charge.amount())).as("one charge for %s", identity).isNull();
      ceilings.put(identity, charge.max());
    }
    return "allow " + PlainEvaluator.amounts(amounts, ceilings);
  }
}
