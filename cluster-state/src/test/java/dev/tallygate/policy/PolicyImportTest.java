package dev.tallygate.policy;

import static dev.tallygate.policy.Policies.charges;
import static dev.tallygate.policy.Policies.denial;
import static dev.tallygate.policy.Policies.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.json.Position;
import dev.tallygate.policy.Denial.Reason;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyImportTest {
  private static final String PAYMENTS =
      """
      version: "1"
      description: "Payments for the back office"   # comments are fine
      hide:
        - drop_ledger
      tools:
        pay:
          rules:
            - name: "single payment"
              conditions:
                - {path: args.amount, op: lte, value: 500.50}
                - path: args.currency
                  op: in
                  value: [usd, eur]
              on_deny: "Pay less."
            - name: "daily sum"
              conditions:
                - path: state.pay.sum
                  op: lte
                  value: 10000
              on_deny: "Enough for today."
              state:
                counter: sum
                window: day
                increment_from: args.amount
            - name: "hourly rate"
              rate_limit: 5/hour
        refund:
          rules:
            - name: "never"
              action: deny
              on_deny: "Ask a person."
        status:
          rules: []
        ping:
        "*":
          rules:
            - name: "all calls"
              rate_limit: 60/minute
              on_deny: "Slow down."
      """;

  @Test
  void everyConstructIsCarriedOver() {
    // Given
    Policy policy = imported(PAYMENTS);

    // When
    var allowed = charges(policy.decide("pay", json("{'amount':500.5,'currency':'usd'}")));
    var tooMuch = denial(policy.decide("pay", json("{'amount':501,'currency':'usd'}")));
    var noCurrency = denial(policy.decide("pay", json("{'amount':1}")));
    var refund = denial(policy.decide("refund", json("{}")));

    // Then
    assertThat(allowed)
        .extracting(Charge::counter, c -> c.max().toPlainString(), Charge::windowSeconds)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("pay.sum", "10000", 86_400L),
            org.assertj.core.groups.Tuple.tuple("pay._rate_hour", "5", 3_600L),
            org.assertj.core.groups.Tuple.tuple("_global._rate_minute", "60", 60L));
    assertThat(allowed.get(0).amount()).isEqualByComparingTo("500.5");
    assertThat(allowed).extracting(Charge::refund).containsOnly(Refund.ERROR);
    assertThat(allowed.get(2).onDeny()).contains("Slow down.");
    assertThat(tooMuch.message()).isEqualTo("Pay less.");
    assertThat(tooMuch.name()).contains("single payment");
    assertThat(noCurrency.reason()).isEqualTo(Reason.REQUIRE);
    assertThat(refund.reason()).isEqualTo(Reason.DENY_IF);
    assertThat(refund.message()).isEqualTo("Ask a person.");
    assertThat(charges(policy.decide("status", json("{}")))).hasSize(1);
    assertThat(charges(policy.decide("ping", json("{}")))).hasSize(1);
    assertThat(charges(policy.decide("unlisted", json("{}")))).hasSize(1);
    assertThat(denial(policy.decide("drop_ledger", json("{}"))).reason()).isEqualTo(Reason.HIDDEN);
  }

  @Test
  void rulesOfEveryToolAreCopiedWhereOnlyListedToolsAreAllowed() {
    // Given
    Policy policy =
        imported(
            """
            version: "1"
            default: deny
            tools:
              a: {rules: []}
              b:
                rules:
                  - {name: own, conditions: [{path: args.x, op: eq, value: 1}]}
              "*":
                rules:
                  - {name: tagged, conditions: [{path: args.tag, op: exists, value: true}]}
            """);

    // Then
    assertThat(denial(policy.decide("a", json("{}"))).name()).contains("tagged");
    assertThat(policy.decide("a", json("{'tag':'x'}"))).isInstanceOf(Decision.Allow.class);
    assertThat(denial(policy.decide("b", json("{'tag':'x'}"))).name()).contains("own");
    assertThat(denial(policy.decide("b", json("{'x':1}"))).name()).contains("tagged");
    assertThat(denial(policy.decide("c", json("{}"))).reason()).isEqualTo(Reason.DEFAULT_DENY);
  }

  @Test
  void denyForEveryToolBindsEveryListedTool() {
    // Given
    Policy policy =
        imported(
            """
            version: "1"
            default: deny
            tools:
              a: {}
              "*": {rules: [{name: frozen, action: deny, on_deny: Later.}]}
            """);

    // Then
    assertThat(denial(policy.decide("a", json("{}"))).message()).isEqualTo("Later.");
  }

  @ParameterizedTest
  @CsvSource({
    "lte, 5, increment: 1, 5",
    "lt, 5, increment: 1, 4",
    "lt, 5, increment: 0, 4",
    "lt, 5, increment_from: args.n, 4.999999999",
    "lte, 2.5, increment_from: args.n, 2.5",
  })
  void ceilingIsInclusive(String op, String value, String increment, String max) {
    // Given
    Policy policy = imported(counting(op, value, increment));

    // Then
    assertThat(charges(policy.decide("t", json("{'n':1}"))).get(0).max()).isEqualByComparingTo(max);
  }

  private static String counting(String op, String value, String increment) {
    return """
        version: "1"
        tools:
          t:
            rules:
              - name: n
                conditions:
                  - {path: state.t.c, op: %s, value: %s}
                  - {path: args.n, op: gte, value: 0}
                state: {counter: c, window: day, %s}
        """
        .formatted(op, value, increment);
  }

  @Test
  void constantIncrementIsKept() {
    // Given
    Policy policy = imported(counting("lte", "10", "increment: 3"));

    // Then
    assertThat(charges(policy.decide("t", json("{'n':1}"))).get(0).amount())
        .isEqualByComparingTo("3");
  }

  @Test
  void stepsThatWouldMeanMoreHereStayLiteral() {
    // Given
    Policy policy = imported(conditions("{path: args.a.*, op: eq, value: 1}"));

    // Then
    assertThat(policy.decide("t", json("{'a':{'*':1}}"))).isInstanceOf(Decision.Allow.class);
    assertThat(policy.decide("t", json("{'a':[1]}"))).isInstanceOf(Decision.Deny.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{path: args.a, op: eq, value: main}",
        "{path: args.a, op: eq, value: null}",
        "{path: args.a, op: eq, value: true}",
        "{path: args.a, op: eq, value: 2024-01-01}",
        "{path: args.a, op: eq, value: {k: [1, x]}}",
        "{path: args.a, op: neq, value: 'no'}",
        "{path: args.a, op: in, value: [1, a]}",
        "{path: args.a, op: not_in, value: [admin]}",
        "{path: args.a, op: lt, value: 1.5}",
        "{path: args.a, op: lte, value: 1}",
        "{path: args.a, op: gt, value: -1}",
        "{path: args.a, op: gte, value: 1e3}",
        "{path: args.a.b.c, op: regex, value: '^feat/'}",
        "{path: args.a, op: contains, value: test}",
        "{path: args.a, op: exists, value: false}",
      })
  void everyOperatorIsCarriedOver(String condition) {
    assertThat(imported(conditions(condition)).namedTools()).containsExactly("t");
  }

  private static String conditions(String condition) {
    return "version: '1'\ntools:\n  t:\n    rules:\n      - name: n\n        conditions:\n"
        + "          - "
        + condition
        + "\n";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // rule | pointer below the rule | message
        "{name: n, spend_limit: 5/day} | /spend_limit | spend_limit",
        "{name: n} | `` | says nothing",
        "{name: n, conditions: []} | `` | says nothing",
        "{name: n, actoin: deny} | /actoin | did you mean",
        "{name: n, action: allow} | /action | evaluate",
        "{name: n, action: require_approval} | /action | evaluate",
        "{name: n, action: deny, rate_limit: 5/hour} | `` | split",
        "{name: n, rate_limit: 5/week} | /rate_limit | whole number",
        "{name: n, rate_limit: 0/hour} | /rate_limit | whole number",
        "{name: n, rate_limit: 5} | /rate_limit | whole number",
        "{name: n, rate_limit: 5/hour, conditions: [{path: args.a, op: eq, value: 1}]} | /rate_limit | stands alone",
        "{name: n, conditions: [{path: tool.a, op: eq, value: 1}]} | /conditions/0/path | begins with",
        "{name: n, conditions: [{path: args.a, op: equals, value: 1}]} | /conditions/0/op | unknown operator",
        "{name: n, conditions: [{path: args.a, op: lte, value: many}]} | /conditions/0/value | number",
        "{name: n, conditions: [{path: args.a, op: regex, value: '(a'}]} | /conditions/0/value | compile",
        "{name: n, conditions: [{path: args.a, op: regex, value: '(?=a)'}]} | /conditions/0/value | compile",
        "{name: n, conditions: [{path: args.a, op: exists, value: 'yes'}]} | /conditions/0/value | true or false",
        "{name: n, conditions: [{path: args.a, op: eq, value: 1, note: x}]} | /conditions/0/note | unknown field",
        "{name: n, conditions: [{path: state.t.c, op: lte, value: 1}]} | /conditions/0/path | where it is counted",
        "{name: n, conditions: [{path: state.u.c, op: lte, value: 1}], state: {counter: c, window: day}} | /conditions/0/path | where it is counted",
        "{name: n, conditions: [{path: state.t.c, op: gt, value: 1}], state: {counter: c, window: day}} | /conditions/0 | lte or lt",
        "{name: n, conditions: [{path: state.t.c, op: lte, value: 1}], state: {counter: c, window: week}} | /state/window | minute, hour or day",
        "{name: n, conditions: [{path: state.t.c, op: lte, value: 1}], state: {counter: c}} | /state | minute, hour or day",
        "{name: n, conditions: [{path: state.t.c, op: lte, value: 1}], state: {counter: c, window: day, increment: -1}} | /state/increment | zero or more",
        "{name: n, conditions: [{path: state.t.c, op: lte, value: 1}], state: {counter: c, window: day, increment: 1.5}} | /state/increment | whole number",
        "{name: n, conditions: [{path: state.t.c, op: lte, value: 1}], state: {counter: c, window: day, increment: 2, increment_from: args.n}} | /state/increment | exclude",
        "{name: n, conditions: [{path: state.t.c, op: lte, value: 1}], state: {counter: c, window: day, increment_from: amount}} | /state/increment_from | begins with",
        "{name: n, conditions: [{path: state.t.c, op: lt, value: 0}], state: {counter: c, window: day}} | /max | zero or more",
        "{name: n, conditions: [{path: args.a, op: eq, value: 1}], state: {counter: c, window: day}} | /state | limits nothing",
        "{name: n, state: {counter: c, window: day}} | `` | limits nothing",
        "{name: n, on_deny: 5, action: deny} | /on_deny | text",
      })
  void whatHasNoEqualIsRefusedWithItsPlace(String rule, String below, String message) {
    // When
    PolicyImport result =
        PolicyImport.fromYaml("version: '1'\ntools:\n  t:\n    rules:\n      - " + rule + "\n");

    // Then
    assertThat(result.policy()).isEmpty();
    assertThat(result.findings())
        .anySatisfy(
            finding -> {
              assertThat(finding.severity()).isEqualTo(Finding.Severity.ERROR);
              assertThat(finding.pointer()).isEqualTo("/tools/t/rules/0" + below);
              assertThat(finding.position().line()).isEqualTo(5);
              assertThat(finding.message()).contains(message);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "version: '2' | /version | 1 | must be",
        "tools: {} | /version | 1 | must be",
        "version: '1'\\ndefault: maybe | /default | 2 | allow",
        "version: '1'\\ntools: [] | /tools | 2 | must map",
        "version: '1'\\ntools: {'a b': {}} | /tools/a b | 2 | characters",
        "version: '1'\\nextra: 1 | /extra | 2 | unknown field",
        "version: '1'\\nversion: '1' | /version | 2 | twice",
        "version: '1'\\nhide: x | /hide | 2 | list",
        "version: '1'\\nhide: ['']| /hide/0 | 2 | characters",
        "version: &a '1' | `` | 1 | anchors",
        "version: '1'\\ntools: {a: &x {}, b: *x} | `` | 2 | anchors",
        "version: !!str 1 | `` | 1 | tags",
        "version: '1'\\ntools: !x {} | `` | 2 | tags",
        "version: '1'\\n---\\nversion: '1' | `` | 2 | second document",
        "version: '1'\\ntools: {? [a] : b} | `` | 2 | key",
        "version: '1'\\nhide: [0x1F] | `` | 2 | differ",
        "version: '1'\\nhide: [1_000] | `` | 2 | differ",
        "version: '1'\\nhide: [010] | `` | 2 | differ",
        "version: '1'\\nhide: [.inf] | `` | 2 | differ",
        "version: '1'\\n  tools: { | `` | 2 | expected",
        "version: '1'\\ntools: {a: {rules: [{name: n, action: deny}, {name: m, rate_limit: 1/day}]}} | /tools/a/rules/1 | 2 | never reached",
        "version: '1'\\ntools: {a: {rules: [{rate_limit: 1/day}, {rate_limit: 2/day}]}} | /tools/a/rules/1 | 2 | also counted",
        "version: '1'\\ntools: {'*': {rules: [{name: n, action: deny}]}} | /tools/*/rules/0 | 2 | default",
        "version: '1'\\ntools: {'*': {rules: [{name: n, conditions: [{path: args.a, op: eq, value: 1}]}]}} | /tools/*/rules/0 | 2 | default",
      })
  void documentThatIsNotConvertedNamesThePlace(
      String yaml, String pointer, int line, String message) {
    // When
    PolicyImport result = PolicyImport.fromYaml(yaml.replace("\\n", "\n"));

    // Then
    assertThat(result.policy()).isEmpty();
    assertThat(result.findings())
        .anySatisfy(
            finding -> {
              assertThat(finding.pointer()).isEqualTo(pointer);
              assertThat(finding.position().line()).isEqualTo(line);
              assertThat(finding.message()).contains(message);
            });
  }

  @Test
  void placeNamesTheColumnToo() {
    // When
    PolicyImport result = PolicyImport.fromYaml("version: '1'\ntools:\n  t:\n    ruls: []\n");

    // Then
    assertThat(result.findings().get(0).position()).isEqualTo(new Position(4, 5));
  }

  @Test
  void textThatIsNotUtf8IsRefused() {
    assertThat(PolicyImport.fromYaml(new byte[] {(byte) 0xC0, (byte) 0xAF}).policy()).isEmpty();
  }

  @Test
  void textThatEndsInAnEscapeIsRefused() {
    for (String escape : List.of("\\u", "\\u00", "\\x", "\\U0001", "\\UFFFFFFFF\"", "\\uD800\"")) {
      assertThat(PolicyImport.fromYaml("{\"" + escape).policy()).as(escape).isEmpty();
    }
  }

  @Test
  void hugeOrDeepTextIsRefused() {
    assertThat(PolicyImport.fromYaml(" ".repeat(YamlDocument.MAX_BYTES + 1)).policy()).isEmpty();
    assertThat(PolicyImport.fromYaml("a: " + "[".repeat(5_000)).policy()).isEmpty();
    assertThat(PolicyImport.fromYaml("").policy()).isEmpty();
  }

  @Test
  void rulesThatWouldMultiplyBeyondAnyBoundAreRefused() {
    // Given
    StringBuilder yaml = new StringBuilder("version: '1'\ndefault: deny\ntools:\n");
    yaml.append("  '*': {rules: [{name: n, action: deny, on_deny: '");
    yaml.append("x".repeat(100_000)).append("'}]}\n");
    for (int i = 0; i < 1_000; i++) {
      yaml.append("  t").append(i).append(": {}\n");
    }

    // When
    PolicyImport result = PolicyImport.fromYaml(yaml.toString());

    // Then
    assertThat(result.findings()).extracting(Finding::pointer).containsExactly("/tools/*");
  }

  private static Policy imported(String yaml) {
    PolicyImport result = PolicyImport.fromYaml(yaml);
    assertThat(result.policy()).as("%s", result.findings()).isPresent();
    PolicyReading reading =
        Policy.read(result.policy().orElseThrow().getBytes(StandardCharsets.UTF_8));
    assertThat(Policies.errors(reading)).isEmpty();
    return reading.policy().orElseThrow();
  }
}
