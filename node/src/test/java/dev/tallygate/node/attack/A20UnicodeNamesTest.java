package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.policy.Policy;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A20: names that look like another, on a server that has them all.
 *
 * <p>Where any name is taken, all look-alikes are listed and run under the default, past the rule
 * for {@code denied}.
 */
@Timeout(180)
class A20UnicodeNamesTest {
  /** The policy lets everything through but {@code denied}. */
  private static final String OPEN =
      "{\"version\":\"1\",\"default\":\"allow\",\"tools\":{\"denied\":{\"action\":\"deny\"}}}";

  private static Scene scene;
  private static TestClient client;
  private static String session;

  @BeforeAll
  static void start() {
    FixtureServer.Settings server = FixtureServer.with().tools(Tool.named("Denied"));
    variants().forEach(name -> server.tools(Tool.named(name)));
    scene = Scene.start(server, gate -> gate.policy("open", OPEN).grant("open", "fixture", "open"));
    client = scene.gate.client("open", "fixture");
    session = client.initialize();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  static List<String> variants() {
    return List.of(
        "\uFF44enied",
        "d\u0435nied",
        "den\u0131ed",
        "denied\u200B",
        "den\u00ADied",
        "\u202Edenied",
        "\u2066denied",
        "denied ",
        " denied",
        "\tdenied",
        "denied\u00A0",
        "d\u00E9nied",
        "de\u0301nied",
        "denied\u0000",
        "denied\n",
        "den\\ied",
        "denied/",
        "denied?x",
        "denied#",
        "denied,denied",
        "d\uD835\uDC1Enied",
        "denied" + "d".repeat(123),
        "");
  }

  static Stream<String> calledNames() {
    return Stream.concat(
        variants().stream(), Stream.of("x".repeat(1 << 20), "\uFF58".repeat(1 << 18)));
  }

  @ParameterizedTest
  @MethodSource("calledNames")
  void nameThatIsNotPlainIsAnUnknownTool(String name) {
    // Given
    String body =
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":"
            + TextNode.valueOf(name)
            + "}}";

    // When
    Scene.Stopped stopped = scene.stops(client.legacy(session, body));

    // Then
    assertThat(stopped.status()).isEqualTo(200);
    stopped.withError(-32602);
    assertThat(stopped.body())
        .startsWith(
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32602,\"message\":\"Unknown tool: ");
    assertThat(stopped.body().chars()).allMatch(c -> c >= 0x20 && c < 0x7F);
    assertThat(stopped.record().get("outcome").asText()).isEqualTo("denied");
  }

  @Test
  void listShowsNoneOfThem() {
    // When
    String list = client.list().body();

    // Then
    assertThat(list).contains("\"Denied\"", "\"alpha\"");
    variants().forEach(name -> assertThat(list).doesNotContain(TextNode.valueOf(name).toString()));
  }

  @Test
  void letterCaseMakesAnotherToolWithARuleOfItsOwn() {
    // When
    HttpResponse<String> upper = client.call("Denied");
    Scene.Stopped lower = scene.stops(client.modernCall("denied", "{}"));
    Scene.Stopped absent = scene.stops(client.modernCall("DENIED", "{}"));

    // Then
    assertThat(upper.body()).contains("\"text\":\"Denied\"");
    lower.denied(200, "/tools/denied/action");
    absent.withError(-32602);
    assertThat(scene.upstream.calls("denied")).isZero();
  }

  @ParameterizedTest
  @MethodSource("variants")
  void policyCannotBeWrittenForSuchAName(String name) {
    // Given
    String document =
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{" + TextNode.valueOf(name) + ":{}}}";

    // Then
    assertThat(Policy.read(document.getBytes(StandardCharsets.UTF_8)).policy()).isEmpty();
  }
}
