package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.tallygate.node.mcp.Refusal.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EraDetectionTest {
  private static final String MODERN = "2026-07-28";
  private static final String FUTURE = "2099-01-01";

  private enum Body {
    REQUEST,
    CALL,
    INITIALIZE,
    NOTIFICATION,
    RESPONSE
  }

  /** Every combination of: header version, version in the body, kind of message, session header. */
  static Stream<Arguments> everySignal() {
    List<Arguments> rows = new ArrayList<>();
    for (String header :
        Arrays.asList(
            null, "2025-03-26", "2025-06-18", "2025-11-25", MODERN, FUTURE, "2024-11-05", "junk")) {
      for (String claim : Arrays.asList(null, "2025-11-25", MODERN, FUTURE, "junk")) {
        for (Body body : Body.values()) {
          for (boolean session : new boolean[] {false, true}) {
            rows.add(Arguments.of(header, claim, body, session));
          }
        }
      }
    }
    return rows.stream();
  }

  @ParameterizedTest
  @MethodSource("everySignal")
  void everyCombinationOfSignalsHasItsAnswer(
      String header, String claim, Body body, boolean session) throws Exception {
    // Given
    Headers headers = new Headers();
    if (header != null) {
      headers.set("MCP-Protocol-Version", header);
    }
    if (session) {
      headers.set("Mcp-Session-Id", "s-1");
    }
    McpMessage message = message(body, claim);
    if (message instanceof McpMessage.Invocation invocation) {
      headers.set("Mcp-Method", invocation.method());
      invocation.namedThing().ifPresent(name -> headers.set("Mcp-Name", name));
    }

    // When
    String outcome = outcome(headers, message);

    // Then
    assertThat(outcome).isEqualTo(expected(header, claim, body));
  }

  /** The table of answers, written out a second time. */
  private static String expected(String header, String claim, Body body) {
    boolean modernHeader = MODERN.equals(header) || FUTURE.equals(header);
    String legacy =
        header == null
            ? "legacy 2025-03-26"
            : List.of("2025-03-26", "2025-06-18", "2025-11-25").contains(header)
                ? "legacy " + header
                : "unsupported-version -32600";
    if (body == Body.RESPONSE) {
      return modernHeader ? "response -32600" : legacy;
    }
    boolean modernClaim = MODERN.equals(claim) || FUTURE.equals(claim);
    if (body == Body.INITIALIZE && !modernClaim) {
      if (modernHeader || claim != null) {
        return "header-mismatch -32020";
      }
      return legacy.startsWith("legacy") ? "legacy 2025-11-25" : legacy;
    }
    if (claim != null) {
      if (!claim.equals(header)) {
        return "header-mismatch -32020";
      }
      return claim.equals(MODERN) ? "modern " + MODERN : "unsupported-version -32022";
    }
    if (!modernHeader) {
      return legacy;
    }
    if (body == Body.NOTIFICATION) {
      return header.equals(MODERN) ? "modern " + MODERN : "unsupported-version -32022";
    }
    return "missing-meta -32602";
  }

  /** Those that a request may name like this: a version with a handshake would be refused again. */
  @Test
  void unsupportedVersionTellsWhichMayBeNamedInstead() throws Exception {
    // Given
    Headers headers = modernHeaders("tools/list").set("MCP-Protocol-Version", FUTURE);

    // When
    Refusal refusal = refusal(headers, message(Body.REQUEST, FUTURE));

    // Then
    JsonNode data = refusal.data().orElseThrow();
    assertThat(data.path("requested").textValue()).isEqualTo(FUTURE);
    assertThat(data.path("supported")).extracting(JsonNode::textValue).containsExactly(MODERN);
    assertThat(refusal.status()).isEqualTo(400);
    assertThat(refusal.id().intValue()).isEqualTo(7);
  }

  @Test
  void unsupportedVersionOfASessionTellsAllThatAreSpoken() throws Exception {
    // Given
    Headers headers = new Headers().set("MCP-Protocol-Version", "2024-11-05");

    // When
    Refusal refusal = refusal(headers, message(Body.REQUEST, null));

    // Then
    assertThat(refusal.data().orElseThrow().path("supported"))
        .extracting(JsonNode::textValue)
        .containsExactly(MODERN, "2025-11-25", "2025-06-18", "2025-03-26");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "MCP-Protocol-Version",
        "Mcp-Method",
        "Mcp-Name",
        "Mcp-Session-Id",
        "Last-Event-ID"
      })
  void repeatedHeaderIsRefusedEvenIfBothAreEqual(String header) throws Exception {
    // Given
    Headers modern = modernHeaders("tools/call").set("Mcp-Name", "echo");
    modern.values.put(header, List.of("x", "x"));
    Headers legacy = new Headers();
    legacy.values.put(header, List.of("2025-11-25", "2025-11-25"));

    // When
    Refusal ofModern = refusal(modern, message(Body.CALL, MODERN));
    Refusal ofLegacy = refusal(legacy, message(Body.CALL, null));

    // Then
    assertThat(ofModern.kind()).isEqualTo(Kind.REPEATED_HEADER);
    assertThat(ofModern.code()).isEqualTo(-32020);
    assertThat(ofLegacy.kind()).isEqualTo(Kind.REPEATED_LEGACY_HEADER);
    assertThat(ofLegacy.code()).isEqualTo(-32600);
  }

  @Test
  void versionHeaderOfBothErasIsRefusedAsRepeated() throws Exception {
    // Given
    Headers headers = new Headers();
    headers.values.put("MCP-Protocol-Version", List.of("2025-11-25", MODERN));

    // When
    Refusal refusal = refusal(headers, message(Body.REQUEST, null));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.REPEATED_HEADER);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tools/list", "Tools/Call", "tools/call2", "", "tools/call tools/list"})
  void methodHeaderMustNameTheMethod(String method) throws Exception {
    // Given
    Headers headers = modernHeaders(method).set("Mcp-Name", "echo");

    // When
    Refusal refusal = refusal(headers, message(Body.CALL, MODERN));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.HEADER_MISMATCH);
    assertThat(refusal.code()).isEqualTo(-32020);
  }

  @Test
  void methodHeaderIsRequiredOfRequests() throws Exception {
    // Given
    Headers headers = new Headers().set("MCP-Protocol-Version", MODERN);

    // When
    Refusal refusal = refusal(headers, message(Body.REQUEST, MODERN));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.HEADER_MISMATCH);
    assertThat(refusal.message()).contains("Mcp-Method");
  }

  @Test
  void methodHeaderOfNotificationMayBeAbsentButNotWrong() throws Exception {
    // Given
    Headers without = new Headers().set("MCP-Protocol-Version", MODERN);
    Headers wrong = modernHeaders("notifications/other");

    // When
    Era era = EraDetection.detect(without, message(Body.NOTIFICATION, MODERN));
    Refusal refusal = refusal(wrong, message(Body.NOTIFICATION, null));

    // Then
    assertThat(era.isModern()).isTrue();
    assertThat(refusal.kind()).isEqualTo(Kind.HEADER_MISMATCH);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Echo",
        "ech",
        "echo2",
        "",
        "=?base64??=",
        "=?base64?ZWNobw?=",
        "=?base64?ZWNobw=?=",
        "=?base64?ZWNobx==?=",
        "=?base64?ZWNob w==?=",
        "=?base64?ZWNobw==\n?=",
        "=?base64?ZWNob_==?=",
        "=?base64?/////w==?=",
        "=?BASE64?ZWNobw==?=",
        "=?base64?ZWNobw==",
        "ZWNobw==",
        "=?base64?=",
        "echo, echo",
        "\u00e9cho",
        "ec\u0000ho",
        "echo\u007f"
      })
  void nameHeaderMustNameTheTool(String name) throws Exception {
    // Given
    Headers headers = modernHeaders("tools/call").set("Mcp-Name", name);

    // When
    Refusal refusal = refusal(headers, message(Body.CALL, MODERN));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.HEADER_MISMATCH);
    assertThat(refusal.id().intValue()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "echo",
        " echo",
        "echo\t ",
        "\techo",
        "=?base64?ZWNobw==?=",
        " =?base64?ZWNobw==?= "
      })
  void nameHeaderMayBeSpacedAndEncoded(String name) throws Exception {
    // Given
    Headers headers = modernHeaders("tools/call").set("Mcp-Name", name);

    // When
    Era era = EraDetection.detect(headers, message(Body.CALL, MODERN));

    // Then
    assertThat(era).isEqualTo(new Era.Modern(MODERN));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "w\u00f6rter",
        "\u4e16\u754c",
        " padded ",
        "a\nb",
        "=?base64?literal?=",
        "\ud83d\ude00"
      })
  void encodedNameIsDecodedAsUtf8(String name) throws Exception {
    // Given
    String encoded = Base64.getEncoder().encodeToString(name.getBytes(UTF_8));
    Headers headers = modernHeaders("tools/call").set("Mcp-Name", "=?base64?" + encoded + "?=");
    McpMessage message = modern("tools/call", "\"name\":" + TextNode.valueOf(name));

    // When
    Era era = EraDetection.detect(headers, message);

    // Then
    assertThat(era.isModern()).isTrue();
  }

  @Test
  void literalThatLooksEncodedIsNotTakenAsItStands() throws Exception {
    // Given
    Headers headers = modernHeaders("tools/call").set("Mcp-Name", "=?base64?ZWNobw==?=");

    // When
    Refusal refusal = refusal(headers, modern("tools/call", "\"name\":\"=?base64?ZWNobw==?=\""));

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.HEADER_MISMATCH);
  }

  static Stream<Arguments> mirrored() {
    return Stream.of(
        Arguments.of("tools/call", "name"),
        Arguments.of("prompts/get", "name"),
        Arguments.of("resources/read", "uri"),
        Arguments.of("tasks/get", "taskId"),
        Arguments.of("tasks/update", "taskId"),
        Arguments.of("tasks/cancel", "taskId"));
  }

  @ParameterizedTest
  @MethodSource("mirrored")
  void methodsThatNameAThingNeedTheHeader(String method, String member) throws Exception {
    // Given
    McpMessage message = modern(method, "\"" + member + "\":\"x:y\"");

    // When
    Refusal missing = refusal(modernHeaders(method), message);
    Refusal wrong = refusal(modernHeaders(method).set("Mcp-Name", "x:z"), message);
    Era era = EraDetection.detect(modernHeaders(method).set("Mcp-Name", "x:y"), message);

    // Then
    assertThat(missing.kind()).isEqualTo(Kind.HEADER_MISMATCH);
    assertThat(wrong.kind()).isEqualTo(Kind.HEADER_MISMATCH);
    assertThat(era.isModern()).isTrue();
  }

  @Test
  void legacyMessageIsJudgedWithoutMirroredHeaders() throws Exception {
    // Given
    Headers headers =
        new Headers()
            .set("MCP-Protocol-Version", "2025-11-25")
            .set("Mcp-Method", "tools/list")
            .set("Mcp-Name", "other");

    // When
    Era era = EraDetection.detect(headers, message(Body.CALL, null));

    // Then
    assertThat(era).isEqualTo(new Era.Legacy("2025-11-25"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}",
        "{\"io.modelcontextprotocol/clientCapabilities\":{}}",
        "{\"io.modelcontextprotocol/protocolVersion\":7,\"io.modelcontextprotocol/clientCapabilities\":{}}",
        "{\"io.modelcontextprotocol/protocolVersion\":\"\",\"io.modelcontextprotocol/clientCapabilities\":{}}",
        "{\"io.modelcontextprotocol/protocolVersion\":null,\"io.modelcontextprotocol/clientCapabilities\":{}}",
        "{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":[]}",
        "{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{},\"io.modelcontextprotocol/clientInfo\":1}"
      })
  void modernRequestNeedsItsMeta(String meta) throws Exception {
    // Given
    McpMessage message =
        MessageReaderTest.read(MessageReaderTest.request("tools/list", "{\"_meta\":" + meta + "}"));

    // When
    Refusal refusal = refusal(modernHeaders("tools/list"), message);

    // Then
    assertThat(refusal.kind()).isEqualTo(Kind.MISSING_META);
    assertThat(refusal.code()).isEqualTo(-32602);
    assertThat(refusal.status()).isEqualTo(400);
  }

  @Test
  void handshakeOfOldestVersionIsLeftToTheServer() throws Exception {
    // Given
    McpMessage message =
        MessageReaderTest.read(
            MessageReaderTest.request("initialize", "{\"protocolVersion\":\"2024-11-05\"}"));

    // When
    Era era = EraDetection.detect(new Headers(), message);

    // Then
    assertThat(era).isEqualTo(new Era.Legacy("2024-11-05"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"protocolVersion\":7}",
        "{\"protocolVersion\":\"a b\"}",
        "{\"protocolVersion\":\"\"}"
      })
  void handshakeNamesAVersion(String params) throws Exception {
    // Given
    McpMessage message = MessageReaderTest.read(MessageReaderTest.request("initialize", params));

    // Then
    assertThat(refusal(new Headers(), message).kind()).isEqualTo(Kind.BAD_PARAMS);
  }

  @Test
  void requestWithoutBodyIsOfItsHeadersEra() throws Exception {
    // When
    Era modern = EraDetection.detect(new Headers().set("mcp-protocol-version", MODERN));
    Era legacy = EraDetection.detect(new Headers().set("mcp-protocol-version", "2025-06-18"));
    Era unnamed = EraDetection.detect(new Headers());
    Refusal unknown =
        catchThrowableOfType(
                MessageRefused.class,
                () -> EraDetection.detect(new Headers().set("mcp-protocol-version", FUTURE)))
            .refusal();

    // Then
    assertThat(modern).isEqualTo(new Era.Modern(MODERN));
    assertThat(legacy).isEqualTo(new Era.Legacy("2025-06-18"));
    assertThat(unnamed).isEqualTo(new Era.Legacy("2025-03-26"));
    assertThat(unknown.code()).isEqualTo(-32022);
  }

  @Test
  void requestedVersionIsEchoedOnlyIfItIsPlain() throws Exception {
    // Given
    Headers headers = new Headers().set("MCP-Protocol-Version", "evil\u00ff");

    // When
    Refusal refusal = refusal(headers, message(Body.REQUEST, null));

    // Then
    assertThat(refusal.data().orElseThrow().path("requested").textValue()).isEqualTo("malformed");
  }

  private static Headers modernHeaders(String method) {
    return new Headers().set("MCP-Protocol-Version", MODERN).set("Mcp-Method", method);
  }

  private static McpMessage modern(String method, String member) throws MessageRefused {
    return MessageReaderTest.read(
        MessageReaderTest.request(method, "{" + member + "," + meta(MODERN) + "}"));
  }

  private static McpMessage message(Body body, String claim) throws MessageRefused {
    String meta = claim == null ? "\"x\":1" : meta(claim);
    return MessageReaderTest.read(
        switch (body) {
          case REQUEST -> MessageReaderTest.request("tools/list", "{" + meta + "}");
          case CALL -> MessageReaderTest.request("tools/call", "{\"name\":\"echo\"," + meta + "}");
          case INITIALIZE ->
              MessageReaderTest.request(
                  "initialize", "{\"protocolVersion\":\"2025-11-25\"," + meta + "}");
          case NOTIFICATION ->
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":{" + meta + "}}";
          case RESPONSE -> "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{" + meta + "}}";
        });
  }

  private static String meta(String version) {
    return "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\""
        + version
        + "\",\"io.modelcontextprotocol/clientCapabilities\":{}}";
  }

  private static String outcome(HeaderValues headers, McpMessage message) {
    try {
      Era era = EraDetection.detect(headers, message);
      return (era.isModern() ? "modern " : "legacy ") + era.version();
    } catch (MessageRefused e) {
      return e.refusal().kind().label() + " " + e.refusal().code();
    }
  }

  private static Refusal refusal(HeaderValues headers, McpMessage message) {
    return catchThrowableOfType(MessageRefused.class, () -> EraDetection.detect(headers, message))
        .refusal();
  }

  /** Headers as an HTTP server gives them. */
  static final class Headers implements HeaderValues {
    final Map<String, List<String>> values = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    Headers set(String name, String value) {
      values.put(name, List.of(value));
      return this;
    }

    @Override
    public List<String> getAll(String name) {
      return Optional.ofNullable(values.get(name)).orElse(List.of());
    }
  }
}
