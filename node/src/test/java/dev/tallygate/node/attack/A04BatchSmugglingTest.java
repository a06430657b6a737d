package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.gate.TestClient;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A4: a denied call inside a JSON array, which servers run whatever version was agreed.
 *
 * <p>Where {@code MessageReader} judges an array by its first message, the whole array reaches the
 * server, and the denied call in it.
 */
@Timeout(180)
class A04BatchSmugglingTest {
  private static final String CALL = TestClient.legacyCallBody("alpha");
  private static final String DENIED = TestClient.legacyCallBody("denied");

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

  static Stream<String> batches() {
    return Stream.of(
        "[" + DENIED + "]",
        "[" + CALL + "]",
        "[" + CALL + "," + DENIED + "]",
        "[" + DENIED + "," + DENIED.replace("\"id\":3,", "") + "]",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}," + DENIED + "]",
        "[]",
        "[[" + DENIED + "]]",
        " \n\t\r[" + DENIED + "]",
        "[1,\"x\",null]",
        "[" + DENIED,
        "[" + DENIED + "] " + CALL);
  }

  @ParameterizedTest
  @MethodSource("batches")
  void arrayOfMessagesIsRefusedInEveryVersion(String batch) {
    for (String version : new String[] {"2025-11-25", "2025-06-18", "2025-03-26", "2026-07-28"}) {
      // When
      Scene.Stopped stopped =
          scene.stops(
              scene.posted(
                  batch, "MCP-Protocol-Version: " + version, "Mcp-Session-Id: " + session));

      // Then
      stopped.rejected(400, "batch").withError(-32600);
      assertThat(stopped.json().get("id").isNull()).isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("batches")
  void arrayIsRefusedWithoutSessionOrVersion(String batch) {
    scene.stops(scene.posted(batch)).rejected(400, "batch").withError(-32600);
  }

  @ParameterizedTest
  @MethodSource("batches")
  void arrayBehindAByteOrderMarkIsNoJson(String batch) {
    scene
        .stops(scene.posted("\uFEFF" + batch, "Mcp-Session-Id: " + session))
        .rejected(400, "not-json")
        .withError(-32700);
  }

  @ParameterizedTest
  @MethodSource("batches")
  void messageThatAnArrayFollowsOrHoldsIsRefused(String batch) {
    scene.stops(scene.posted(CALL + batch)).rejected(400, "not-json").withError(-32700);
    scene.stops(scene.posted(batch + CALL)).rejected(400, "batch").withError(-32600);
  }
}
