package dev.tallygate.node.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentSchemaTest {
  private static JsonNode json(String text) {
    try {
      return new JsonMapper().readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'type':'object'} | {} | true",
        "{'type':'object','required':['a']} | {} | false",
        "{'properties':{'a':{'type':'integer'}}} | {'a':1} | true",
        "{'properties':{'a':{'type':'integer'}}} | {'a':1.0} | true",
        "{'properties':{'a':{'type':'integer'}}} | {'a':'1'} | false",
        "{'properties':{'a':{'type':'boolean'}}} | {'a':'true'} | false",
        "{'properties':{'a':{'pattern':'^b+$'}}} | {'a':'bb'} | true",
        "{'properties':{'a':{'pattern':'b'}}} | {'a':'abc'} | true",
        "{'properties':{'a':{'pattern':'^b+$'}}} | {'a':'bc'} | false",
        "{'additionalProperties':false,'properties':{'a':{}}} | {'b':1} | false",
        "{'$ref':'#/$defs/x','$defs':{'x':{'required':['a']}}} | {} | false",
        "{'properties':{'a':{'prefixItems':[{'type':'null'}]}}} | {'a':[1]} | false",
        "{'$schema':'http://json-schema.org/draft-07/schema#','required':['a']} | {} | false",
        "{'$schema':'https://json-schema.org/draft/2020-12/schema'} | {} | true",
        "{'properties':{'a':{'enum':[1,2]}}} | {'a':3} | false",
        "{'x-mcp-header':'A','unknown keyword':1} | {} | true",
      })
  void argumentsFitOrDoNot(String schema, String arguments, boolean fit) {
    assertThat(ArgumentSchema.of(json(schema)).mismatch(json(arguments)).isEmpty()).isEqualTo(fit);
  }

  @Test
  void mismatchNamesThePlace() {
    assertThat(
            ArgumentSchema.of(json("{'properties':{'a':{'properties':{'b':{'type':'string'}}}}}"))
                .mismatch(json("{'a':{'b':1}}")))
        .hasValueSatisfying(why -> assertThat(why).contains("/a/b").contains("string"));
  }

  @Test
  void oneMismatchLeavesNoTraceInTheNextCheck() {
    ArgumentSchema schema = ArgumentSchema.of(json("{'required':['a']}"));
    assertThat(schema.mismatch(json("{}"))).isPresent();
    assertThat(schema.mismatch(json("{'a':1}"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'text'",
        "{'$ref':'http://127.0.0.1:1/x'}",
        "{'properties':{'a':{'$ref':'other.json'}}}",
        "{'allOf':[{'$dynamicRef':'//evil/x'}]}",
        "{'$schema':'http://evil/schema'}",
        "{'properties':{'a':{'$schema':'http://evil/schema'}}}",
        "{'properties':{'a':{'pattern':'(?=x)'}}}",
        "{'pattern':'['}",
      })
  void schemaThatCannotBeUsedIsRefused(String schema) {
    assertThatIllegalArgumentException().isThrownBy(() -> ArgumentSchema.of(json(schema)));
  }

  @Test
  void workIsBounded() {
    // Given: 2^60 ways through
    StringBuilder text = new StringBuilder("{'$ref':'#/$defs/a0','$defs':{");
    for (int i = 0; i < 60; i++) {
      String next = "{'$ref':'#/$defs/a" + (i + 1) + "'}";
      text.append("'a" + i + "':{'anyOf':[" + next + "," + next + "]},");
    }
    ArgumentSchema schema = ArgumentSchema.of(json(text + "'a60':false}}"));

    // Then
    assertThatIllegalArgumentException().isThrownBy(() -> schema.mismatch(json("{}")));
  }

  @Test
  void referenceToItselfEnds() {
    ArgumentSchema schema = ArgumentSchema.of(json("{'$ref':'#'}"));
    assertThatIllegalArgumentException().isThrownBy(() -> schema.mismatch(json("{}")));
  }

  @Test
  void manyArgumentsAreCheckedAllTheSame() {
    ArgumentSchema schema =
        ArgumentSchema.of(json("{'properties':{'a':{'items':{'type':'integer'}}}}"));
    String numbers = "1,".repeat(10_000);
    assertThat(schema.mismatch(json("{'a':[" + numbers + "1]}"))).isEmpty();
  }
}
