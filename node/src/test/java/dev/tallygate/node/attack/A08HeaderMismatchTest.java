package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.gate.TestClient;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A8: headers that say another thing than the body, of which gate and server may believe either.
 *
 * <p>Without the comparison in {@code EraDetection} a call of {@code alpha} reaches the server
 * under a header that names {@code denied}, or two names.
 */
@Timeout(180)
class A08HeaderMismatchTest {
  private static Scene scene;

  @BeforeAll
  static void start() {
    scene = Scene.start();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static Scene.Bytes call(String tool, String... headers) {
    List<String> all = new ArrayList<>(List.of(headers));
    all.add("MCP-Protocol-Version: 2026-07-28");
    return scene.posted(TestClient.modernBody(tool), all.toArray(String[]::new));
  }

  private static void assertMismatch(String body, String name) {
    scene
        .stops(call(body, "Mcp-Method: tools/call", name))
        .rejected(400, "header-mismatch")
        .withError(-32020);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "denied",
        "Alpha",
        "ALPHA",
        "alpha ;x",
        "alpha, denied",
        "\"alpha\"",
        "alph",
        "alphaa",
        "",
        "%61lpha",
        "\u0430lpha",
        "=?base64?ZGVuaWVk?="
      })
  void nameInTheHeaderMustBeThatOfTheBody(String name) {
    assertMismatch("alpha", "Mcp-Name: " + name);
  }

  @Test
  void nameOfAnAllowedToolDoesNotCoverADeniedOne() {
    for (String name : List.of("alpha", "=?base64?YWxwaGE=?=", "", "Denied")) {
      assertMismatch("denied", "Mcp-Name: " + name);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "=?base64?YWxwaGE?=",
        "=?base64?YWxwaGE==?=",
        "=?base64?YWxw aGE=?=",
        "=?base64?YWxwaGF=?=",
        "=?base64?YWxw*aGE=?=",
        "=?base64?_-lwaGE=?=",
        "=?base64?\u0061\u00e9?=",
        "=?base64??=",
        "=?base64?YWxwaGE=",
        "=?BASE64?YWxwaGE=?=",
        "=?Base64?YWxwaGE=?=",
        "=?base64?/w==?=",
        "YWxwaGE=",
        "=?utf-8?B?YWxwaGE=?="
      })
  void encodedNameMustBeWellFormed(String name) {
    assertMismatch("alpha", "Mcp-Name: " + name);
  }

  @Test
  void literalThatLooksEncodedIsComparedDecoded() {
    // A tool of this very name would have to be encoded once more.
    String literal = "=?base64?YWxwaGE=?=";
    assertMismatch(literal, "Mcp-Name: " + literal);
    scene
        .stops(call(literal, "Mcp-Method: tools/call", "Mcp-Name: " + encoded(literal)))
        .denied(200, "(hidden)");
  }

  private static String encoded(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    return "=?base64?" + Base64.getEncoder().encodeToString(bytes) + "?=";
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tools/list",
        "TOOLS/CALL",
        "Tools/Call",
        "tools/call, tools/list",
        "tools/call/",
        ""
      })
  void methodInTheHeaderMustBeThatOfTheBody(String method) {
    for (String tool : List.of("alpha", "denied")) {
      scene
          .stops(call(tool, "Mcp-Method: " + method, "Mcp-Name: " + tool))
          .rejected(400, "header-mismatch")
          .withError(-32020);
    }
  }

  @Test
  void headersMustBeThere() {
    assertMismatch("alpha", "X: none");
    scene
        .stops(call("alpha", "Mcp-Name: alpha"))
        .rejected(400, "header-mismatch")
        .withError(-32020);
    scene
        .stops(
            scene.posted(
                TestClient.modernBody("alpha"), "Mcp-Method: tools/call", "Mcp-Name: alpha"))
        .rejected(400, "header-mismatch")
        .withError(-32020);
  }

  @ParameterizedTest
  @CsvSource({
    "Mcp-Name, alpha, denied",
    "Mcp-Name, alpha, alpha",
    "mcp-name, denied, alpha",
    "Mcp-Method, tools/call, tools/list",
    "MCP-METHOD, tools/list, tools/call",
    "Mcp-Method, tools/call, tools/call",
    "MCP-Protocol-Version, 2026-07-28, 2025-11-25",
    "Mcp-Protocol-Version, 2025-11-25, 2026-07-28",
    "MCP-Protocol-Version, 2026-07-28, 2026-07-28",
    "Mcp-Session-Id, a, b",
    "Last-Event-ID, a, b"
  })
  void headerGivenTwiceIsRefused(String header, String first, String second) {
    List<String> headers = new ArrayList<>();
    for (String good :
        List.of("MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: alpha")) {
      if (!good.toLowerCase().startsWith(header.toLowerCase() + ":")) {
        headers.add(good);
      }
    }
    headers.add(header + ": " + first);
    headers.add(header.toUpperCase() + ": " + second);
    scene
        .stops(scene.posted(TestClient.modernBody("alpha"), headers.toArray(String[]::new)))
        .rejected(400, "repeated-header");
  }

  @ParameterizedTest
  @CsvSource({
    "prompts/get, name, daily, weekly",
    "resources/read, uri, file:///a, file:///b",
    "tasks/get, taskId, mine, yours",
    "tasks/update, taskId, mine, yours",
    "tasks/cancel, taskId, mine, yours"
  })
  void everyNamedThingIsHeldAgainstItsHeader(
      String method, String member, String inBody, String inHeader) {
    for (String header : List.of("Mcp-Name: " + inHeader, "X: none")) {
      scene
          .stops(
              scene.posted(
                  TestClient.modernBody("alpha")
                      .replace("tools/call", method)
                      .replace("\"name\":\"alpha\"", "\"" + member + "\":\"" + inBody + "\""),
                  "MCP-Protocol-Version: 2026-07-28",
                  "Mcp-Method: " + method,
                  header))
          .rejected(400, "header-mismatch")
          .withError(-32020);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Mcp-Name:alpha", "mcp-name: \t alpha \t", "MCP-NAME: =?base64?YWxwaGE=?="})
  void sameNameInAnotherFormIsServed(String name) throws IOException {
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      call("alpha", "mcp-method:  tools/call ", name).to(http);
      assertThat(http.read().status()).isEqualTo(200);
    }
  }

  @Test
  void decisionIsMadeOnTheBody() {
    scene
        .stops(call("denied", "Mcp-Method: tools/call", "Mcp-Name: denied"))
        .denied(200, "(default deny)");
  }

  @Test
  void routingHeadersOfALegacyMessageStopAtTheGate() {
    // When
    HttpResponse<String> answer =
        TestClient.send(
            scene
                .alice
                .legacy(scene.alice.initialize(), TestClient.legacyCallBody("alpha"))
                .header("Mcp-Method", "tools/call")
                .header("Mcp-Name", "denied")
                .header("Mcp-Param-Region", "x"));

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    ReceivedRequest received = scene.received(answer);
    assertThat(received.header("Mcp-Method")).isEmpty();
    assertThat(received.header("Mcp-Name")).isEmpty();
    assertThat(received.header("Mcp-Param-Region")).isEmpty();
  }

  @Test
  void nameThatTheBodyDoesNotConfirmStopsAtTheGate() {
    // When
    HttpResponse<String> answer =
        TestClient.send(scene.alice.modern("tools/list", "").header("Mcp-Name", "denied"));

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(scene.received(answer).header("Mcp-Name")).isEmpty();
  }
}
