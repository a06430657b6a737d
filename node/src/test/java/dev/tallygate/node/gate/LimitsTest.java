package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Limits through the whole gate: what is reserved, refused and given back. */
@Timeout(120)
class LimitsTest {
  /** Seconds; so long that no test runs over the end of one. */
  private static final long WINDOW = 10_000_000;

  private static FixtureServer upstream;
  private static TestGate gate;

  private static String limit(String counter, String more) {
    return "{\"counter\":\"" + counter + "\",\"window\":" + WINDOW + "," + more + "}";
  }

  private static String tool(String name, String... limits) {
    return "\"" + name + "\":{\"limits\":[" + String.join(",", limits) + "]}";
  }

  @BeforeAll
  static void start() {
    upstream =
        FixtureServer.start(
            Tool.named("ten"),
            Tool.named("both"),
            Tool.named("wide"),
            Tool.named("one"),
            Tool.named("forgiving"),
            Tool.named("never"),
            Tool.named("cents"),
            Tool.named("paid"),
            Tool.named("shared"),
            Tool.named("session"));
    String policy =
        "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{"
            + String.join(
                ",",
                tool("ten", limit("ten", "\"max\":10")),
                tool("both", limit("wide", "\"max\":5"), limit("narrow", "\"max\":2")),
                tool("wide", limit("wide", "\"max\":5")),
                tool("one", limit("one", "\"max\":1")),
                tool("forgiving", limit("forgiving", "\"max\":1,\"refund\":\"error\"")),
                tool("never", limit("never", "\"max\":1,\"refund\":\"never\"")),
                tool("cents", limit("cents", "\"max\":0.02,\"increment\":0.005")),
                tool("paid", limit("paid", "\"max\":100,\"increment_from\":\"args.amount\"")),
                tool("shared", limit("shared", "\"max\":3,\"scope\":\"server\"")),
                tool("session", limit("session", "\"max\":1,\"scope\":\"session\"")))
            + "}}";
    gate = TestGate.before("fixture", upstream).policy("limits", policy);
    for (String label :
        new String[] {
          "a", "b", "both", "cents", "paid", "s1", "s2", "session", "burst", "record"
        }) {
      gate.grant(label, "fixture", "limits");
    }
    for (int i = 0; i < 40; i++) {
      gate.grant("r" + i, "fixture", "limits");
    }
    gate.server("fixture").putObject("timeouts").put("response", "500ms");
    gate.start();
  }

  @AfterAll
  static void stop() {
    gate.assertNothingInFlight();
    gate.close();
    upstream.close();
  }

  private static boolean passes(HttpResponse<String> answer) {
    return answer.statusCode() == 200
        && !TestGate.json(answer.body()).at("/result/_meta").toString().contains("limited");
  }

  @Test
  void tenPassAndTheEleventhIsDeniedWithItsCure() {
    // Given
    TestClient client = gate.client("a", "fixture");
    long before = upstream.calls("ten");
    for (int i = 0; i < 10; i++) {
      assertThat(passes(client.call("ten"))).isTrue();
    }

    // When
    HttpResponse<String> eleventh = client.call("ten");

    // Then
    assertThat(upstream.calls("ten")).isEqualTo(before + 10);
    assertThat(eleventh.statusCode()).isEqualTo(200);
    JsonNode result = TestGate.json(eleventh.body()).get("result");
    assertThat(result.get("isError").asBoolean()).isTrue();
    JsonNode note = result.get("_meta").elements().next();
    assertThat(note.get("outcome").asText()).isEqualTo("limited");
    assertThat(note.get("rule").asText()).isEqualTo("/tools/ten/limits/0");
    assertThat(note.get("decisionId").asText()).isEqualTo(TestGate.decisionId(eleventh));
    long millis = note.get("retryAfterMs").asLong();
    long seconds = Long.parseLong(eleventh.headers().firstValue("Retry-After").orElseThrow());
    assertThat(millis).isBetween(1L, WINDOW * 1_000);
    assertThat(seconds).isEqualTo((millis + 999) / 1_000);
    assertThat(result.at("/content/0/text").asText()).containsPattern("\\d");
    JsonNode decision = gate.decision(eleventh);
    assertThat(decision.get("outcome").asText()).isEqualTo("denied");
    assertThat(decision.get("rule").asText()).isEqualTo("/tools/ten/limits/0");
    assertThat(passes(gate.client("b", "fixture").call("ten"))).isTrue();
  }

  @Test
  void recordSaysWhichWindowsACallWasChargedTo() {
    // Given
    TestClient client = gate.client("record", "fixture");

    // When
    HttpResponse<String> paid = client.call("cents");

    // Then
    JsonNode charged = gate.decision(paid).get("charged");
    assertThat(charged).hasSize(1);
    assertThat(charged.get(0).get("scope").asText()).isEqualTo("grant");
    assertThat(charged.get(0).get("counter").asText()).isEqualTo("cents");
    assertThat(charged.get(0).get("units").asText()).isEqualTo("0.005");
    long until = Instant.parse(charged.get(0).get("until").asText()).getEpochSecond();
    assertThat(until % WINDOW).isZero();
    assertThat(until)
        .isBetween(Instant.now().getEpochSecond(), Instant.now().getEpochSecond() + WINDOW);
  }

  @Test
  void recordOfADeniedCallSaysNothingOfCharges() {
    // Given
    TestClient client = gate.client("record", "fixture");
    assertThat(passes(client.call("one"))).isTrue();

    // When
    HttpResponse<String> refused = client.call("one");

    // Then
    assertThat(gate.decision(refused).has("charged")).isFalse();
  }

  @Test
  void allLimitsAreTakenOrNone() {
    // Given
    TestClient client = gate.client("both", "fixture");
    assertThat(passes(client.call("both"))).isTrue();
    assertThat(passes(client.call("both"))).isTrue();

    // When
    HttpResponse<String> refused = client.call("both");

    // Then
    assertThat(refused.body()).contains("/tools/both/limits/1");
    int passed = 0;
    while (passed < 10 && passes(client.call("wide"))) {
      passed++;
    }
    assertThat(passed).isEqualTo(3);
  }

  private static Answer answerOf(String name) {
    return switch (name) {
      case "reset" -> Answer.resetBeforeHeaders();
      case "cut" -> Answer.cutInEvent();
      case "hang" -> Answer.hang();
      case "error" ->
          Answer.body(
              "application/json",
              "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1,\"message\":\"no\"}}");
      case "isError" ->
          Answer.body(
              "application/json",
              "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[],\"isError\":true}}");
      case "400+result" ->
          Answer.status(
              400,
              Map.of("Content-Type", "application/json"),
              "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}");
      default -> Answer.status(Integer.parseInt(name));
    };
  }

  private static int nextGrant;

  /** A grant whose limits nobody used yet. */
  private static synchronized TestClient fresh() {
    return gate.client("r" + nextGrant++, "fixture");
  }

  @ParameterizedTest
  @CsvSource({
    "one, 400, true",
    "one, 401, true",
    "one, 404, true",
    "one, 405, true",
    "one, 413, true",
    "one, 429, true",
    "one, 400+result, false",
    "one, 500, false",
    "one, 503, false",
    "one, reset, false",
    "one, cut, false",
    "one, hang, false",
    "one, error, false",
    "one, isError, false",
    "forgiving, isError, true",
    "forgiving, error, true",
    "forgiving, hang, false",
    "forgiving, cut, false",
    "forgiving, 404, true",
    "never, 404, false",
    "never, isError, false",
  })
  void unitsComeBackOnlyAsTheLimitSays(String tool, String answer, boolean refunded) {
    // Given
    TestClient client = fresh();
    client.list(); // so that no other request takes the fixture's odd answer
    upstream.answerNext("tools/call", answerOf(answer));

    // When
    HttpResponse<String> first = client.call(tool);

    // Then
    JsonNode completion = gate.completion(first);
    assertThat(completion.path("refunded").size()).isEqualTo(refunded ? 1 : 0);
    assertThat(passes(client.call(tool))).isEqualTo(refunded);
    assertThat(passes(client.call(tool))).isFalse();
  }

  @Test
  void unitsOfAServerThatCannotBeReachedComeBack() {
    // Given
    FixtureServer leaving = FixtureServer.start(Tool.named("one"));
    gate.server("leaving", leaving.url()).grant("leaving", "leaving", "limits").apply();
    TestClient client = gate.client("leaving", "leaving");
    client.list();
    int port = leaving.port();
    leaving.close();

    // When
    HttpResponse<String> unreachable = client.call("one");

    // Then
    assertThat(unreachable.body()).contains("nothing was run");
    assertThat(gate.completion(unreachable).get("end").asText()).isEqualTo("unreachable");
    assertThat(gate.completion(unreachable).get("refunded")).hasSize(1);
    FixtureServer back = FixtureServer.with().port(port).tools(Tool.named("one")).start();
    assertThat(passes(client.call("one"))).isTrue();
    assertThat(passes(client.call("one"))).isFalse();
    back.close();
  }

  @Test
  void fractionsAddUpExactly() {
    // Given
    TestClient client = gate.client("cents", "fixture");

    // When
    int passed = 0;
    while (passed < 10 && passes(client.call("cents"))) {
      passed++;
    }

    // Then
    assertThat(passed).isEqualTo(4);
  }

  @Test
  void costIsTakenFromTheArguments() {
    // Given
    TestClient client = gate.client("paid", "fixture");

    // Then
    assertThat(passes(client.call("paid", "{\"amount\":60.5}"))).isTrue();
    assertThat(passes(client.call("paid", "{\"amount\":40}"))).isFalse();
    assertThat(client.call("paid", "{\"amount\":-1}").body()).contains("\"isError\":true");
    assertThat(client.call("paid", "{\"amount\":\"1\"}").body()).contains("\"isError\":true");
    assertThat(client.call("paid", "{}").body()).contains("\"isError\":true");
    assertThat(passes(client.call("paid", "{\"amount\":39.5}"))).isTrue();
  }

  @Test
  void grantsOfOneServerShareItsLimits() {
    // Given
    TestClient one = gate.client("s1", "fixture");
    TestClient two = gate.client("s2", "fixture");

    // Then
    assertThat(passes(one.call("shared"))).isTrue();
    assertThat(passes(two.call("shared"))).isTrue();
    assertThat(passes(one.call("shared"))).isTrue();
    assertThat(passes(two.call("shared"))).isFalse();
    assertThat(passes(one.call("shared"))).isFalse();
  }

  @Test
  void exactlyAsManyCallsArriveAsTheLimitHasRoomFor() {
    // Given
    TestClient limited = gate.client("burst", "fixture");
    limited.list();
    long before = upstream.calls("ten");

    // When
    List<CompletableFuture<HttpResponse<String>>> burst =
        IntStream.range(0, 200)
            .mapToObj(
                i ->
                    TestGate.HTTP.sendAsync(
                        limited.modernCall("ten", "{}").build(), BodyHandlers.ofString()))
            .toList();
    // One that was let through passes, though a busy machine may not answer it in time.
    long passed = burst.stream().map(CompletableFuture::join).filter(LimitsTest::passes).count();

    // Then
    assertThat(passed).isEqualTo(10);
    assertThat(upstream.calls("ten") - before).isEqualTo(10);
  }

  @Test
  void sessionsCountEachForThemselves() {
    // Given
    TestClient client = gate.client("session", "fixture");
    String first = client.initialize();
    String second = client.initialize();

    // Then
    assertThat(passes(client.legacyCall(first, "session"))).isTrue();
    assertThat(passes(client.legacyCall(first, "session"))).isFalse();
    assertThat(passes(client.legacyCall(second, "session"))).isTrue();
  }
}
