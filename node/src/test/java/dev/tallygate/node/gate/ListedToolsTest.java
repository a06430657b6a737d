package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every path that a list of tools can take. */
@Timeout(180)
class ListedToolsTest {
  private static final String POLICY =
      "{\"version\":\"1\",\"default\":\"allow\",\"hide\":[\"secret\"]}";

  private static FixtureServer upstream;
  private static FixtureServer paged;
  private static TestGate gate;
  private static TestClient client;

  @BeforeAll
  static void start() {
    upstream =
        FixtureServer.with()
            .tools(Tool.named("alpha"), Tool.named("secret"), Tool.named("beta"))
            .gzip()
            .start();
    paged =
        FixtureServer.with()
            .tools(Tool.named("alpha"), Tool.named("secret"), Tool.named("beta"))
            .pageSize(1)
            .start();
    gate =
        TestGate.before("fixture", upstream)
            .server("paged", paged.url())
            .policy("open", POLICY)
            .grant("alice", "fixture", "open")
            .grant("paged", "paged", "open");
    gate.grantNode("nobody", "fixture");
    gate.server("fixture").put("trust", "any"); // some answers here word their tools otherwise
    gate.start();
    client = gate.client("alice", "fixture");
  }

  @AfterAll
  static void stop() {
    gate.close();
    upstream.close();
    paged.close();
  }

  private static List<String> names(String body) {
    return TestGate.json(body).at("/result/tools").findValuesAsText("name");
  }

  @Test
  void jsonListIsFilteredAndPrivate() {
    // When
    HttpResponse<String> answer =
        TestClient.send(client.modern("tools/list", "").header("Accept-Encoding", "gzip"));

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(names(answer.body())).containsExactly("alpha", "beta");
    assertThat(answer.body()).doesNotContain("secret");
    JsonNode result = TestGate.json(answer.body()).get("result");
    assertThat(result.get("cacheScope").asText()).isEqualTo("private");
    assertThat(result.get("ttlMs").asLong()).isBetween(0L, ResponseFilter.TTL_MILLIS);
    assertThat(answer.headers().firstValue("Cache-Control")).contains("private, no-store");
    assertThat(TestGate.forwarded(upstream).get(0).header("Accept-Encoding")).contains("identity");
    assertThat(gate.completion(answer).get("end").asText()).isEqualTo("ok");
  }

  @Test
  void legacyListHasNoModernMembers() {
    // When
    HttpResponse<String> answer =
        TestClient.send(
            client.legacy(
                client.initialize(), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"));

    // Then
    assertThat(names(answer.body())).containsExactly("alpha", "beta");
    assertThat(TestGate.json(answer.body()).get("result").has("cacheScope")).isFalse();
  }

  @Test
  void resultBeforeIdIsFiltered() {
    // Given
    upstream.answerNext("tools/list", Answer.resultBeforeId());

    // Then
    assertThat(names(client.list().body())).containsExactly("alpha", "beta");
  }

  @Test
  void listsInStreamsAreFilteredHoweverTheyAreCut() {
    for (Answer answer :
        List.of(
            Answer.sse(),
            Answer.baroqueSse(),
            Answer.sseInPieces(7, Duration.ofMillis(1)),
            Answer.jsonInPieces(7, Duration.ofMillis(1)))) {
      // Given
      upstream.answerNext("tools/list", answer);

      // When
      String body = client.list().body();

      // Then
      assertThat(body).contains("alpha", "beta").doesNotContain("secret");
    }
  }

  @Test
  void everyPageIsFiltered() {
    // Given
    TestClient client = gate.client("paged", "paged");
    StringBuilder all = new StringBuilder();

    // When
    String cursor = "";
    do {
      HttpResponse<String> page = TestClient.send(client.modern("tools/list", cursor));
      all.append(page.body());
      JsonNode next = TestGate.json(page.body()).at("/result/nextCursor");
      cursor = next.isMissingNode() ? "" : "\"cursor\":\"" + next.asText() + "\"";
    } while (!cursor.isEmpty());

    // Then
    assertThat(all.toString()).contains("alpha", "beta").doesNotContain("secret");
  }

  @Test
  void grantWithoutPolicySeesNoTools() {
    // When
    HttpResponse<String> answer = gate.client("nobody", "fixture").list();

    // Then
    assertThat(TestGate.json(answer.body()).at("/result/tools")).isEmpty();
  }

  @Test
  void whatCannotBeFilteredIsNotForwarded() {
    for (Answer unfit :
        List.of(
            Answer.body("text/plain", "{\"tools\":[{\"name\":\"secret\"}]}"),
            Answer.body("application/json", "{\"result\":{\"tools\":[{\"name\":\"secret\"}"),
            Answer.body("application/json", "[{\"name\":\"secret\"}]"),
            Answer.body(
                "application/json",
                "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"tools\":[],"
                    + "\"tools\":[{\"name\":\"secret\"}]}}"),
            Answer.body(
                "application/json",
                "{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{\"tools\":[{\"name\":\"alpha\","
                    + "\"description\":\"secret\"}]}}"))) {
      // Given
      upstream.answerNext("tools/list", unfit);

      // When
      HttpResponse<String> answer = client.list();

      // Then
      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(answer.body()).doesNotContain("secret");
      assertThat(TestGate.json(answer.body()).at("/error/code").asInt()).isNegative();
      assertThat(gate.completion(answer).get("end").asText()).isIn("broken", "refused");
    }
  }

  @Test
  void unfilterableListInStreamBecomesError() {
    // Given
    upstream.answerNext(
        "tools/list",
        Answer.body(
            "text/event-stream",
            "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"tools\":[{\"x\":\"secret\"}]}}\n\n"));

    // When
    HttpResponse<String> answer = client.list();

    // Then
    assertThat(answer.body()).contains("\"error\"").doesNotContain("secret");
  }

  @Test
  void changedPolicyRulesTheNextList() {
    // Given
    assertThat(names(client.list().body())).containsExactly("alpha", "beta");

    // When
    gate.changePolicy(
        "open", "{\"version\":\"1\",\"default\":\"allow\",\"hide\":[\"secret\",\"alpha\"]}");

    // Then
    assertThat(names(client.list().body())).containsExactly("beta");
    gate.changePolicy("open", POLICY);
  }
}
