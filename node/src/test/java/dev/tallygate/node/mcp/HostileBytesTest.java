package dev.tallygate.node.mcp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.node.mcp.McpMessage.Invocation;
import dev.tallygate.node.mcp.McpMessage.Notification;
import dev.tallygate.node.mcp.McpMessage.Request;
import dev.tallygate.node.mcp.McpMessage.Response;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever bytes come, a message is read as every JSON parser reads it, or refused. */
class HostileBytesTest {
  private static final JsonMapper LENIENT = new JsonMapper();
  private static final JsonBounds BOUNDS = new JsonBounds(2000, 16, 200, 1000);

  @Property(tries = 3000)
  void arbitraryBytesAreReadOrRefused(@ForAll byte[] body) throws Exception {
    requireReadAlikeOrRefused(body);
  }

  @Property(tries = 5000)
  void brokenMessagesAreReadAlikeOrRefused(@ForAll("broken") byte[] body) throws Exception {
    requireReadAlikeOrRefused(body);
  }

  @Property(tries = 5000)
  void composedMessagesAreReadAlikeOrRefused(@ForAll("composed") String body) throws Exception {
    requireReadAlikeOrRefused(body.getBytes(UTF_8));
  }

  @Property(tries = 2000)
  void eraIsFoundOrRefusedWhateverTheHeadersSay(
      @ForAll("headerValues") String version,
      @ForAll("headerValues") String method,
      @ForAll("headerValues") String name)
      throws Exception {
    // Given
    EraDetectionTest.Headers headers =
        new EraDetectionTest.Headers()
            .set("MCP-Protocol-Version", version)
            .set("Mcp-Method", method)
            .set("Mcp-Name", name);
    McpMessage message =
        MessageReaderTest.read(
            MessageReaderTest.request(
                "tools/call",
                "{\"name\":\"echo\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"
                    + "\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}}"));

    // When
    boolean accepted;
    try {
      accepted = EraDetection.detect(headers, message).isModern();
    } catch (MessageRefused e) {
      accepted = false;
    }

    // Then
    boolean agreeing =
        version.strip().equals("2026-07-28")
            && method.strip().equals("tools/call")
            && Set.of("echo", "=?base64?ZWNobw==?=").contains(name.strip());
    assertThat(accepted).isEqualTo(agreeing);
  }

  @Provide
  Arbitrary<byte[]> broken() {
    Arbitrary<String> messages =
        Arbitraries.of(
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"e\"}}",
            "{\"jsonrpc\":\"2.0\",\"id\":\"\u00e9\",\"result\":{\"a\":[1,2.5,null,\"\u20ac\"]}}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":{\"_meta\":{}}}");
    Arbitrary<byte[]> patches =
        Arbitraries.of(
                "\"",
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "\0",
                "\\",
                "\\u0000",
                "\\ud800",
                "1e999",
                "-0",
                "\u00ff",
                "\u00c0\u0080",
                "\u00ef\u00bb\u00bf",
                "//",
                "/**/",
                "NaN",
                "name",
                "Name",
                "\"id\":1,",
                "\"method\":\"x\",",
                " ",
                "\n")
            .map(patch -> patch.getBytes(ISO_8859_1));
    return Combinators.combine(
            messages, patches, Arbitraries.doubles().between(0, 1), Arbitraries.of(0, 0, 1, 3))
        .as(HostileBytesTest::patched);
  }

  private static byte[] patched(String message, byte[] patch, double place, int removed) {
    byte[] bytes = message.getBytes(UTF_8);
    int at = (int) (place * bytes.length);
    int rest = Math.min(bytes.length, at + removed);
    byte[] result = new byte[at + patch.length + bytes.length - rest];
    System.arraycopy(bytes, 0, result, 0, at);
    System.arraycopy(patch, 0, result, at, patch.length);
    System.arraycopy(bytes, rest, result, at + patch.length, bytes.length - rest);
    return result;
  }

  @Provide
  Arbitrary<String> composed() {
    Arbitrary<String> keys =
        Arbitraries.of(
            "jsonrpc", "id", "method", "params", "result", "error", "ID", "m\\u0065thod", "x");
    Arbitrary<String> values =
        Arbitraries.of(
            "\"2.0\"",
            "1",
            "1.0",
            "null",
            "\"a\"",
            "\"tools/call\"",
            "\"tools/list\"",
            "\"notifications/x\"",
            "{}",
            "{\"name\":\"a\"}",
            "{\"name\":\"a\",\"Name\":\"b\"}",
            "{\"name\":\"a\",\"arguments\":[]}",
            "{\"code\":1,\"message\":\"\"}",
            "[]",
            "9007199254740993",
            "1e3",
            "-0");
    return Combinators.combine(keys, values)
        .as((key, value) -> "\"" + key + "\":" + value)
        .list()
        .ofMaxSize(5)
        .map(members -> "{\"jsonrpc\":\"2.0\"," + String.join(",", members) + "}");
  }

  @Provide
  Arbitrary<String> headerValues() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "2026-07-28",
            " 2026-07-28\t",
            "2025-11-25",
            "tools/call",
            "tools/call ",
            "TOOLS/CALL",
            "echo",
            " echo",
            "Echo",
            "=?base64?ZWNobw==?=",
            "=?base64?ZWNobw=?=",
            "=?base64?",
            ""),
        Arbitraries.strings().withCharRange('\0', '\u00ff').ofMaxLength(20));
  }

  private static void requireReadAlikeOrRefused(byte[] body) throws Exception {
    // When
    McpMessage message;
    try {
      message = MessageReader.read(body, BOUNDS);
    } catch (MessageRefused e) {
      assertThat(e.refusal().status()).isIn(400, 413);
      assertThat(List.of(-32700, -32600, -32602)).contains(e.refusal().code());
      assertThat(LENIENT.readTree(Answers.refused(e.refusal()).body()).has("error")).isTrue();
      return;
    }

    // Then
    JsonNode tree = LENIENT.readTree(body);
    if (message instanceof Invocation invocation) {
      assertThat(tree.path("method").textValue()).isEqualTo(invocation.method());
      assertThat(tree.has("id")).isEqualTo(message instanceof Request);
      assertThat(tree.path("params").size()).isEqualTo(invocation.params().size());
      if (message instanceof Request request) {
        assertThat(tree.path("id").asText()).isEqualTo(request.id().asText());
        request
            .toolCall()
            .ifPresent(
                call -> assertThat(tree.at("/params/name").textValue()).isEqualTo(call.name()));
      } else {
        assertThat(message).isInstanceOf(Notification.class);
      }
    } else {
      Response response = (Response) message;
      assertThat(tree.has(response.isError() ? "error" : "result")).isTrue();
      assertThat(tree.has("method")).isFalse();
    }
  }
}
