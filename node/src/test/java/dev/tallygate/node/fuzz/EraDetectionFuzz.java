package dev.tallygate.node.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.node.mcp.Era;
import dev.tallygate.node.mcp.EraDetection;
import dev.tallygate.node.mcp.HeaderValues;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.McpMessage.Invocation;
import dev.tallygate.node.mcp.McpMessage.Request;
import dev.tallygate.node.mcp.MessageReader;
import dev.tallygate.node.mcp.MessageRefused;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where the era of a message is told, its headers and its body agree on it. The input is header
 * lines, a blank line and the body.
 */
class EraDetectionFuzz {
  private static final String MODERN = "2026-07-28";
  private static final String VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
  private static final String CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities";
  private static final List<String> LEGACY = List.of("2025-11-25", "2025-06-18", "2025-03-26");
  private static final Map<String, String> MIRRORED =
      Map.of(
          "tools/call", "name",
          "prompts/get", "name",
          "resources/read", "uri",
          "tasks/get", "taskId",
          "tasks/update", "taskId",
          "tasks/cancel", "taskId");

  @FuzzTest
  void headersAndBodyOfATellableEraAgree(byte[] request) {
    String text = new String(request, ISO_8859_1);
    int blank = text.indexOf("\n\n");
    TreeMap<String, List<String>> headers = headers(blank < 0 ? text : text.substring(0, blank));
    HeaderValues values = name -> headers.getOrDefault(name, List.of());
    requireEraOfGet(values);
    if (blank < 0) {
      return;
    }
    McpMessage message;
    Era era;
    try {
      message =
          MessageReader.read(text.substring(blank + 2).getBytes(ISO_8859_1), JsonBounds.REQUEST);
      era = EraDetection.detect(values, message);
    } catch (MessageRefused e) {
      assertThat(e.refusal().status()).isIn(400, 413);
      return;
    }
    requireAgreement(values, message, era);
  }

  private static void requireEraOfGet(HeaderValues headers) {
    try {
      Era era = EraDetection.detect(headers);
      String version = only(headers, "MCP-Protocol-Version");
      assertThat(era.isModern()).isEqualTo(MODERN.equals(version));
    } catch (MessageRefused e) {
      assertThat(e.refusal().status()).isEqualTo(400);
    }
  }

  private static void requireAgreement(HeaderValues headers, McpMessage message, Era era) {
    String version = only(headers, "MCP-Protocol-Version");
    assertThat(era.isModern()).isEqualTo(MODERN.equals(version));
    JsonNode meta =
        message instanceof Invocation invocation
            ? invocation.params().path("_meta")
            : Json.read("{}".getBytes(ISO_8859_1));
    if (!era.isModern()) {
      assertThat(version == null || LEGACY.contains(version)).isTrue();
      assertThat(meta.has(VERSION_KEY)).isFalse();
      return;
    }
    assertThat(message).isInstanceOf(Invocation.class);
    Invocation invocation = (Invocation) message;
    assertThat(invocation.method()).isNotEqualTo("initialize");
    String method = only(headers, "Mcp-Method");
    assertThat(method == null || method.equals(invocation.method())).isTrue();
    if (message instanceof Request request) {
      assertThat(method).isNotNull();
      assertThat(meta.path(VERSION_KEY).textValue()).isEqualTo(MODERN);
      assertThat(meta.path(CAPABILITIES_KEY).isObject()).isTrue();
      String member = MIRRORED.get(request.method());
      if (member != null) {
        assertThat(plain(only(headers, "Mcp-Name")))
            .isEqualTo(request.params().path(member).textValue());
      }
    }
  }

  private static String plain(String header) {
    return header.startsWith("=?base64?") && header.endsWith("?=") && header.length() >= 11
        ? new String(
            Base64.getDecoder().decode(header.substring(9, header.length() - 2)),
            java.nio.charset.StandardCharsets.UTF_8)
        : header;
  }

  /** The one value of a header, without the white space around it; a second is a finding. */
  private static String only(HeaderValues headers, String name) {
    List<String> values = headers.getAll(name);
    assertThat(values.size()).isLessThan(2);
    return values.isEmpty() ? null : values.get(0).replaceAll("^[ \\t]+|[ \\t]+$", "");
  }

  private static TreeMap<String, List<String>> headers(String lines) {
    TreeMap<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (String line : lines.split("\n")) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers
            .computeIfAbsent(line.substring(0, colon), name -> new ArrayList<>())
            .add(line.substring(colon + 1));
      }
    }
    return headers;
  }
}
