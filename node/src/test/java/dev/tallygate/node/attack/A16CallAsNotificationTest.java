package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.gate.TestClient;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A16: a call without an id, which servers run and answer with 202.
 *
 * <p>Without the check in {@code MessageReader}, and the list of methods in {@code Judge} behind
 * it, the call of any tool reaches the server undecided.
 */
@Timeout(180)
class A16CallAsNotificationTest {
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

  @ParameterizedTest
  @ValueSource(strings = {"alpha", "denied", "hidden"})
  void callWithoutIdIsRefused(String tool) {
    String legacy = TestClient.legacyCallBody(tool);
    String modern = TestClient.modernBody(tool);
    for (String id : List.of("", "\"id\":null,")) {
      String kind = id.isEmpty() ? "without-id" : "bad-id";
      scene
          .stops(scene.alice.legacy(session, legacy.replace("\"id\":3,", id)))
          .rejected(400, kind)
          .withError(-32600);
      scene.stops(scene.alice.post(legacy.replace("\"id\":3,", id))).rejected(400, kind);
      scene
          .stops(
              scene
                  .alice
                  .post(modern.replace("\"id\":7,", id))
                  .header("MCP-Protocol-Version", "2026-07-28")
                  .header("Mcp-Method", "tools/call")
                  .header("Mcp-Name", tool))
          .rejected(400, kind)
          .withError(-32600);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "initialize",
        "tools/list",
        "ping",
        "resources/read",
        "tasks/cancel",
        "vendor/x",
        "Notifications/initialized",
        "notification/x",
        "xnotifications/x"
      })
  void noOtherRequestGoesWithoutId(String method) {
    Scene.Stopped stopped =
        scene.stops(
            scene.alice.legacy(
                session,
                "{\"jsonrpc\":\"2.0\",\"method\":\""
                    + method
                    + "\",\"params\":{\"uri\":\"a:b\"}}"));
    stopped.rejected(400, "without-id");
    assertThat(stopped.json().get("id").isNull()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "notifications/tools/call",
        "notifications/../tools/call",
        "notifications/call",
        "notifications/"
      })
  void callThatIsNamedLikeANotificationStopsHere(String method) {
    scene
        .stops(
            scene.alice.legacy(
                session,
                TestClient.legacyCallBody("denied")
                    .replace("\"id\":3,", "")
                    .replace("tools/call", method)))
        .denied(202, "(method)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"notifications/initialized", "notifications/cancelled"})
  void notificationHasNoId(String method) {
    scene
        .stops(
            scene.alice.legacy(
                session, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"" + method + "\"}"))
        .rejected(400, "bad-method");
  }
}
