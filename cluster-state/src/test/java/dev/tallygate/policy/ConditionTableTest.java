package dev.tallygate.policy;

import static dev.tallygate.policy.Policies.call;
import static dev.tallygate.policy.Policies.tool;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every operator against every type of argument. The columns say whether a call passes when the
 * condition stands in {@code require}, and when it stands in {@code deny_if}. A value that cannot
 * be judged passes neither.
 */
class ConditionTableTest {

  private static final String ABSENT = "-";

  @ParameterizedTest(name = "{0} {1} of {2}: require {3}, deny_if {4}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // op | value | argument | require passes | deny_if passes
        "eq | 'a' | 'a' | yes | no",
        "eq | 'a' | 'b' | no | yes",
        "eq | 'a' | 5 | no | no",
        "eq | 'a' | null | no | no",
        "eq | 'a' | ['a'] | no | no",
        "eq | 'a' | - | no | yes",
        "eq | 5 | 5 | yes | no",
        "eq | 5 | 5.0 | yes | no",
        "eq | 5 | 50e-1 | yes | no",
        "eq | 5 | 6 | no | yes",
        "eq | 5 | '5' | no | no",
        "eq | 5 | true | no | no",
        // The next ones say one thing to a server with exact numbers and another to one with
        // doubles.
        "eq | 0.1 | 0.10000000000000000001 | no | no",
        "eq | 0.1 | 0.10000000000000003 | no | yes",
        "eq | 9007199254740993 | 9007199254740992 | no | no",
        "eq | 9007199254740993 | 9007199254740993 | yes | no",
        "eq | 1732262400000000001 | 1732262400000000002 | no | no",
        "eq | 1732262400000000001 | 1732262401000000001 | no | yes",
        "eq | 0 | -0.0 | yes | no",
        "eq | {'a':[100]} | {'a':[100.00000000000000000001]} | no | no",
        "neq | 100 | 100.00000000000000000001 | no | no",
        "in | [100] | 100.00000000000000000001 | no | no",
        "in | [100,200] | 200 | yes | no",
        "not_in | [100] | 100.00000000000000000001 | no | no",
        "contains | 100 | [100.00000000000000000001] | no | no",
        "eq | true | true | yes | no",
        "eq | true | false | no | yes",
        "eq | true | 'true' | no | no",
        "eq | true | 1 | no | no",
        "eq | null | null | yes | no",
        "eq | null | 'a' | no | yes",
        "eq | null | - | no | yes",
        "eq | {'a':1,'b':[2]} | {'b':[2.0],'a':1.00} | yes | no",
        "eq | {'a':1} | {'a':1,'b':2} | no | yes",
        "eq | {'a':1} | {'a':'1'} | no | yes",
        "eq | [1,2] | [1.0,2] | yes | no",
        "eq | [1,2] | [2,1] | no | yes",
        "eq | [1] | {'0':1} | no | no",
        "neq | 'a' | 'b' | yes | no",
        "neq | 'a' | 'a' | no | yes",
        "neq | 'a' | 5 | no | no",
        "neq | 'a' | null | no | no",
        "neq | 'a' | - | no | no",
        "neq | null | 'a' | yes | no",
        "neq | null | null | no | yes",
        "neq | true | - | no | no",
        "lt | 100 | 99.999999999999999999 | no | no",
        "lt | 100 | 99.9999999 | yes | no",
        "gt | 100 | 100.00000000000000000001 | no | no",
        "lte | 100 | 100.00000000000000000001 | no | no",
        "lte | 9007199254740992 | 9007199254740993 | no | no",
        "lt | 100 | 100 | no | yes",
        "lt | 100 | '5' | no | no",
        "lt | 100 | null | no | no",
        "lt | 100 | - | no | yes",
        "lt | 100 | [5] | no | no",
        "lte | 100 | 100.000 | yes | no",
        "lte | 100 | 1e2 | yes | no",
        "lte | 100 | 100.0000000001 | no | yes",
        "lte | 100 | '5000' | no | no",
        "lte | 100 | true | no | no",
        "lte | 100 | {} | no | no",
        "lte | 100 | - | no | yes",
        "gt | 100 | 5000 | yes | no",
        "gt | 100 | 100 | no | yes",
        "gt | 100 | '5000' | no | no",
        "gt | 100 | null | no | no",
        "gt | 100 | [] | no | no",
        "gt | 100 | - | no | yes",
        "gte | 1 | 1 | yes | no",
        "gte | 1 | 0.999 | no | yes",
        "gte | 1 | '1' | no | no",
        "gte | 1 | - | no | yes",
        "in | ['usd','eur'] | 'eur' | yes | no",
        "in | ['usd','eur'] | 'EUR' | no | yes",
        "in | ['usd','eur'] | 5 | no | no",
        "in | ['usd','eur'] | null | no | no",
        "in | ['usd','eur'] | ['usd'] | no | no",
        "in | ['usd','eur'] | - | no | yes",
        "in | [1,2] | 2.0 | yes | no",
        "in | [1,'a'] | 'b' | no | yes",
        "in | [1,'a'] | true | no | no",
        "in | [null,'a'] | null | yes | no",
        "in | [] | 'a' | no | yes",
        "in | [{'a':1}] | {'a':1.0} | yes | no",
        "not_in | ['admin'] | 'user' | yes | no",
        "not_in | ['admin'] | 'admin' | no | yes",
        "not_in | ['admin'] | 5 | no | no",
        "not_in | ['admin'] | null | no | no",
        "not_in | ['admin'] | - | no | no",
        "exists | true | 'x' | yes | no",
        "exists | true | false | yes | no",
        "exists | true | null | no | yes",
        "exists | true | - | no | yes",
        "exists | false | 'x' | no | yes",
        "exists | false | null | yes | no",
        "exists | false | - | yes | no",
        "regex | '^feat/' | 'feat/x' | yes | no",
        "regex | '^feat/' | 'x/feat/' | no | yes",
        "regex | 'at' | 'feat/x' | yes | no",
        "regex | '^5$' | 5 | no | no",
        "regex | '^feat/' | null | no | no",
        "regex | '^feat/' | ['feat/'] | no | no",
        "regex | '^feat/' | - | no | yes",
        "contains | 'test' | 'a test b' | yes | no",
        "contains | 'test' | 'other' | no | yes",
        "contains | 5 | '5' | no | no",
        "contains | 'a' | ['b','a'] | yes | no",
        "contains | 'a' | ['b'] | no | yes",
        "contains | 'a' | [] | no | yes",
        "contains | 'a' | ['b',5] | no | no",
        "contains | 'a' | ['a',5] | yes | no",
        "contains | 5 | [5.0] | yes | no",
        "contains | 'a' | {'a':1} | no | no",
        "contains | 'a' | null | no | no",
        "contains | 'a' | 5 | no | no",
        "contains | 'a' | - | no | yes",
        "max_length | 3 | 'abc' | yes | no",
        "max_length | 3 | 'abcd' | no | yes",
        "max_length | 1 | '\uD83D\uDE00' | yes | no",
        "max_length | 2 | [1,2] | yes | no",
        "max_length | 2 | [1,2,3] | no | yes",
        "max_length | 2 | 12 | no | no",
        "max_length | 2 | {} | no | no",
        "max_length | 2 | null | no | no",
        "max_length | 2 | - | no | yes",
        "path_within | ['/data'] | '/data/x' | yes | no",
        "path_within | ['/data'] | '/etc/x' | no | yes",
        "path_within | ['/data'] | 5 | no | no",
        "path_within | ['/data'] | null | no | no",
        "path_within | ['/data'] | - | no | yes",
        "host_in | ['a.org'] | 'https://a.org/' | yes | no",
        "host_in | ['a.org'] | 'https://b.org/' | no | yes",
        "host_in | ['a.org'] | {} | no | no",
        "host_in | ['a.org'] | - | no | yes",
      })
  void conditionJudgesByTypeAndPlace(
      String op, String value, String argument, String requirePasses, String denyIfPasses) {
    // Given
    String condition =
        "[{'conditions':[{'path':'args.x','op':'" + op + "','value':" + value + "}]}]";
    String arguments = argument.equals(ABSENT) ? "{}" : "{'x':" + argument + "}";

    // When
    Decision required = call(tool("{'require':" + condition + "}"), arguments);
    Decision deniedIf = call(tool("{'deny_if':" + condition + "}"), arguments);

    // Then
    assertThat(required instanceof Decision.Allow).isEqualTo(requirePasses.equals("yes"));
    assertThat(deniedIf instanceof Decision.Allow).isEqualTo(denyIfPasses.equals("yes"));
  }

  @ParameterizedTest(name = "{0} in {1}: require {2}, deny_if {3}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // path | arguments | require lte 10 passes | deny_if gt 10 passes
        "args.a.b | {'a':{'b':5}} | yes | yes",
        "args.a.b | {'a':{'b':50}} | no | no",
        "args.a.b | {'a':{}} | no | yes",
        "args.a.b | {} | no | yes",
        "args.a.b | {'a':5} | no | no",
        "args.a.b | {'a':null} | no | no",
        "args.a.b | {'a':'x'} | no | no",
        "args.a.b | {'a':[{'b':50}]} | no | no",
        "args.a.0 | {'a':[5]} | yes | yes",
        "args.a.1 | {'a':[5]} | no | yes",
        "args.a.0 | {'a':{'0':50}} | no | no",
        "args.a.01 | {'a':[1,2]} | no | no",
        "/args/a.b | {'a.b':5} | yes | yes",
        "/args/a.b | {'a':{'b':5}} | no | yes",
        "/args/a~1b/~0 | {'a/b':{'~':5}} | yes | yes",
        "/args/* | {'*':5} | yes | yes",
        "/args/a/* | {'a':[50]} | no | no",
        "args.a.*.p | {'a':[{'p':5},{'p':6}]} | yes | yes",
        "args.a.*.p | {'a':[{'p':5},{'p':60}]} | no | no",
        "args.a.*.p | {'a':[]} | yes | yes",
        "args.a.*.p | {'a':[{'p':5},{}]} | no | yes",
        "args.a.*.p | {'a':[{'p':5},7]} | no | no",
        "args.a.*.p | {'a':[{'p':5},{'p':'60'}]} | no | no",
        "args.a.*.p | {'a':{'k':{'p':60}}} | no | no",
        "args.a.*.p | {'a':{'k':{'p':6}}} | yes | yes",
        "args.a.*.p | {'a':'x'} | no | no",
        "args.a.*.p | {} | no | yes",
        "args.*.* | {'a':[5,6],'b':[7]} | yes | yes",
        "args.*.* | {'a':[5,6],'b':[70]} | no | no",
      })
  void pathReachesValues(String path, String arguments, String requirePasses, String denyIfPasses) {
    // Given
    Policy requiring = tool(entry("require", path, "lte"));
    Policy denying = tool(entry("deny_if", path, "gt"));

    // When
    Decision required = call(requiring, arguments);
    Decision deniedIf = call(denying, arguments);

    // Then
    assertThat(required instanceof Decision.Allow).isEqualTo(requirePasses.equals("yes"));
    assertThat(deniedIf instanceof Decision.Allow).isEqualTo(denyIfPasses.equals("yes"));
  }

  private static String entry(String field, String path, String op) {
    return "{'"
        + field
        + "':[{'conditions':[{'path':'"
        + path
        + "','op':'"
        + op
        + "','value':10}]}]}";
  }
}
