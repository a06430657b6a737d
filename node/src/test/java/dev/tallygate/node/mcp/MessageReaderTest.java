package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tallygate.json.JsonBounds;
import dev.tallygate.node.mcp.McpMessage.Notification;
import dev.tallygate.node.mcp.McpMessage.Request;
import dev.tallygate.node.mcp.McpMessage.Response;
import dev.tallygate.node.mcp.Refusal.Kind;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageReaderTest {
  private static final String CALL =
      "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
          + "\"params\":{\"name\":\"echo\",\"arguments\":{\"text\":\"hi\"}}}";

  @Test
  void callIsReadWithNameAndArguments() throws Exception {
    // When
    McpMessage message = read(CALL);

    // Then
    assertThat(message).isInstanceOf(Request.class);
    ToolCall call = ((Request) message).toolCall().orElseThrow();
    assertThat(call.name()).isEqualTo("echo");
    assertThat(call.id().intValue()).isEqualTo(7);
    assertThat(call.arguments().path("text").textValue()).isEqualTo("hi");
  }

  @Test
  void callWithoutArgumentsHasNone() throws Exception {
    // When
    Request request = (Request) read(request("tools/call", "{\"name\":\"echo\"}"));

    // Then
    assertThat(request.toolCall().orElseThrow().arguments()).isEmpty();
  }

  @Test
  void otherRequestIsNoToolCall() throws Exception {
    // When
    Request request = (Request) read(request("tools/list", "{}"));

    // Then
    assertThat(request.toolCall()).isEmpty();
    assertThat(request.namedThing()).isEmpty();
  }

  @Test
  void notificationIsRead() throws Exception {
    // When
    McpMessage message = read("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");

    // Then
    assertThat(message).isInstanceOf(Notification.class);
    assertThat(((Notification) message).params()).isEmpty();
  }

  @Test
  void resultAndErrorAreReadAsResponses() throws Exception {
    // When
    Response result = (Response) read("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{\"x\":1}}");
    Response error =
        (Response)
            read("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-1,\"message\":\"no\"}}");

    // Then
    assertThat(result.isError()).isFalse();
    assertThat(result.body().path("x").intValue()).isEqualTo(1);
    assertThat(error.isError()).isTrue();
  }

  static Stream<Arguments> namedThings() {
    return Stream.of(
        Arguments.of("tools/call", "{\"name\":\"n\"}", "n"),
        Arguments.of("prompts/get", "{\"name\":\"p\"}", "p"),
        Arguments.of("resources/read", "{\"uri\":\"file:///a\"}", "file:///a"),
        Arguments.of("resources/subscribe", "{\"uri\":\"u\"}", "u"),
        Arguments.of("resources/unsubscribe", "{\"uri\":\"u\"}", "u"),
        Arguments.of("tasks/get", "{\"taskId\":\"t\"}", "t"),
        Arguments.of("tasks/result", "{\"taskId\":\"t\"}", "t"),
        Arguments.of("tasks/update", "{\"taskId\":\"t\"}", "t"),
        Arguments.of("tasks/cancel", "{\"taskId\":\"t\"}", "t"),
        Arguments.of(
            "completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\"}}", "p"),
        Arguments.of(
            "completion/complete", "{\"ref\":{\"type\":\"ref/resource\",\"uri\":\"u\"}}", "u"));
  }

  @ParameterizedTest
  @MethodSource("namedThings")
  void methodNamesWhatItActsOn(String method, String params, String expected) throws Exception {
    // When
    Request request = (Request) read(request(method, params));

    // Then
    assertThat(request.namedThing()).contains(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "[[]]",
        " \n\t\r[1]",
        "[",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},7]"
      })
  void batchIsRefusedAsBatch(String body) {
    // When
    Refusal refusal = refusal(body);

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.BATCH);
    assertThat(refusal.code()).isEqualTo(-32600);
    assertThat(refusal.status()).isEqualTo(400);
    assertThat(refusal.id().isNull()).isTrue();
  }

  @Test
  void textThatIsNotStrictJsonIsRefused() {
    for (String body :
        List.of(
            "",
            "   ",
            "{",
            "}",
            "nul",
            CALL + "x",
            CALL + CALL,
            CALL + "[]",
            CALL + "\0",
            "\uFEFF" + CALL,
            "\uFEFF[" + CALL + "]",
            "/* */" + CALL,
            CALL + "//",
            CALL.replace("7", "07"),
            CALL.replace("7", "+7"),
            CALL.replace("7", "0x7"),
            CALL.replace("7", ".7"),
            CALL.replace("7", "7."),
            CALL.replace("7", "NaN"),
            CALL.replace("7", "Infinity"),
            CALL.replace("7", "7,,"),
            CALL.replace("\"", "'"),
            CALL.replace("}}}", "},}}"),
            CALL.replace("hi", "\\ud800"),
            CALL.replace("hi", "\\udc00\\ud800"),
            CALL.replace("hi", "a\nb"),
            CALL.replace("hi", "\\x41"))) {
      // When
      Refusal refusal = refusal(body);

      // Then
      assertThat(refusal.kind()).as(body).isEqualTo(Kind.NOT_JSON);
      assertThat(refusal.code()).as(body).isEqualTo(-32700);
      assertThat(refusal.id().isNull()).as(body).isTrue();
    }
  }

  @Test
  void otherEncodingsAreRefused() {
    for (byte[] body :
        List.of(
            CALL.getBytes(UTF_16),
            CALL.replace("hi", "h\u00ef").getBytes(ISO_8859_1),
            CALL.replace("hi", "\u00c0\u0080").getBytes(ISO_8859_1),
            CALL.replace("hi", "\u00ed\u00a0\u0080").getBytes(ISO_8859_1))) {
      // When
      Refusal refusal = refusal(body);

      // Then
      assertThat(refusal.kind()).isEqualTo(Kind.NOT_JSON);
    }
  }

  @Test
  void duplicateKeysAreRefusedAtEveryDepth() {
    for (String body :
        List.of(
            CALL.replace("\"id\":7", "\"id\":7,\"id\":7"),
            CALL.replace("\"id\":7", "\"id\":7,\"\\u0069d\":8"),
            CALL.replace("\"method\"", "\"method\":\"tools/list\",\"method\""),
            CALL.replace("\"method\"", "\"method\":\"tools/list\",\"m\\u0065thod\""),
            CALL.replace("\"params\"", "\"params\":{},\"params\""),
            CALL.replace("\"jsonrpc\"", "\"jsonrpc\":\"1.0\",\"jsonrpc\""),
            CALL.replace("\"name\"", "\"name\":\"a\",\"name\""),
            CALL.replace("\"name\"", "\"name\":\"a\",\"n\\u0061me\""),
            CALL.replace("\"arguments\"", "\"arguments\":{},\"arguments\""),
            CALL.replace("\"name\"", "\"_meta\":{},\"_meta\":{},\"name\""),
            CALL.replace("\"name\"", "\"_meta\":{\"a\":1,\"a\":2},\"name\""),
            CALL.replace("\"text\"", "\"text\":1,\"text\""),
            CALL.replace("\"hi\"", "[{\"a\":[{\"b\":1,\"b\":1}]}]"))) {
      // When
      Refusal refusal = refusal(body);

      // Then
      assertThat(refusal.kind()).as(body).isEqualTo(Kind.DUPLICATE_KEY);
      assertThat(refusal.status()).isEqualTo(400);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "\"x\"", "null", "true", "1.5"})
  void valueThatIsNoObjectIsNoMessage(String body) {
    // When
    Refusal refusal = refusal(body);

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.NOT_A_MESSAGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"1.0\"", "\"2\"", "2.0", "2", "null", "\" 2.0\"", "[\"2.0\"]"})
  void onlyJsonRpcTwoIsAccepted(String version) {
    // When
    Refusal refusal = refusal(CALL.replace("\"2.0\"", version));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.NOT_A_MESSAGE);
    assertThat(refusal.id().intValue()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "true",
        "1.0",
        "1e3",
        "-1.5",
        "9007199254740992",
        "-9007199254740992",
        "9223372036854775808",
        "100000000000000000000000000000",
        "{}",
        "[]",
        "[1]"
      })
  void idIsStringOrSafeInteger(String id) {
    // When
    Refusal refusal = refusal(CALL.replace("\"id\":7", "\"id\":" + id));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.BAD_ID);
    assertThat(refusal.id().isNull()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-1",
        "9007199254740991",
        "-9007199254740991",
        "\"\"",
        "\"a-1\"",
        "\"\u00e9\""
      })
  void goodIdIsKept(String id) throws Exception {
    // When
    Request request = (Request) read(CALL.replace("\"id\":7", "\"id\":" + id));

    // Then
    assertThat(request.id().toString()).isEqualTo(id);
  }

  @Test
  void stringIdHasALimit() throws Exception {
    // When
    Request longest = (Request) read(CALL.replace("7", "\"" + "i".repeat(256) + "\""));
    Refusal tooLong = refusal(CALL.replace("7", "\"" + "i".repeat(257) + "\""));

    // Then
    assertThat(longest.id().textValue()).hasSize(256);
    assertThat(tooLong.kind()).isEqualTo(Kind.BAD_ID);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "1",
        "\"\"",
        "\"tools/call \"",
        "\" tools/call\"",
        "\"tools\\u0000/call\"",
        "\"tools/call\\n\"",
        "\"tools/\u0441all\"",
        "\"tools/call\\u200b\"",
        "[\"tools/call\"]"
      })
  void methodIsVisibleAscii(String method) {
    // When
    Refusal refusal = refusal(CALL.replace("\"tools/call\"", method));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.BAD_METHOD);
    assertThat(refusal.id().intValue()).isEqualTo(7);
  }

  @Test
  void methodHasALimit() throws Exception {
    // When
    McpMessage longest = read(request("m".repeat(128), "{}"));
    Refusal tooLong = refusal(request("m".repeat(129), "{}"));

    // Then
    assertThat(longest).isInstanceOf(Request.class);
    assertThat(tooLong.kind()).isEqualTo(Kind.BAD_METHOD);
  }

  @Test
  void requestWithoutMethodIsRefused() {
    assertThat(refusal("{\"jsonrpc\":\"2.0\",\"id\":1}").kind()).isEqualTo(Kind.BAD_METHOD);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Method",
        "METHOD",
        "method\\u0000",
        "Id",
        "ID",
        "Params",
        "param\u017f",
        "extra",
        "result",
        "error",
        "JSONRPC",
        "__proto__",
        "",
        " id",
        "id\\u200b"
      })
  void otherMembersOfAMessageAreRefused(String key) {
    // When
    Refusal refusal = refusal(CALL.replace("\"id\"", "\"" + key + "\":1,\"id\""));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.AMBIGUOUS_KEY);
    assertThat(refusal.id().intValue()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Name",
        "NAME",
        "nAme",
        "name\\u0000",
        "\\u0000name",
        "na\\u200bme",
        "name\\ufeff",
        "na\\u00adme",
        "\\uff4e\\uff41\\uff4d\\uff45",
        " name",
        "name\\u00a0",
        "Arguments",
        "argument\u017f",
        "ARGUMENT\u017f",
        "arguments\\u2060",
        "URI",
        "ur\u0131",
        "ur\u0130",
        "TaskId",
        "task\\u0069D",
        "_Meta",
        "_\\u200dmeta",
        "RequestState",
        "inputresponses",
        "\\ud835\\udc27\\ud835\\udc1a\\ud835\\udc26\\ud835\\udc1e"
      })
  void keysThatPassForKnownParamsAreRefused(String key) {
    // When
    Refusal refusal = refusal(CALL.replace("\"name\"", "\"" + key + "\":\"x\",\"name\""));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.AMBIGUOUS_KEY);
    assertThat(refusal.code()).isEqualTo(-32600);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "IO.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/protocolversion",
        "io.modelcontextprotocol/protocolVersion\\u0000",
        "io.modelcontextprotocol/client\\u200bCapabilities",
        "ProgressToken"
      })
  void keysThatPassForKnownMetaAreRefused(String key) {
    // When
    Refusal refusal = refusal(CALL.replace("\"name\"", "\"_meta\":{\"" + key + "\":1},\"name\""));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.AMBIGUOUS_KEY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"names", "nam", "_name", "n-ame", "\u4e2d", "x", "argument", "context"})
  void otherParamsAreLetThrough(String key) throws Exception {
    // When
    McpMessage message = read(CALL.replace("\"name\"", "\"" + key + "\":{},\"name\""));

    // Then
    assertThat(((Request) message).params().has(key)).isTrue();
  }

  @Test
  void argumentsMayHaveKeysOfAnyCase() throws Exception {
    // When
    McpMessage message =
        read(CALL.replace("\"text\"", "\"Name\":1,\"NAME\":2,\"name\":3,\"text\""));

    // Then
    assertThat(((Request) message).toolCall().orElseThrow().arguments()).hasSize(4);
  }

  @Test
  void protoIsRefusedAtEveryDepth() {
    for (String body :
        List.of(
            CALL.replace("\"name\"", "\"__proto__\":{\"arguments\":{}},\"name\""),
            CALL.replace("\"text\"", "\"__proto__\":{},\"text\""),
            CALL.replace("\"hi\"", "[1,[{\"__pr\\u006fto__\":1}]]"))) {
      assertThat(refusal(body).kind()).as(body).isEqualTo(Kind.AMBIGUOUS_KEY);
    }
  }

  /** MCP 2026-07-28 removed them: 404 is the answer, which is the server's to give. */
  @ParameterizedTest
  @ValueSource(strings = {"resources/subscribe", "resources/unsubscribe", "tasks/result"})
  void methodThatALaterRevisionRemovedHasNoRuleForItsParamsThere(String method) throws Exception {
    // Given
    String meta = "{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}";

    // When
    Request request = (Request) read(request(method, meta));

    // Then
    assertThat(request.namedThing()).isEmpty();
    assertThat(refusal(request(method, "{}")).kind()).isEqualTo(Kind.BAD_PARAMS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "[]", "\"x\"", "1", "[{\"name\":\"echo\"}]"})
  void paramsMustBeAnObject(String params) {
    // When
    Refusal refusal = refusal(request("tools/call", params));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.BAD_PARAMS);
    assertThat(refusal.code()).isEqualTo(-32602);
  }

  static Stream<Arguments> badParams() {
    return Stream.of(
        Arguments.of("tools/call", "{}"),
        Arguments.of("tools/call", "{\"name\":null}"),
        Arguments.of("tools/call", "{\"name\":1}"),
        Arguments.of("tools/call", "{\"name\":[\"echo\"]}"),
        Arguments.of("tools/call", "{\"name\":\"echo\",\"arguments\":null}"),
        Arguments.of("tools/call", "{\"name\":\"echo\",\"arguments\":\"x\"}"),
        Arguments.of("tools/call", "{\"name\":\"echo\",\"arguments\":[]}"),
        Arguments.of("tools/call", "{\"name\":\"echo\",\"_meta\":null}"),
        Arguments.of("tools/call", "{\"name\":\"echo\",\"_meta\":[]}"),
        Arguments.of("prompts/get", "{}"),
        Arguments.of("prompts/get", "{\"name\":\"p\",\"arguments\":[]}"),
        Arguments.of("resources/read", "{}"),
        Arguments.of("resources/read", "{\"uri\":7}"),
        Arguments.of("tasks/get", "{\"taskId\":7}"),
        Arguments.of("completion/complete", "{}"),
        Arguments.of("completion/complete", "{\"ref\":\"x\"}"),
        Arguments.of("completion/complete", "{\"ref\":{\"type\":\"ref/other\",\"name\":\"x\"}}"),
        Arguments.of(
            "completion/complete",
            "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"x\",\"uri\":\"y\"}}"),
        Arguments.of(
            "completion/complete",
            "{\"ref\":{\"type\":\"ref/resource\",\"name\":\"x\",\"uri\":\"y\"}}"));
  }

  @ParameterizedTest
  @MethodSource("badParams")
  void paramsOfKnownMethodsHaveTheirTypes(String method, String params) {
    // When
    Refusal refusal = refusal(request(method, params));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.BAD_PARAMS);
    assertThat(refusal.id().intValue()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tools/call", "resources/read", "tools/list", "initialize", "x"})
  void requestWithoutIdIsRefused(String method) {
    // When
    Refusal refusal =
        refusal(
            "{\"jsonrpc\":\"2.0\",\"method\":\"" + method + "\",\"params\":{\"name\":\"echo\"}}");

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.WITHOUT_ID);
    assertThat(refusal.status()).isEqualTo(400);
  }

  @Test
  void notificationWithIdIsRefused() {
    assertThat(refusal(request("notifications/cancelled", "{}")).kind()).isEqualTo(Kind.BAD_METHOD);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{\"code\":1,\"message\":\"\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"x\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1.5,\"message\":\"\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"1\",\"message\":\"\"}}"
      })
  void responseHasOneWellFormedHalf(String body) {
    assertThat(refusal(body).kind()).isEqualTo(Kind.NOT_A_MESSAGE);
  }

  @Test
  void responseNeedsAnId() {
    assertThat(refusal("{\"jsonrpc\":\"2.0\",\"result\":{}}").kind()).isEqualTo(Kind.BAD_ID);
    assertThat(refusal("{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}").kind())
        .isEqualTo(Kind.BAD_ID);
  }

  @Test
  void messageThatIsBothRequestAndResponseIsRefused() {
    assertThat(refusal(CALL.replace("\"id\"", "\"result\":{},\"id\"")).kind())
        .isEqualTo(Kind.AMBIGUOUS_KEY);
  }

  @Test
  void sizeIsBoundedWithItsOwnStatus() {
    // When
    Refusal refusal = refusal(CALL.getBytes(UTF_8), JsonBounds.REQUEST.withMaxBytes(20));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.TOO_LARGE);
    assertThat(refusal.status()).isEqualTo(413);
  }

  @Test
  void depthAndCountAndNumbersAreBounded() {
    for (String value :
        List.of(
            "[".repeat(100) + "]".repeat(100),
            "[".repeat(20_000) + "]".repeat(20_000),
            "{\"a\":".repeat(100) + "1" + "}".repeat(100),
            "[" + "1,".repeat(200_000) + "1]",
            "1e400",
            "1E400",
            "-1e999999999",
            "9".repeat(100))) {
      // When
      Refusal refusal = refusal(CALL.replace("\"hi\"", value));

      // Then
      assertThat(refusal.kind()).isEqualTo(Kind.TOO_COMPLEX);
    }
  }

  @Test
  void refusalNeverEchoesTheMessage() {
    for (String body :
        List.of(
            "evilevil",
            CALL.replace("\"id\"", "\"evilevil\":1,\"id\""),
            CALL.replace("\"tools/call\"", "\"evilevil\\n\""),
            CALL.replace("\"text\"", "\"evilevil\":1,\"evilevil\":2,\"text\""),
            CALL.replace("\"name\"", "\"name\":evilevil,\"x\""))) {
      assertThat(refusal(body).message()).as(body).doesNotContain("evil").isNotBlank();
    }
  }

  static String request(String method, String params) {
    return "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"" + method + "\",\"params\":" + params + "}";
  }

  static McpMessage read(String body) throws MessageRefused {
    return MessageReader.read(body.getBytes(UTF_8), JsonBounds.REQUEST);
  }

  private static Refusal refusal(String body) {
    return refusal(body.getBytes(UTF_8));
  }

  private static Refusal refusal(byte[] body) {
    return refusal(body, JsonBounds.REQUEST);
  }

  private static Refusal refusal(byte[] body, JsonBounds bounds) {
    return catchThrowableOfType(MessageRefused.class, () -> MessageReader.read(body, bounds))
        .refusal();
  }
}
