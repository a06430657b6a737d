package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A8: an argument and the {@code Mcp-Param-*} header that repeats it say different things.
 *
 * <p>Without the check in {@code PinCheck} the server gets a body that says one thing and headers
 * that say another, for all seven pairs.
 */
@Timeout(180)
class A08MirroredArgumentsTest {
  private static Scene pinned;
  private static Scene any;

  @BeforeAll
  static void start() {
    pinned = Scene.start(FixtureServer.with(), gate -> gate.server("fixture").remove("trust"));
    any = Scene.start();
    for (Scene scene : new Scene[] {pinned, any}) {
      ObjectNode alpha = Tool.named("alpha").definition().deepCopy();
      alpha
          .withObject("/inputSchema/properties/path")
          .put("type", "string")
          .put("x-mcp-header", "Path");
      scene.upstream.add(new Tool(alpha, arguments -> Tool.text("alpha")));
    }
  }

  @AfterAll
  static void stop() {
    pinned.close();
    any.close();
  }

  @ParameterizedTest
  @CsvSource({
    "{\"path\":\"/a\"}, /b",
    "{\"path\":\"/a\"}, /A",
    "{\"path\":\"/a\"}, =?base64?L2I=?=",
    "{\"path\":\"/a\"}, =?base64?L2E?=",
    "{\"path\":\"/a\"},",
    "{}, /a",
    "{\"path\":null}, /a",
  })
  void mismatchIsRefused(String arguments, String header) {
    for (Scene scene : new Scene[] {pinned, any}) {
      // Given
      var attack = scene.alice.modernCall("alpha", arguments);
      if (header != null) {
        attack.header("Mcp-Param-Path", header);
      }

      // When // Then
      scene.stops(attack).rejected(400, "header-mismatch").withError(-32020);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a", "=?base64?L2E=?="})
  void headerThatSaysTheSamePasses(String header) {
    for (Scene scene : new Scene[] {pinned, any}) {
      var call = scene.alice.modernCall("alpha", "{\"path\":\"/a\"}");
      var answer = dev.tallygate.node.gate.TestClient.send(call.header("Mcp-Param-Path", header));
      assertThat(answer.body()).contains("\"alpha\"").doesNotContain("isError");
    }
  }
}
