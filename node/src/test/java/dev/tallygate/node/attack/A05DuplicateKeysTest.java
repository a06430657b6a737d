package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.gate.TestClient;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A5: a key that occurs twice, of which the gate might take the first and the server the last.
 *
 * <p>Without the check in {@code StrictJson} the gate judges by the last and forwards both: a call
 * of {@code denied} passes as one of {@code alpha}.
 */
@Timeout(180)
class A05DuplicateKeysTest {
  private static final String CALL = TestClient.modernBody("alpha");
  private static final String META = "io.modelcontextprotocol/protocolVersion";

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

  /** A member of the call, and the other value that is smuggled in beside it. */
  private static final Map<String, String> MEMBERS =
      Map.of(
          "jsonrpc",
          "\"2.0\"",
          "id",
          "8",
          "method",
          "\"tools/list\"",
          "params",
          "{\"name\":\"denied\",\"arguments\":{}}",
          "name",
          "\"denied\"",
          "arguments",
          "{\"path\":\"/etc/passwd\"}",
          "_meta",
          "{}",
          META,
          "\"2025-11-25\"",
          "io.modelcontextprotocol/clientCapabilities",
          "{\"x\":{}}");

  static List<String> twice() {
    List<String> bodies = new java.util.ArrayList<>();
    for (Map.Entry<String, String> member : MEMBERS.entrySet()) {
      String written = "\"" + member.getKey() + "\":";
      String escaped =
          "\""
              + String.format("\\u%04x", (int) member.getKey().charAt(0))
              + member.getKey().substring(1)
              + "\":";
      for (String key : List.of(written, escaped)) {
        String other = key + member.getValue() + ",";
        bodies.add(CALL.replace(written, other + written));
        bodies.add(CALL.replace(written, other.repeat(3) + written));
      }
      // The second after all others of its object.
      bodies.add(
          CALL.replace(written, escaped)
              .replace(escaped, escaped + member.getValue() + "," + written));
    }
    for (String arguments :
        List.of(
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":2}",
            "{\"\":1,\"\":2}",
            "{\"a\":{\"b\":1,\"b\":2}}",
            "{\"a\":[{\"b\":1},{\"c\":1,\"c\":2}]}",
            "{\"a\":[[[[{\"b\":[],\"b\":{}}]]]]}",
            "{\"\\ud83d\\ude00\":1,\"\uD83D\uDE00\":2}")) {
      bodies.add(CALL.replace("\"arguments\":{}", "\"arguments\":" + arguments));
    }
    bodies.add(CALL.replace("{}}}}", "{\"elicitation\":{},\"elicitation\":{}}}}}"));
    return bodies;
  }

  @ParameterizedTest
  @MethodSource("twice")
  void keyThatOccursTwiceIsRefusedAtAnyDepth(String body) {
    assertThat(body).isNotEqualTo(CALL);
    for (String tool : List.of("alpha", "denied")) {
      scene
          .stops(
              scene.posted(
                  body,
                  "MCP-Protocol-Version: 2026-07-28",
                  "Mcp-Method: tools/call",
                  "Mcp-Name: " + tool))
          .rejected(400, "duplicate-key")
          .withError(-32600);
    }
    scene
        .stops(scene.posted(body, "Mcp-Session-Id: " + session))
        .rejected(400, "duplicate-key")
        .withError(-32600);
  }

  @ParameterizedTest
  @MethodSource("answers")
  void answerOfAClientThatSaysAThingTwiceIsRefused(String body) {
    scene.stops(scene.posted(body, "Mcp-Session-Id: " + session)).rejected(400, "duplicate-key");
  }

  static List<String> answers() {
    return List.of(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"result\":{\"action\":\"accept\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"action\":\"decline\",\"action\":\"accept\"}}");
  }
}
