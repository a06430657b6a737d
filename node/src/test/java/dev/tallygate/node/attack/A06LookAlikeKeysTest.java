package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.gate.TestClient;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A6: a key that the gate does not know and the server takes for one it does, as Go's encoding/json
 * takes {@code Method} for {@code method} (CVE-2026-27896).
 *
 * <p>Without {@code KeyFolding} and {@code MessageReader.requireOnly} both keys reach the server,
 * and one in Go acts on the one that was not judged.
 */
@Timeout(180)
class A06LookAlikeKeysTest {
  private static final String CALL = TestClient.modernBody("alpha");

  private static Scene scene;
  private static String session;

  @BeforeAll
  static void start() {
    scene = Scene.start();
    session = scene.alice.initialize();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static List<String> likenesses(String key) {
    String head = key.substring(0, 1);
    String rest = key.substring(1);
    List<String> found =
        new ArrayList<>(
            List.of(
                key.toUpperCase(),
                head.toUpperCase() + rest,
                key.substring(0, key.length() - 1) + key.substring(key.length() - 1).toUpperCase(),
                key + "\\u0000",
                "\\u0000" + key,
                head + "\u200b" + rest,
                head + "\u00ad" + rest,
                key + "\uFEFF",
                key + " ",
                " " + key,
                key + "\u034f",
                key + "\\u0008",
                fullWidth(key)));
    if (key.contains("s")) {
      found.add(key.replace('s', '\u017f'));
    }
    if (key.contains("k")) {
      found.add(key.replace('k', '\u212a'));
    }
    found.removeIf(key::equals);
    return found;
  }

  private static String fullWidth(String key) {
    StringBuilder wide = new StringBuilder();
    key.chars().forEach(c -> wide.append((char) (c > 0x20 && c < 0x7f ? c + 0xFEE0 : c)));
    return wide.toString();
  }

  private static List<String> beside(String body, String member, String value) {
    List<String> bodies = new ArrayList<>();
    for (String like : likenesses(member)) {
      String written = "\"" + member + "\":";
      bodies.add(body.replace(written, "\"" + like + "\":" + value + "," + written));
    }
    return bodies;
  }

  static List<String> besideMembers() {
    List<String> bodies = new ArrayList<>();
    bodies.addAll(beside(CALL, "jsonrpc", "\"2.0\""));
    bodies.addAll(beside(CALL, "id", "8"));
    bodies.addAll(beside(CALL, "method", "\"tools/list\""));
    bodies.addAll(beside(CALL, "params", "{\"name\":\"denied\"}"));
    bodies.addAll(beside(CALL, "name", "\"denied\""));
    bodies.addAll(beside(CALL, "arguments", "{\"path\":\"/etc/passwd\"}"));
    bodies.addAll(beside(CALL, "_meta", "{}"));
    bodies.addAll(beside(CALL, "io.modelcontextprotocol/protocolVersion", "\"2025-11-25\""));
    bodies.addAll(beside(CALL, "io.modelcontextprotocol/clientCapabilities", "{\"x\":{}}"));
    for (String known : List.of("uri", "taskId", "task", "requestState", "inputResponses")) {
      for (String like : likenesses(known)) {
        bodies.add(CALL.replace("\"name\":", "\"" + like + "\":\"denied\",\"name\":"));
      }
    }
    for (String more : List.of("result", "error", "x", "Result", "params ")) {
      bodies.add(CALL.replace("\"id\":7", "\"id\":7,\"" + more + "\":{}"));
    }
    return bodies;
  }

  @ParameterizedTest
  @MethodSource("besideMembers")
  void keyThatLooksLikeAnotherBesideItIsRefused(String body) {
    for (String tool : List.of("alpha", "denied")) {
      scene
          .stops(
              scene.posted(
                  body,
                  "MCP-Protocol-Version: 2026-07-28",
                  "Mcp-Method: tools/call",
                  "Mcp-Name: " + tool))
          .rejected(400, "ambiguous-key")
          .withError(-32600);
    }
    scene
        .stops(scene.posted(body, "Mcp-Session-Id: " + session))
        .rejected(400, "ambiguous-key")
        .withError(-32600);
  }

  static List<String> inPlaceOfMembers() {
    List<String> bodies = new ArrayList<>();
    String legacy = TestClient.legacyCallBody("denied");
    for (String member : List.of("jsonrpc", "id", "method", "params", "name", "arguments")) {
      for (String like : likenesses(member)) {
        bodies.add(legacy.replace("\"" + member + "\":", "\"" + like + "\":"));
      }
    }
    return bodies;
  }

  @ParameterizedTest
  @MethodSource("inPlaceOfMembers")
  void keyThatStandsInForAnotherIsRefused(String body) {
    Scene.Stopped stopped = scene.stops(scene.posted(body, "Mcp-Session-Id: " + session));
    assertThat(stopped.status()).isEqualTo(400);
    assertThat(stopped.record().get("kind").asText()).isIn("ambiguous-key", "not-a-message");
  }

  static List<String> references() {
    List<String> bodies = new ArrayList<>();
    String complete =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"completion/complete\",\"params\":{"
            + "\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\"},"
            + "\"argument\":{\"name\":\"a\",\"value\":\"v\"}}}";
    for (String like : likenesses("name")) {
      bodies.add(complete.replace("\"type\":", "\"" + like + "\":\"other\",\"type\":"));
    }
    bodies.addAll(beside(complete, "type", "\"ref/resource\""));
    bodies.addAll(beside(complete, "ref", "{\"type\":\"ref/prompt\",\"name\":\"other\"}"));
    return bodies;
  }

  @ParameterizedTest
  @MethodSource("references")
  void keyOfAReferenceThatLooksLikeAnotherIsRefused(String body) {
    scene.stops(scene.posted(body, "Mcp-Session-Id: " + session)).rejected(400, "ambiguous-key");
  }
}
