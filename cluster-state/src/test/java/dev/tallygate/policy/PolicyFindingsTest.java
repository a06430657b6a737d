package dev.tallygate.policy;

import static dev.tallygate.policy.Policies.errors;
import static dev.tallygate.policy.Policies.read;
import static dev.tallygate.policy.Policies.readTool;
import static dev.tallygate.policy.Policies.warnings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.json.Position;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyFindingsTest {

  @Test
  void everyErrorIsFoundAtOnceWithItsPlace() {
    // Given
    String document =
        """
        {
          'version': '2',
          'default': 'deny',
          'tolls': {},
          'tools': {
            't': {
              'require': [
                {'conditions': [{'path': 'args.a', 'op': 'less', 'value': 1}]}
              ],
              'limits': [{'counter': '', 'window': 0, 'max': -1}]
            }
          }
        }
        """;

    // When
    PolicyReading reading = read(document);

    // Then
    assertThat(reading.policy()).isEmpty();
    assertThat(errors(reading))
        .extracting(Finding::pointer)
        .containsExactly(
            "/version",
            "/tolls",
            "/tools/t/require/0/conditions/0/op",
            "/tools/t/limits/0/counter",
            "/tools/t/limits/0/window",
            "/tools/t/limits/0/max");
    assertThat(errors(reading).get(1).position()).isEqualTo(new Position(4, 3));
    assertThat(errors(reading).get(1).message()).contains("did you mean \"tools\"?");
    assertThat(errors(reading).get(2).message()).contains("unknown operator").contains("lte");
  }

  @Test
  void syntaxErrorIsAFindingToo() {
    // When
    PolicyReading reading = Policy.read("{\n  \"version\": }".getBytes(StandardCharsets.UTF_8));

    // Then
    assertThat(reading.policy()).isEmpty();
    assertThat(errors(reading)).hasSize(1);
    assertThat(errors(reading).get(0).position().line()).isEqualTo(2);
  }

  @Test
  void duplicateKeyIsNamedWithItsSecondPlace() {
    // When
    PolicyReading reading = read("{'version':'1',\n'default':'deny',\n'default':'allow'}");

    // Then
    assertThat(errors(reading)).hasSize(1);
    assertThat(errors(reading).get(0).pointer()).isEqualTo("/default");
    assertThat(errors(reading).get(0).position()).isEqualTo(new Position(3, 1));
  }

  @Test
  void findingsAreBounded() {
    // Given
    StringBuilder document = new StringBuilder("{'version':'1','default':'deny'");
    for (int i = 0; i < 5_000; i++) {
      document.append(",'x").append(i).append("':1");
    }

    // When
    PolicyReading reading = read(document.append('}').toString());

    // Then
    assertThat(reading.findings()).hasSize(DocumentCheck.MAX_FINDINGS);
    assertThat(reading.policy()).isEmpty();
  }

  @Test
  void errorIsKeptBehindManyWarnings() {
    // Given
    StringBuilder document = new StringBuilder("{'version':'1','default':'deny','hide':['a'");
    document.append(",'a'".repeat(1_900)).append("],'tools':{'t':{'deny':[]}}}");

    // When
    PolicyReading reading = read(document.toString());

    // Then
    assertThat(reading.policy()).isEmpty();
    assertThat(errors(reading)).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'require':[{'conditions':[{'path':'args.a','op':'in','value':[]}]}]} | /tools/t/require/0 | no call can satisfy",
        "{'require':[{'conditions':[{'path':'args.a','op':'lt','value':5},{'path':'args.a','op':'gt','value':9}]}]} | /tools/t/require/0 | no number",
        "{'require':[{'conditions':[{'path':'args.a','op':'lt','value':5},{'path':'args.a','op':'gte','value':5}]}]} | /tools/t/require/0 | no number",
        "{'deny_if':[{'conditions':[{'path':'args.a','op':'eq','value':1},{'path':'args.a','op':'eq','value':2}]}]} | /tools/t/deny_if/0 | can never match",
        "{'deny_if':[{'conditions':[{'path':'args.a','op':'exists','value':true},{'path':'args.a','op':'exists','value':false}]}]} | /tools/t/deny_if/0 | can never match",
        "{'deny_if':[{'conditions':[{'path':'args.a','op':'regex','value':'x'},{'path':'args.a','op':'lt','value':1}]}]} | /tools/t/deny_if/0 | two types",
        "{'deny_if':[{'conditions':[{'path':'args.a','op':'exists','value':false},{'path':'args.a','op':'lt','value':1}]}]} | /tools/t/deny_if/0 | must not be given",
        "{'require':[{'conditions':[{'path':'args.a','op':'in','value':['x']},{'path':'args.a','op':'not_in','value':['x']}]}]} | /tools/t/require/0 | named for it",
        "{'require':[{'conditions':[{'path':'args.a','op':'regex','value':'example'}]}]} | /tools/t/require/0/conditions/0/value | anywhere",
        "{'require':[{'conditions':[{'path':'args.a','op':'regex','value':'^usd\\u007ceur$'}]}]} | /tools/t/require/0/conditions/0/value | anywhere",
        "{'limits':[{'counter':'a','window':'hour','max':10},{'counter':'b','window':'minute','max':20}]} | /tools/t/limits/1 | stricter",
        "{'limits':[{'counter':'a','window':'hour','max':10},{'counter':'a','window':'hour','max':20}]} | /tools/t/limits/1 | stricter",
        "{'limits':[{'counter':'a','window':'hour','max':10},{'counter':'b','window':'hour','max':10}]} | /tools/t/limits/1 | stricter",
        "{'limits':[{'counter':'a','window':'hour','max':10,'scope':'session'}]} | /tools/t/limits/0/scope | no MCP session",
        "{'limits':[{'counter':'a','window':'hour','max':0}]} | /tools/t/limits/0 | no call finds room",
        "{'limits':[{'counter':'a','window':'hour','max':1,'increment':0}]} | /tools/t/limits/0 | never fills",
        "{'action':'require_approval'} | /tools/t/action | not available",
        "{'action':'deny','require':[]} | /tools/t | never asked",
        "{'reason':'why'} | /tools/t/reason | never shown",
      })
  void oddRuleIsWarnedOf(String rule, String pointer, String message) {
    // When
    PolicyReading reading = readTool(rule);

    // Then
    assertThat(reading.policy()).isPresent();
    assertThat(warnings(reading))
        .anySatisfy(
            warning -> {
              assertThat(warning.pointer()).isEqualTo(pointer);
              assertThat(warning.message()).contains(message);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'require':[{'conditions':[{'path':'args.a','op':'regex','value':'^usd$\\u007c^eur$'}]}]}",
        "{'require':[{'conditions':[{'path':'args.a','op':'regex','value':'(?i)^(usd\\u007ceur)$'}]}]}",
        "{'require':[{'conditions':[{'path':'args.a','op':'regex','value':'(^a\\u007c^b)c'}]}]}",
        "{'deny_if':[{'conditions':[{'path':'args.a','op':'regex','value':'secret'}]}]}",
        "{'require':[{'conditions':[{'path':'args.a','op':'gte','value':5},{'path':'args.a','op':'lte','value':5}]}]}",
        "{'require':[{'conditions':[{'path':'args.a.*','op':'eq','value':1},{'path':'args.a.*','op':'eq','value':2}]}]}",
        "{'limits':[{'counter':'a','window':'hour','max':100},{'counter':'b','window':'minute','max':20}]}",
        "{'limits':[{'counter':'a','window':'hour','max':10},{'counter':'b','window':'minute','max':20,'increment_from':'args.n'}]}",
        "{'limits':[{'counter':'a','window':60,'max':10},{'counter':'b','window':7,'max':10}]}",
        "{'limits':[{'counter':'a','window':60,'max':10},{'counter':'b','window':60,'max':10,'scope':'server'}]}",
        "{'action':'deny','reason':'why'}",
      })
  void soundRuleIsNotWarnedOf(String rule) {
    assertThat(readTool(rule).findings()).isEmpty();
  }

  @Test
  void ruleOfAHiddenToolIsWarnedOf() {
    // When
    PolicyReading reading = read("{'version':'1','default':'deny','hide':['t'],'tools':{'t':{}}}");

    // Then
    assertThat(warnings(reading)).extracting(Finding::pointer).containsExactly("/tools/t");
  }

  @Test
  void limitSharedWithAnotherToolIsNotCalledShadowed() {
    // When
    PolicyReading reading =
        read(
            "{'version':'1','default':'deny','tools':{"
                + "'a':{'limits':[{'counter':'x','window':'hour','max':1},"
                + "{'counter':'shared','window':'hour','max':5}]},"
                + "'b':{'limits':[{'counter':'shared','window':'hour','max':5}]}}}");

    // Then
    assertThat(reading.findings()).isEmpty();
  }

  @Test
  void regexThatWouldFillMemoryIsRefusedBeforeItIsCompiled() {
    // When
    PolicyReading reading =
        readTool(
            "{'require':[{'conditions':[{'path':'args.a','op':'regex',"
                + "'value':'^((((a{1,1000}){1,1000}){1,1000}){1,1000})$'}]}]}");

    // Then
    assertThat(errors(reading)).hasSize(1);
    assertThat(errors(reading).get(0).message()).contains("repeats too much");
  }

  @ParameterizedTest
  @CsvSource({
    "abc,3",
    "a{10},10",
    "(ab){10},30",
    "'((a{100}){100}){100}',1010100",
    "'(a{1000}){1000}',1001000",
    "'a{2,}',2",
    "'a{2,5}',5",
    "a{x},4",
    "'\\pL{4}',200",
    "'',0",
    "'((',2"
  })
  void statesOfARegexAreEstimatedBeforeItIsCompiled(String regex, long states) {
    assertThat(RegexSize.of(regex)).isEqualTo(states);
  }

  @Test
  void manyToolsWithManyLimitsAreRead() {
    // Given
    StringBuilder document = new StringBuilder("{'version':'1','default':'deny','tools':{");
    for (int i = 0; i < 1_500; i++) {
      document.append(i == 0 ? "" : ",").append("'t").append(i).append("':{'limits':[");
      for (int j = 0; j < 16; j++) {
        document.append(j == 0 ? "" : ",");
        document.append("{'counter':'c").append(j).append("','window':1,'max':1}");
      }
      document.append("]}");
    }

    // When
    PolicyReading reading = read(document.append("}}").toString());

    // Then
    assertThat(reading.policy()).as("%s", errors(reading)).isPresent();
  }
}
