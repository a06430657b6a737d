package dev.tallygate.policy;

import static dev.tallygate.policy.Policies.call;
import static dev.tallygate.policy.Policies.charges;
import static dev.tallygate.policy.Policies.denial;
import static dev.tallygate.policy.Policies.json;
import static dev.tallygate.policy.Policies.policy;
import static dev.tallygate.policy.Policies.tool;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tallygate.policy.Denial.Reason;
import java.math.BigDecimal;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyDecisionTest {
  private static final String NEVER =
      "{'conditions':[{'path':'args.never','op':'exists','value':true}]}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'action':'deny','require':[%s],'deny_if':[{'conditions':[]}]} | ACTION | /tools/t/action",
        "{'action':'require_approval','require':[%s],'deny_if':[{'conditions':[]}]} | REQUIRE | /tools/t/require/0",
        "{'action':'require_approval','deny_if':[{'conditions':[]}]} | DENY_IF | /tools/t/deny_if/0",
        "{'action':'require_approval','limits':[{'counter':'c','window':1,'max':1,'increment_from':'args.n'}]} | APPROVAL | /tools/t/action",
        "{'limits':[{'counter':'c','window':1,'max':1,'increment_from':'args.n'}]} | COST | /tools/t/limits/0",
        "{'require':[{'conditions':[]},%s]} | REQUIRE | /tools/t/require/1",
        "{'deny_if':[%s,{'conditions':[]},{'conditions':[]}]} | DENY_IF | /tools/t/deny_if/1",
      })
  void firstRuleThatStopsTheCallIsNamed(String rule, Reason reason, String pointer) {
    // When
    Denial denial = denial(call(tool(rule.replace("%s", NEVER)), "{}"));

    // Then
    assertThat(denial.reason()).isEqualTo(reason);
    assertThat(denial.rule()).isEqualTo(pointer);
  }

  @Test
  void hiddenComesBeforeDefaultDeny() {
    // Given
    Policy policy = policy("{'version':'1','default':'deny','hide':['t'],'tools':{'t':{}}}");

    // Then
    assertThat(denial(call(policy, "{}")).reason()).isEqualTo(Reason.HIDDEN);
  }

  @Test
  void starHidesEverything() {
    // Given
    Policy policy = policy("{'version':'1','default':'allow','hide':['*'],'tools':{'t':{}}}");

    // Then
    assertThat(denial(call(policy, "{}")).rule()).isEqualTo("(hidden)");
    assertThat(policy.lists("t")).isFalse();
    assertThat(policy.lists("u")).isFalse();
  }

  @Test
  void hiddenAnswersAlikeForEveryName() {
    // Given
    Policy policy = policy("{'version':'1','default':'allow','hide':['a','b']}");

    // Then
    assertThat(policy.decide("a", json("{}"))).isEqualTo(policy.decide("b", json("{'x':1}")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\uFF45cho",
        "\u0435cho",
        "echo\u200B",
        "echo ",
        " echo",
        "\u202Eecho",
        "e\u0301cho",
        "",
        "a/b",
        "echo\u0000",
        "echo\n"
      })
  void lookAlikeNameAnswersAsUnknown(String name) {
    // Given
    Policy policy = policy("{'version':'1','default':'allow','tools':{'echo':{}}}");

    // Then
    assertThat(denial(policy.decide(name, json("{}"))).reason()).isEqualTo(Reason.HIDDEN);
    assertThat(policy.lists(name)).isFalse();
  }

  @Test
  void nameOfAMegabyteAnswersAsUnknown() {
    // Given
    Policy policy = policy("{'version':'1','default':'allow'}");

    // Then
    assertThat(denial(policy.decide("a".repeat(1 << 20), json("{}"))).reason())
        .isEqualTo(Reason.HIDDEN);
  }

  @Test
  void namesAreCaseSensitive() {
    // Given
    Policy policy = policy("{'version':'1','default':'deny','tools':{'echo':{}}}");

    // Then
    assertThat(denial(policy.decide("Echo", json("{}"))).reason()).isEqualTo(Reason.DEFAULT_DENY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"'x'", "[]", "null", "5", "true"})
  void argumentsThatAreNoObjectAreDenied(String arguments) {
    // Given
    Policy policy = tool("{}");

    // Then
    assertThat(call(policy, arguments)).isInstanceOf(Decision.Deny.class);
  }

  @Test
  void absentArgumentsAreAnEmptyObject() {
    // Given
    Policy policy =
        tool("{'require':[{'conditions':[{'path':'args.a','op':'exists','value':false}]}]}");

    // Then
    assertThat(policy.decide("t", MissingNode.getInstance())).isInstanceOf(Decision.Allow.class);
    assertThat(policy.decide("t", null)).isInstanceOf(Decision.Allow.class);
  }

  @Test
  void numberThatIsNoDecimalIsNeverJudged() {
    // Given
    Policy policy = tool("{'deny_if':[{'conditions':[{'path':'args.a','op':'gt','value':100}]}]}");

    // Then
    assertThat(
            policy.decide(
                "t",
                JsonNodeFactory.instance.objectNode().set("a", DoubleNode.valueOf(Double.NaN))))
        .isInstanceOf(Decision.Deny.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // Kleene's AND: one false condition decides, whatever cannot be judged beside it.
        "{'a':1,'b':1} | deny",
        "{'a':1,'b':2} | allow",
        "{'a':'1','b':2} | allow",
        "{'a':'1','b':1} | deny",
        "{'a':'1','b':'2'} | deny",
        "{'a':2,'b':'1'} | allow",
      })
  void conditionsOfADenyIfEntryCombineByKleenesAnd(String arguments, String expected) {
    // Given
    Policy policy =
        tool(
            "{'deny_if':[{'conditions':[{'path':'args.a','op':'eq','value':1},"
                + "{'path':'args.b','op':'eq','value':1}]}]}");

    // When
    Decision decision = call(policy, arguments);

    // Then
    assertThat(decision instanceof Decision.Allow).isEqualTo(expected.equals("allow"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'amount':50,'currency':'usd'} | allow",
        "{'amount':500,'currency':'usd'} | allow",
        "{'amount':500,'currency':'eur'} | deny",
        "{'amount':50} | deny",
        "{'currency':'usd'} | deny",
        "{} | deny",
        "{'amount':null,'currency':'usd'} | allow",
      })
  void onMissingDeniesACallWithoutAnyOfTheArguments(String arguments, String expected) {
    // Given
    Policy policy =
        tool(
            "{'deny_if':[{'on_missing':'deny','conditions':["
                + "{'path':'args.amount','op':'gt','value':100},"
                + "{'path':'args.currency','op':'neq','value':'usd'}]}]}");

    // When
    Decision decision = call(policy, arguments);

    // Then
    assertThat(decision instanceof Decision.Allow).isEqualTo(expected.equals("allow"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'require':[{'conditions':[{'path':'args.amount','op':'lte','value':100}]}]} | args.amount must be at most 100",
        "{'require':[{'name':'cap','conditions':[{'path':'args.amount','op':'lte','value':1e2}]}]} | cap: args.amount must be at most 100",
        "{'require':[{'on_deny':'Too much.','conditions':[{'path':'args.amount','op':'lte','value':100}]}]} | Too much.",
        "{'require':[{'conditions':[{'path':'args.amount','op':'lte','value':100},{'path':'args.c','op':'in','value':['usd','eur']}]}]} | args.amount must be at most 100 and args.c must be one of \"usd\", \"eur\"",
        "{'deny_if':[{'conditions':[{'path':'args.amount','op':'gt','value':100}]}]} | args.amount must be at most 100",
        "{'deny_if':[{'conditions':[{'path':'args.amount','op':'gt','value':100},{'path':'args.no','op':'exists','value':false}]}]} | not allowed while args.amount is greater than 100 and args.no is not given",
        "{'deny_if':[{'conditions':[]}]} | the policy denies every call of this tool",
        "{'require':[{'conditions':[{'path':'args.id','op':'exists','value':true}]}]} | args.id must be given",
      })
  void denialNamesTheCure(String rule, String message) {
    // When
    Denial denial = denial(call(tool(rule), "{'amount':5000123,'secret':'s3cr3t'}"));

    // Then
    assertThat(denial.message()).isEqualTo(message).doesNotContain("5000123", "s3cr3t");
  }

  @Test
  void valueThatCannotBeJudgedIsExplained() {
    // Given
    Policy policy =
        tool("{'deny_if':[{'name':'cap','conditions':[{'path':'args.a','op':'gt','value':100}]}]}");

    // When
    Denial denial = denial(call(policy, "{'a':'5000'}"));

    // Then
    assertThat(denial.name()).contains("cap");
    assertThat(denial.message())
        .startsWith("cap: args.a must be at most 100")
        .contains("cannot be judged")
        .doesNotContain("5000");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "12.5 | 12.5",
        "0 | 0",
        "0.000000001 | 0.000000001",
        "1.100000000000 | 1.1",
        "1e3 | 1000",
        "-0 | 0",
      })
  void costIsReadExactly(String written, BigDecimal amount) {
    // When
    Charge charge = charges(call(spend(), "{'amount':" + written + "}")).get(0);

    // Then
    assertThat(charge.amount()).isEqualByComparingTo(amount);
    assertThat(charge.amount().scale()).isBetween(0, 9);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'amount':-1}",
        "{'amount':-0.000000001}",
        "{'amount':0.0000000001}",
        "{'amount':'5'}",
        "{'amount':null}",
        "{'amount':true}",
        "{'amount':[5]}",
        "{'amount':{'amount':5}}",
        "{'Amount':5}",
      })
  void unreadableCostDeniesTheCall(String arguments) {
    // When
    Denial denial = denial(call(spend(), arguments));

    // Then
    assertThat(denial.reason()).isEqualTo(Reason.COST);
    assertThat(denial.rule()).isEqualTo("/tools/t/limits/0");
    assertThat(denial.name()).contains("spend");
    assertThat(denial.message()).startsWith("args.amount must be a number");
  }

  private static Policy spend() {
    return tool(
        "{'limits':[{'counter':'spend','window':'day','max':1000,'increment_from':'args.amount'}]}");
  }

  @Test
  void limitsOfOneCounterMergeIntoOneCharge() {
    // Given
    Policy policy =
        policy(
            "{'version':'1','default':'deny',"
                + "'all_tools':{'limits':[{'counter':'c','window':60,'max':5,'increment':2,"
                + "'refund':'error','on_store_loss':'allow','on_deny':'all'}]},"
                + "'tools':{'t':{'limits':["
                + "{'counter':'c','window':'minute','max':10,'increment_from':'args.n',"
                + "'refund':'never','on_store_loss':'degrade','on_deny':'own'},"
                + "{'counter':'c','window':'hour','max':10},"
                + "{'counter':'c','window':'minute','max':1,'algorithm':'sliding'},"
                + "{'counter':'c','window':'minute','max':1,'scope':'server'}]}}}");

    // When
    var low = charges(policy.decide("t", json("{'n':1}")));
    var high = charges(policy.decide("t", json("{'n':3.5}")));

    // Then
    assertThat(low).hasSize(4);
    assertThat(low.get(0))
        .isEqualTo(
            new Charge(
                Scope.GRANT,
                "c",
                60,
                Algorithm.FIXED,
                new BigDecimal("2"),
                new BigDecimal("5"),
                Refund.NEVER,
                OnStoreLoss.DEGRADE,
                "/all_tools/limits/0",
                Optional.of("all")));
    assertThat(high.get(0).amount()).isEqualByComparingTo("3.5");
  }

  @Test
  void allToolsLimitsCountEveryAllowedCall() {
    // Given
    Policy policy =
        policy(
            "{'version':'1','default':'allow','all_tools':{'limits':["
                + "{'counter':'calls','window':60,'max':5,'increment':0.005}]},'tools':{'t':{}}}");

    // Then
    assertThat(charges(policy.decide("t", json("{}")))).hasSize(1);
    assertThat(charges(policy.decide("unlisted", json("{}"))))
        .singleElement()
        .satisfies(c -> assertThat(c.amount()).isEqualByComparingTo("0.005"))
        .satisfies(c -> assertThat(c.rule()).isEqualTo("/all_tools/limits/0"));
  }

  @Test
  void severalWindowsOnOneToolAllApply() {
    // Given
    Policy policy =
        tool(
            "{'limits':[{'counter':'c','window':'minute','max':10},"
                + "{'counter':'c','window':'hour','max':100}],'rate_limit':'1000/day'}");

    // Then
    assertThat(charges(call(policy, "{}")))
        .extracting(Charge::windowSeconds)
        .containsExactly(60L, 3_600L, 86_400L);
  }

  @ParameterizedTest
  @CsvSource({"second,1", "minute,60", "hour,3600", "day,86400"})
  void rateTextNamesAWindow(String window, long seconds) {
    assertThat(charges(call(tool("{'rate_limit':'7/" + window + "'}"), "{}")))
        .singleElement()
        .satisfies(c -> assertThat(c.windowSeconds()).isEqualTo(seconds))
        .satisfies(c -> assertThat(c.max()).isEqualByComparingTo("7"));
  }

  @Test
  void listAllShowsDeniedToolsButNoHiddenOnes() {
    // Given
    Policy policy =
        policy(
            "{'version':'1','default':'deny','hide':['h'],"
                + "'tools':{'a':{},'d':{'action':'deny'}}}");

    // Then
    assertThat(policy.lists("a")).isTrue();
    assertThat(policy.lists("d")).isTrue();
    assertThat(policy.lists("unlisted")).isTrue();
    assertThat(policy.lists("h")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | true",
        "{'action':'deny'} | false",
        "{'action':'require_approval'} | false",
        "{'deny_if':[{'conditions':[]}]} | false",
        "{'deny_if':[{'conditions':[{'path':'args.a','op':'gt','value':1}]}]} | true",
        "{'require':[{'conditions':[{'path':'args.a','op':'in','value':[]}]}]} | false",
        "{'require':[{'conditions':[{'path':'args.a','op':'eq','value':1}]},{'conditions':[{'path':'args.a','op':'eq','value':2}]}]} | false",
        "{'require':[{'conditions':[{'path':'args.a','op':'eq','value':1}]}]} | true",
        "{'limits':[{'counter':'c','window':1,'max':0}]} | false",
        "{'limits':[{'counter':'c','window':1,'max':0,'increment_from':'args.n'}]} | true",
      })
  void listPermittedShowsToolsThatSomeCallCouldReach(String rule, boolean shown) {
    // Given
    Policy policy =
        policy(
            "{'version':'1','default':'deny','list':'permitted','hide':['h'],'tools':{'t':"
                + rule
                + "}}");

    // Then
    assertThat(policy.lists("t")).isEqualTo(shown);
    assertThat(policy.lists("unlisted")).isFalse();
    assertThat(policy.lists("h")).isFalse();
  }

  @Test
  void namedToolsAreThoseOfTheDocument() {
    // Given
    Policy policy =
        policy("{'version':'1','default':'deny','hide':['h','*'],'tools':{'a':{},'b':{}}}");

    // Then
    assertThat(policy.namedTools()).containsExactlyInAnyOrder("a", "b", "h");
  }

  @Test
  void hostileRegexInputIsJudgedInLinearTimeOrNotAtAll() {
    // Given
    Policy policy =
        tool("{'deny_if':[{'conditions':[{'path':'args.a','op':'regex','value':'(a+)+$'}]}]}");

    // Then
    assertThat(call(policy, "{'a':'" + "a".repeat(50_000) + "b'}"))
        .isInstanceOf(Decision.Allow.class);
    assertThat(call(policy, "{'a':'" + "a".repeat(70_000) + "b'}"))
        .isInstanceOf(Decision.Deny.class);
  }
}
