package dev.tallygate.policy;

import static dev.tallygate.policy.Policies.bytes;
import static dev.tallygate.policy.Policies.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerLintTest {
  private static final JsonNode TOOLS =
      json(
          """
          [{'name':'pay','inputSchema':{'type':'object','properties':{
             'amount':{'type':'number'},
             'items':{'type':'array','items':{'type':'object','properties':{'price':{}}}},
             'to':{'type':'object','properties':{'iban':{}}},
             'meta':{'type':'object','properties':{},'additionalProperties':true},
             'free':{},
             'either':{'anyOf':[{},{}],'properties':{'a':{}}}}}},
           {'name':'bare','inputSchema':{'type':'object'}}]
          """);

  @Test
  void toolThatTheServerDoesNotHaveIsNamed() {
    // When
    List<Finding> findings =
        ServerLint.check(
            bytes(
                "{'version':'1','default':'deny',\n'hide':['drop','*'],\n'tools':{'payy':{},'pay':{}}}"),
            TOOLS);

    // Then
    assertThat(findings).extracting(Finding::pointer).containsExactly("/hide/0", "/tools/payy");
    assertThat(findings).extracting(Finding::severity).containsOnly(Finding.Severity.WARNING);
    assertThat(findings.get(1).message()).contains("did you mean \"pay\"?");
    assertThat(findings.get(1).position().line()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "args.amuont",
        "args.items.*.cost",
        "args.items.0.cost",
        "args.to.bic",
        "/args/a.b"
      })
  void argumentThatTheSchemaDoesNotHaveIsNamed(String path) {
    assertThat(ServerLint.check(asking("pay", path), TOOLS))
        .extracting(Finding::pointer)
        .containsExactly(
            "/tools/pay/require/0/conditions/0/path", "/tools/pay/limits/0/increment_from");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "args.amount",
        "args.items.*.price",
        "args.items.0.price",
        "args.to.iban",
        "args.to.*",
        "args.meta.any",
        "args.free.any",
        "args.either.b",
        "/args/to/iban"
      })
  void argumentThatTheSchemaHasOrMayHaveIsNotNamed(String path) {
    assertThat(ServerLint.check(asking("pay", path), TOOLS)).isEmpty();
  }

  @Test
  void schemaWithoutPropertiesTellsNothing() {
    assertThat(ServerLint.check(asking("bare", "args.any"), TOOLS)).isEmpty();
  }

  @Test
  void documentThatCannotBeReadGivesNoWarnings() {
    assertThat(ServerLint.check(bytes("{"), TOOLS)).isEmpty();
    assertThat(ServerLint.check(bytes("[{'tools':1}]"), TOOLS)).isEmpty();
  }

  private static byte[] asking(String tool, String path) {
    return bytes(
        "{'version':'1','default':'deny','tools':{'"
            + tool
            + "':{'require':[{'conditions':[{'path':'"
            + path
            + "','op':'exists','value':true}]}],'limits':[{'counter':'c','window':1,'max':1,"
            + "'increment_from':'"
            + path
            + "'}]}}}");
  }
}
