package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A27: a list that was filtered for one caller is kept, and shown to another or for too long.
 *
 * <p>Without the rewriting in {@code ListFilter} the server's {@code public} and its day of {@code
 * ttlMs} reach the client.
 */
@Timeout(180)
class A27CacheLeakTest {
  private static final String WIDE =
      "{\"version\":\"1\",\"default\":\"allow\",\"hide\":[\"hidden\"]}";
  private static final String NARROW =
      "{\"version\":\"1\",\"default\":\"allow\",\"hide\":[\"hidden\",\"alpha\"]}";
  private static final String CHANGED = "notifications/tools/list_changed";

  private Scene scene;
  private TestClient carol;
  private final List<BufferedReader> streams = new ArrayList<>();

  @BeforeEach
  void start() {
    scene =
        Scene.start(
            FixtureServer.with().pageSize(1).cacheScope("public"),
            gate -> gate.policy("changing", WIDE).grant("carol", "fixture", "changing"));
    carol = scene.gate.client("carol", "fixture");
  }

  @AfterEach
  void stop() throws IOException {
    for (BufferedReader stream : streams) {
      stream.close();
    }
    scene.close();
  }

  private static void assertKeptByNobodyElse(HttpResponse<String> answer) {
    JsonNode result = TestGate.json(answer.body()).get("result");
    assertThat(result.get("cacheScope").asText()).isEqualTo("private");
    assertThat(result.get("ttlMs").asLong()).isBetween(0L, 60_000L);
    assertThat(answer.headers().firstValue("Cache-Control")).contains("private, no-store");
    assertThat(answer.headers().firstValue("ETag")).isEmpty();
  }

  @Test
  void everyPageOfAListIsPrivate() {
    // Given
    int pages = 0;

    // When
    String cursor = "";
    do {
      HttpResponse<String> page = TestClient.send(scene.alice.modern("tools/list", cursor));

      // Then
      assertKeptByNobodyElse(page);
      assertThat(page.body()).doesNotContain("\"hidden\"");
      JsonNode next = TestGate.json(page.body()).at("/result/nextCursor");
      cursor = next.isMissingNode() ? "" : "\"cursor\":\"" + next.asText() + "\"";
      pages++;
    } while (!cursor.isEmpty());
    assertThat(pages).isEqualTo(3);
  }

  @Test
  void hintsOfTheServerAreOverruledInEveryForm() {
    for (String hints :
        List.of(
            "\"ttlMs\":86400000,\"cacheScope\":\"public\",",
            "\"ttlMs\":1e300,\"cacheScope\":\"PUBLIC\",",
            "\"ttlMs\":\"600\",",
            "")) {
      for (String member : List.of("\"tools\":[]", "\"supportedVersions\":[]")) {
        String method = member.contains("tools") ? "tools/list" : "server/discover";
        String body = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{" + hints + member + "}}";
        for (Answer answer :
            List.of(
                Answer.body("application/json", body),
                Answer.body("text/event-stream", "data: " + body + "\n\n"))) {
          // Given
          scene.upstream.answerNext(method, answer);

          // When
          HttpResponse<String> got = TestClient.send(scene.alice.modern(method, ""));

          // Then
          assertThat(got.body())
              .contains("\"cacheScope\":\"private\"")
              .doesNotContain("86400000", "public", "PUBLIC", "1e300");
          assertThat(got.headers().firstValue("Cache-Control")).contains("private, no-store");
        }
      }
    }
  }

  @Test
  void discoveryIsPrivate() {
    assertKeptByNobodyElse(TestClient.send(scene.alice.modern("server/discover", "")));
  }

  @Test
  void discoveryThatSaysItTwiceIsNotRelayed() {
    for (String body :
        List.of(
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"cacheScope\":\"private\",\"CacheScope\":\"public\"}}",
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"cacheScope\":\"private\",\"cacheScope\":\"public\"}}",
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"cacheScope\":[\"public\"]}}")) {
      scene.upstream.answerNext("server/discover", Answer.body("application/json", body));
      HttpResponse<String> answer = TestClient.send(scene.alice.modern("server/discover", ""));
      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(answer.body()).doesNotContain("public");
      assertThat(scene.gate.completion(answer).get("end").asText()).isEqualTo("broken");
    }
  }

  @Test
  void callersOfOneServerSeeTheirOwnLists() {
    // When
    String before = allPages(carol);
    String others = allPages(scene.alice);
    scene.gate.changePolicy("changing", NARROW);

    // Then
    assertThat(before).contains("\"alpha\"", "\"denied\"");
    assertThat(allPages(carol)).contains("\"denied\"").doesNotContain("\"alpha\"");
    assertThat(allPages(scene.alice)).isEqualTo(others);
  }

  private static String allPages(TestClient client) {
    StringBuilder all = new StringBuilder();
    for (String cursor : List.of("", "\"cursor\":\"1\"", "\"cursor\":\"2\"")) {
      all.append(TestClient.send(client.modern("tools/list", cursor)).body());
    }
    return all.toString();
  }

  @Test
  void listThatIsKeptOpensNothing() {
    // Given
    assertThat(allPages(carol)).contains("\"alpha\"");
    assertThat(carol.call("alpha").body()).contains("\"content\"");

    // When
    scene.gate.changePolicy("changing", NARROW);

    // Then
    scene.stops(carol.modernCall("alpha", "{}")).denied(200, "(hidden)").withError(-32602);
  }

  private BufferedReader opened(HttpRequest.Builder request) throws Exception {
    int open = scene.upstream.openStreams();
    BufferedReader stream =
        new BufferedReader(
            new InputStreamReader(
                TestGate.HTTP.send(request.build(), BodyHandlers.ofInputStream()).body()));
    streams.add(stream);
    await().until(() -> scene.upstream.openStreams() == open + 1);
    return stream;
  }

  private static HttpRequest.Builder listening(TestClient client, String notifications) {
    return client.modern("subscriptions/listen", "\"notifications\":{" + notifications + "}");
  }

  /** The messages of a stream up to one that the server sends to all of them. */
  private List<JsonNode> untilLast(BufferedReader stream) throws IOException {
    List<JsonNode> messages = new ArrayList<>();
    for (String line = stream.readLine(); ; line = stream.readLine()) {
      if (line.startsWith("data: ")) {
        JsonNode message = TestGate.json(line.substring(6));
        if (message.path("method").asText().equals("notifications/last")) {
          return messages;
        }
        messages.add(message);
      }
    }
  }

  private void pushLast() {
    scene.upstream.push(TestGate.json("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/last\"}"));
  }

  @Test
  void clientsWhoseToolsChangedAreTold() throws Exception {
    // Given
    allPages(carol);
    BufferedReader legacy = opened(carol.legacyStream(carol.initialize()));
    BufferedReader modern = opened(listening(carol, "\"toolsListChanged\":true"));
    BufferedReader deaf = opened(listening(carol, "\"promptsListChanged\":true"));
    BufferedReader falsely = opened(listening(carol, "\"toolsListChanged\":false"));
    BufferedReader others = opened(scene.alice.legacyStream(scene.alice.initialize()));
    BufferedReader listening = opened(listening(scene.alice, "\"toolsListChanged\":true"));

    // When
    scene.gate.changePolicy("changing", NARROW);

    // Then
    assertThat(next(legacy).toString())
        .isEqualTo("{\"jsonrpc\":\"2.0\",\"method\":\"" + CHANGED + "\"}");
    assertThat(next(modern).get("method").asText())
        .isEqualTo("notifications/subscriptions/acknowledged");
    assertThat(next(modern).toString())
        .isEqualTo(
            "{\"jsonrpc\":\"2.0\",\"method\":\""
                + CHANGED
                + "\",\"params\":{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":7}}}");
    pushLast();
    assertThat(untilLast(legacy)).isEmpty();
    assertThat(untilLast(modern)).isEmpty();
    for (BufferedReader untold : List.of(deaf, falsely, others, listening)) {
      assertThat(untilLast(untold))
          .noneMatch(message -> message.path("method").asText().equals(CHANGED));
    }
  }

  private static JsonNode next(BufferedReader stream) {
    try {
      String line = stream.readLine();
      while (!line.startsWith("data: ")) {
        line = stream.readLine();
      }
      return TestGate.json(line.substring(6));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void changeThatShowsTheSameToolsIsNotTold() throws Exception {
    // Given
    allPages(carol);
    BufferedReader stream = opened(carol.legacyStream(carol.initialize()));

    // When
    scene.gate.changePolicy(
        "changing", WIDE.replace("allow", "deny").replace("{\"v", "{\"list\":\"all\",\"v"));
    pushLast();

    // Then
    assertThat(untilLast(stream)).isEmpty();
  }

  @Test
  void sessionWithTwoStreamsIsToldOnce() throws Exception {
    // Given
    allPages(carol);
    String session = carol.initialize();
    BufferedReader one = opened(carol.legacyStream(session));
    BufferedReader two = opened(carol.legacyStream(session));

    // When
    List<CompletableFuture<JsonNode>> firsts =
        Stream.of(one, two)
            .map(stream -> CompletableFuture.supplyAsync(() -> next(stream)))
            .toList();
    scene.gate.changePolicy("changing", NARROW);
    CompletableFuture.anyOf(firsts.get(0), firsts.get(1)).join();
    pushLast();

    // Then
    assertThat(firsts.stream().map(first -> first.join().get("method").asText()))
        .containsExactlyInAnyOrder(CHANGED, "notifications/last");
  }
}
