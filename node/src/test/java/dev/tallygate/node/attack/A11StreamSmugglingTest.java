package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.gate.TestGate;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A11: an event stream of the server in which the gate and the client find different messages.
 *
 * <p>Without {@code PlainLines} a client that cuts lines at U+2028 or at a carriage return reads
 * the hidden list; without the checks in {@code EventRelay} batches, second answers and answers to
 * other requests arrive.
 */
@Timeout(180)
class A11StreamSmugglingTest {
  private static final String RESULT = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}";
  private static final String LIST =
      "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"tools\":[{\"name\":\"hidden\","
          + "\"inputSchema\":{\"type\":\"object\"}}]}}";

  private static Scene scene;

  @BeforeAll
  static void start() {
    scene =
        Scene.start(
            FixtureServer.with(),
            gate -> gate.server("fixture").putObject("limits").put("eventBytes", "64KiB"));
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static HttpResponse<String> called(String stream) {
    scene.upstream.answerNext("tools/call", Answer.body("text/event-stream", stream));
    return scene.alice.call("alpha");
  }

  private static String end(HttpResponse<?> answer) {
    return scene.gate.completion(answer).get("end").asText();
  }

  /** Every way in which clients are known to find the ends of lines. */
  private static final List<String> LINE_ENDS =
      List.of(
          "\n",
          "\r\n|\n|\r",
          "\r\n|\n",
          "\r\n|[\n\r\u000b\u000c\u001c\u001d\u001e\u0085\u2028\u2029]");

  /** The messages that any of those clients finds. */
  private static List<JsonNode> messages(String stream) {
    List<JsonNode> found = new ArrayList<>();
    for (String lineEnd : LINE_ENDS) {
      StringBuilder data = new StringBuilder();
      for (String line : (stream + "\n\n").split(lineEnd, -1)) {
        if (line.startsWith("data:")) {
          data.append(line.substring(5)).append('\n');
        } else if (line.isEmpty() && data.length() > 0) {
          found.add(json(data.toString()));
          data.setLength(0);
        }
      }
    }
    return found;
  }

  private static JsonNode json(String data) {
    try {
      return TestGate.JSON.readTree(data);
    } catch (IOException e) {
      throw new AssertionError("a client finds what is no JSON: " + data, e);
    }
  }

  static List<String> hiddenFromSomeReaders() {
    List<String> streams = new ArrayList<>();
    for (String odd :
        List.of(
            "\r", "\u000b", "\u000c", "\u001c", "\u001d", "\u001e", "\u0085", "\u2028", "\u2029")) {
      String injected = odd + "data: " + LIST + odd + odd;
      streams.add(": alive" + injected + "\n\ndata: " + RESULT + "\n\n");
      streams.add("id: 1" + injected + "\n\ndata: " + RESULT + "\n\n");
      streams.add("event: message" + injected + "\ndata: " + RESULT + "\n\n");
      streams.add("retry: 1" + injected + "\ndata: " + RESULT + "\n\n");
      streams.add("x" + injected + "\ndata: " + RESULT + "\n\n");
      streams.add("data: " + RESULT + "\nx: " + injected + "\n\n");
      if (!odd.equals("\r") && odd.charAt(0) > 0x20) {
        String text =
            RESULT.replace("[]", "[{\"type\":\"text\",\"text\":\"a" + odd + odd + "data: x\"}]");
        streams.add("data: " + text + "\n\n");
        streams.add(
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"data\":\""
                + odd
                + odd
                + "data: "
                + LIST.replace("\"", "'")
                + odd
                + "\"}}\n\ndata: "
                + RESULT
                + "\n\n");
      }
    }
    return streams;
  }

  @ParameterizedTest
  @MethodSource("hiddenFromSomeReaders")
  void noReaderFindsAMessageThatTheGateDidNot(String stream) {
    // When
    HttpResponse<String> answer = called(stream);

    // Then
    assertThat(messages(answer.body()))
        .isNotEmpty()
        .allSatisfy(m -> assertThat(m.at("/result/tools").findValuesAsText("name")).isEmpty());
    assertThat(end(answer)).isIn("ok", "broken");
  }

  @Test
  void injectedTextStaysText() {
    // Given
    String text = "a\\n\\ndata: " + LIST.replace("\"", "\\\"") + "\\n\\n\\u2028\\r\\rdata: x";

    // When
    HttpResponse<String> answer =
        called(
            "data: "
                + RESULT.replace("[]", "[{\"type\":\"text\",\"text\":\"" + text + "\u2028\"}]")
                + "\n\n");

    // Then
    assertThat(messages(answer.body())).hasSize(LINE_ENDS.size());
    assertThat(messages(answer.body()).get(0).at("/result/content/0/text").asText())
        .isEqualTo("a\n\ndata: " + LIST + "\n\n\u2028\r\rdata: x\u2028");
  }

  static List<String> leftOut() {
    return List.of(
        "data: not json\n\n",
        "data: [" + LIST + "]\n\n",
        "data: [1]\n\n",
        "data: " + LIST + LIST + "\n\n",
        "data: {\"a\":1}{\"b\":2}\n\n",
        "data: " + LIST + "\ndata: " + LIST + "\n\n",
        "data: " + LIST.replace("\"id\":7", "\"id\":8") + "\n\n",
        "data: " + LIST.replace("\"id\":7", "\"id\":\"7\"") + "\n\n",
        "data: " + LIST.replace("\"id\":7", "\"id\":null") + "\n\n",
        "data: " + LIST.replace("\"id\":7", "\"id\":7.0") + "\n\n",
        "data: " + LIST.replace("\"id\":7", "\"id\":7,\"id\":8") + "\n\n",
        "data: " + LIST.replace("\"id\":7,", "") + "\n\n",
        "data: " + LIST.replace("\"result\"", "\"error\":{},\"result\"") + "\n\n",
        "data: " + LIST.replace("\"result\"", "\"method\":\"x\",\"result\"") + "\n\n",
        "data: " + LIST.replace("\"result\"", "\"result\":{},\"result\"") + "\n\n",
        "data: " + LIST.replace("}}]}}", "}}]}") + "\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sampling/createMessage\",\"params\":{"
            + "\"tools\":[\"hidden\"]}}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"elicitation/create\",\"params\":{"
            + "\"message\":\"hidden\"}}\n\n");
  }

  @ParameterizedTest
  @MethodSource("leftOut")
  void whatIsNotAMessageOfThisStreamIsLeftOut(String event) {
    // When
    HttpResponse<String> answer =
        called(": alive\n\n" + event + "data: " + RESULT + "\n\n" + event);

    // Then
    assertThat(answer.body()).isEqualTo(": alive\n\ndata: " + RESULT + "\n\n");
    assertThat(end(answer)).isEqualTo("ok");
  }

  @Test
  void secondAnswerIsLeftOut() {
    // When
    HttpResponse<String> answer =
        called("data: " + RESULT + "\n\ndata: " + RESULT + "\n\ndata: " + LIST + "\n\n");

    // Then
    assertThat(answer.body()).isEqualTo("data: " + RESULT + "\n\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void eventIsTheSameHoweverItIsCut(int bytes) {
    // Given
    String stream = "data: " + LIST + "\r\n\r\n: x\r\rdata: " + RESULT + "\r\n\r\n";
    scene.upstream.answerNext(
        "tools/call",
        exchange -> {
          exchange.startStream();
          exchange.drip(io.vertx.core.buffer.Buffer.buffer(stream), bytes, Duration.ofMillis(1));
        });

    // When
    HttpResponse<String> answer = scene.alice.call("alpha");

    // Then
    assertThat(answer.body()).contains("\"tools\":[]").doesNotContain("hidden");
  }

  @ParameterizedTest
  @ValueSource(strings = {"data: ", ": ", "id: ", "event: ", "x", "data: \ndata: ", "data: {}\n"})
  void eventWithoutEndEndsTheStream(String start) {
    // When
    HttpResponse<String> answer = called(start + "x".repeat(100_000) + "\n\ndata: " + RESULT);

    // Then
    assertThat(answer.body()).contains("\"isError\":true").doesNotContain("xxx");
    assertThat(end(answer)).isEqualTo("broken");
  }

  @Test
  void answerToNobodyOnTheSessionsStreamIsLeftOut() throws Exception {
    // Given
    HttpResponse<InputStream> stream =
        TestGate.HTTP.send(
            scene.alice.legacyStream(scene.alice.initialize()).build(),
            BodyHandlers.ofInputStream());
    await().until(() -> scene.upstream.openStreams() == 1);

    // When
    scene.upstream.push(TestGate.json(LIST));
    scene.upstream.push(TestGate.json(RESULT));
    scene.upstream.push(TestGate.json("[" + LIST + "]"));
    scene.upstream.push(
        TestGate.json("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1,\"message\":\"x\"}}"));
    scene.upstream.push(TestGate.json("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/last\"}"));

    // Then
    StringBuilder seen = new StringBuilder();
    while (seen.indexOf("notifications/last") < 0) {
      seen.append((char) stream.body().read());
    }
    assertThat(seen.toString()).doesNotContain("result", "error", "hidden");
    stream.body().close();
    await().until(() -> scene.upstream.openStreams() == 0);
  }
}
