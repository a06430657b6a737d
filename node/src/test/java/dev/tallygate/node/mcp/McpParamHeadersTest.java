package dev.tallygate.node.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.node.mcp.EraDetectionTest.Headers;
import dev.tallygate.node.mcp.Refusal.Kind;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class McpParamHeadersTest {
  private static final String SCHEMA =
      "{\"type\":\"object\",\"properties\":{"
          + "\"region\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"},"
          + "\"limit\":{\"type\":\"integer\",\"x-mcp-header\":\"Limit\"},"
          + "\"dry\":{\"type\":\"boolean\",\"x-mcp-header\":\"Dry\"},"
          + "\"to\":{\"type\":\"object\",\"properties\":{"
          + "\"host\":{\"type\":\"string\",\"x-mcp-header\":\"To-Host\"}}},"
          + "\"query\":{\"type\":\"string\"}}}";

  static Stream<Arguments> accepted() {
    return Stream.of(
        Arguments.of("{}", "X", "x"),
        Arguments.of("{\"region\":null}", "X", "x"),
        Arguments.of("{\"query\":\"q\"}", "Mcp-Param-Other", "anything"),
        Arguments.of("{\"region\":\"eu\"}", "Mcp-Param-Region", "eu"),
        Arguments.of("{\"region\":\"eu\"}", "mcp-param-region", " eu\t"),
        Arguments.of("{\"region\":\"eu\"}", "Mcp-Param-Region", "=?base64?ZXU=?="),
        Arguments.of("{\"region\":\"\"}", "Mcp-Param-Region", ""),
        Arguments.of("{\"region\":\"\"}", "Mcp-Param-Region", "=?base64??="),
        Arguments.of("{\"region\":\" eu \"}", "Mcp-Param-Region", "=?base64?IGV1IA==?="),
        Arguments.of("{\"limit\":42}", "Mcp-Param-Limit", "42"),
        Arguments.of("{\"limit\":42}", "Mcp-Param-Limit", "42.0"),
        Arguments.of("{\"limit\":42.0}", "Mcp-Param-Limit", "42"),
        Arguments.of("{\"limit\":-7}", "Mcp-Param-Limit", "-7"),
        Arguments.of("{\"dry\":true}", "Mcp-Param-Dry", "true"),
        Arguments.of("{\"to\":{\"host\":\"a\"}}", "Mcp-Param-To-Host", "a"),
        Arguments.of("{\"to\":{}}", "X", "x"),
        Arguments.of("{\"to\":\"text\"}", "X", "x"));
  }

  @ParameterizedTest
  @MethodSource("accepted")
  void headerThatRepeatsItsArgumentIsAccepted(String arguments, String header, String value) {
    assertThatCode(() -> declared(SCHEMA).check(new Headers().set(header, value), call(arguments)))
        .doesNotThrowAnyException();
  }

  static Stream<Arguments> mismatching() {
    return Stream.of(
        Arguments.of("{\"region\":\"eu\"}", "X", "x"),
        Arguments.of("{\"region\":\"eu\"}", "Mcp-Param-Region", "us"),
        Arguments.of("{\"region\":\"eu\"}", "Mcp-Param-Region", "EU"),
        Arguments.of("{\"region\":\"eu\"}", "Mcp-Param-Region", ""),
        Arguments.of("{\"region\":\"eu\"}", "Mcp-Param-Region", "=?base64?ZXU?="),
        Arguments.of("{\"region\":\"eu\"}", "Mcp-Param-Region", "=?base64?!?="),
        Arguments.of("{\"region\":\"eu\"}", "Mcp-Param-Region", "e\u00fc"),
        Arguments.of("{\"region\":null}", "Mcp-Param-Region", "eu"),
        Arguments.of("{}", "Mcp-Param-Region", "eu"),
        Arguments.of("{\"limit\":42}", "Mcp-Param-Limit", "43"),
        Arguments.of("{\"limit\":42}", "Mcp-Param-Limit", "0x2a"),
        Arguments.of("{\"limit\":1000}", "Mcp-Param-Limit", "1e3"),
        Arguments.of("{\"limit\":42}", "Mcp-Param-Limit", "+42"),
        Arguments.of("{\"limit\":42}", "Mcp-Param-Limit", "NaN"),
        Arguments.of("{\"dry\":true}", "Mcp-Param-Dry", "TRUE"),
        Arguments.of("{\"dry\":true}", "Mcp-Param-Dry", "1"),
        Arguments.of("{\"to\":{\"host\":\"a\"}}", "Mcp-Param-To-Host", "b"),
        Arguments.of("{\"to\":{\"host\":\"a\"}}", "X", "x"));
  }

  @ParameterizedTest
  @MethodSource("mismatching")
  void headerThatSaysOtherwiseIsRefused(String arguments, String header, String value)
      throws Exception {
    // When
    Refusal refusal = refusal(new Headers().set(header, value), arguments);

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.HEADER_MISMATCH);
    assertThat(refusal.code()).isEqualTo(-32020);
    assertThat(refusal.message()).contains("Mcp-Param-");
  }

  @Test
  void repeatedHeaderIsRefused() throws Exception {
    // Given
    Headers headers = new Headers();
    headers.values.put("Mcp-Param-Region", List.of("eu", "eu"));

    // Then
    assertThat(refusal(headers, "{\"region\":\"eu\"}").kind()).isEqualTo(Kind.REPEATED_HEADER);
  }

  @Test
  void objectWhereAPlainValueIsDeclaredIsRefused() throws Exception {
    assertThat(refusal(new Headers(), "{\"region\":{}}").kind()).isEqualTo(Kind.BAD_PARAMS);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"\"}}}",
        "{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":7}}}",
        "{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"a b\"}}}",
        "{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"a\\r\\nb\"}}}",
        "{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"a:b\"}}}",
        "{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"\u00e4\"}}}",
        "{\"properties\":{\"a\":{\"type\":\"number\",\"x-mcp-header\":\"A\"}}}",
        "{\"properties\":{\"a\":{\"type\":\"object\",\"x-mcp-header\":\"A\"}}}",
        "{\"properties\":{\"a\":{\"type\":\"array\",\"x-mcp-header\":\"A\"}}}",
        "{\"properties\":{\"a\":{\"type\":[\"string\",\"null\"],\"x-mcp-header\":\"A\"}}}",
        "{\"properties\":{\"a\":{\"x-mcp-header\":\"A\"}}}",
        "{\"type\":\"string\",\"x-mcp-header\":\"A\"}",
        "{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A\"},\"b\":{\"type\":\"string\",\"x-mcp-header\":\"a\"}}}",
        "{\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}}}",
        "{\"properties\":{\"a\":{\"prefixItems\":[{\"type\":\"string\",\"x-mcp-header\":\"A\"}]}}}",
        "{\"oneOf\":[{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}}]}",
        "{\"allOf\":[{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}}]}",
        "{\"not\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}",
        "{\"if\":{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}}}",
        "{\"$defs\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}}",
        "{\"patternProperties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}}",
        "{\"additionalProperties\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}",
        "{\"unknownKeyword\":{\"deep\":[{\"x-mcp-header\":\"A\"}]}}"
      })
  void declarationThatBreaksTheRulesInvalidatesTheTool(String schema) throws Exception {
    assertThat(McpParamHeaders.declaredBy(json(schema))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "true",
        "{\"properties\":{\"x-mcp-header\":{\"type\":\"string\"}}}",
        "{\"properties\":{\"a\":{\"const\":{\"x-mcp-header\":7}}}}",
        "{\"properties\":{\"a\":{\"default\":{\"x-mcp-header\":7}}}}",
        "{\"properties\":{\"a\":{\"enum\":[{\"x-mcp-header\":7}]}}}",
        "{\"properties\":{\"a\":{\"examples\":[{\"x-mcp-header\":7}]}}}"
      })
  void schemaWithoutDeclarationsDeclaresNone(String schema) throws Exception {
    assertThat(McpParamHeaders.declaredBy(json(schema)).orElseThrow().isEmpty()).isTrue();
  }

  @Test
  void endlessSchemaIsInvalid() throws Exception {
    // Given
    String schema = "{\"not\":".repeat(100) + "{}" + "}".repeat(100);

    // Then
    assertThat(McpParamHeaders.declaredBy(json(schema))).isEmpty();
  }

  private static McpParamHeaders declared(String schema) throws Exception {
    return McpParamHeaders.declaredBy(json(schema)).orElseThrow();
  }

  private static ToolCall call(String arguments) throws MessageRefused {
    McpMessage message =
        MessageReaderTest.read(
            MessageReaderTest.request(
                "tools/call", "{\"name\":\"t\",\"arguments\":" + arguments + "}"));
    return ((McpMessage.Request) message).toolCall().orElseThrow();
  }

  private static Refusal refusal(Headers headers, String arguments) throws Exception {
    McpParamHeaders declared = declared(SCHEMA);
    ToolCall call = call(arguments);
    return catchThrowableOfType(MessageRefused.class, () -> declared.check(headers, call))
        .refusal();
  }

  private static JsonNode json(String text) throws Exception {
    return new JsonMapper().readTree(text);
  }
}
