package dev.tallygate.policy;

import static dev.tallygate.policy.Policies.charges;
import static dev.tallygate.policy.Policies.denial;
import static dev.tallygate.policy.Policies.json;
import static dev.tallygate.policy.Policies.policy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.policy.Denial.Reason;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Documents from the field load as they stand and mean what their authors meant. */
class SampleDocumentsTest {

  @ParameterizedTest
  @CsvSource({"execute_code", "code_execute"})
  void recommendedPolicyChargesTenAMinutePerGrant(String tool) {
    // Given
    PolicyReading reading = Policy.read(Policies.resource("samples/" + tool + ".json"));

    // When
    Policy policy = reading.policy().orElseThrow();

    // Then
    assertThat(reading.findings()).isEmpty();
    assertThat(charges(policy.decide(tool, json("{'code':'1+1'}"))))
        .containsExactly(
            new Charge(
                Scope.GRANT,
                tool + "_rate",
                60,
                Algorithm.FIXED,
                BigDecimal.ONE,
                BigDecimal.TEN,
                Refund.NOT_RUN,
                OnStoreLoss.DENY,
                "/tools/" + tool + "/limits/0",
                Optional.empty()));
    assertThat(denial(policy.decide("other", json("{}"))).reason()).isEqualTo(Reason.DEFAULT_DENY);
  }

  @Test
  void shortRateLimitIsOneLimitOfScopeGrant() {
    // Given
    Policy policy = Policies.tool("{'rate_limit':{'max':10,'window':60}}");

    // When
    List<Charge> charges = charges(Policies.call(policy, "{}"));

    // Then
    assertThat(charges).hasSize(1);
    assertThat(charges.get(0).counter()).isEqualTo("t_rate");
    assertThat(charges.get(0).windowSeconds()).isEqualTo(60);
    assertThat(charges.get(0).scope()).isEqualTo(Scope.GRANT);
    assertThat(charges.get(0).rule()).isEqualTo("/tools/t/rate_limit");
  }

  @Test
  void denyActionGivesItsReason() {
    // Given
    Policy policy = Policies.tool("{'action':'deny','reason':'Ask the owner.'}");

    // When
    Denial denial = denial(Policies.call(policy, "{}"));

    // Then
    assertThat(denial)
        .isEqualTo(
            new Denial(Reason.ACTION, "/tools/t/action", Optional.empty(), "Ask the owner."));
  }

  @Test
  void approvalActionDeniesAndSaysWhy() {
    // Given
    Policy bare = Policies.tool("{'action':'require_approval'}");
    Policy reasoned = Policies.tool("{'action':'require_approval','reason':'Ask finance.'}");

    // When
    Denial denial = denial(Policies.call(bare, "{}"));
    Denial reasonedDenial = denial(Policies.call(reasoned, "{}"));

    // Then
    assertThat(denial.reason()).isEqualTo(Reason.APPROVAL);
    assertThat(denial.message()).contains("approvals are not available yet");
    assertThat(reasonedDenial.message())
        .startsWith("Ask finance.")
        .contains("approvals are not available yet");
  }

  @Test
  void financialRuleDeniesEveryCallWithItsMessage() {
    // Given
    Policy policy =
        Policies.tool("{'deny_if':[{'conditions':[],'on_deny':'Requires human approval.'}]}");

    // When
    Denial denial = denial(Policies.call(policy, "{'amount':1}"));

    // Then
    assertThat(denial)
        .isEqualTo(
            new Denial(
                Reason.DENY_IF,
                "/tools/t/deny_if/0",
                Optional.empty(),
                "Requires human approval."));
  }

  @Test
  void destructiveToolIsHiddenWithoutAnyToolsField() {
    // Given
    Policy policy = policy("{'version':'1','default':'deny','hide':['delete_x']}");

    // When
    Denial denial = denial(policy.decide("delete_x", json("{}")));

    // Then
    assertThat(denial.reason()).isEqualTo(Reason.HIDDEN);
    assertThat(denial.rule()).isEqualTo("(hidden)");
    assertThat(policy.lists("delete_x")).isFalse();
    assertThat(policy.lists("other")).isTrue();
  }
}
