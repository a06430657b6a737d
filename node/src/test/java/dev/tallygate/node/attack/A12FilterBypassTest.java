package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.gate.TestClient;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A12: a list of tools that reaches the client on a way on which nobody filters it.
 *
 * <p>Without {@code ListFilter} in {@code Relay} the hidden tool arrives on every one of these
 * ways.
 */
@Timeout(180)
class A12FilterBypassTest {
  private static final String TOOLS =
      "[{\"name\":\"alpha\",\"inputSchema\":{\"type\":\"object\"}},"
          + "{\"name\":\"hidden\",\"inputSchema\":{\"type\":\"object\"}}]";

  private static Scene scene;

  @BeforeAll
  static void start() {
    scene = Scene.start();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static String list(Object id, String member) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"" + member + "\":" + TOOLS + "}}";
  }

  private static String list(Object id) {
    return list(id, "tools");
  }

  private static void assertFiltered(HttpResponse<String> answer) {
    assertThat(answer.body()).contains("alpha").doesNotContain("hidden");
    assertThat(scene.gate.completion(answer).get("end").asText()).isEqualTo("ok");
  }

  private static void assertNotRelayed(HttpResponse<String> answer) {
    assertThat(answer.body()).doesNotContain("hidden").contains("\"error\"");
    assertThat(scene.gate.completion(answer).get("end").asText()).isIn("broken", "refused");
  }

  /** A list asked for in a session, of which only an event to resume from has come. */
  private static String cut(String session) {
    scene.upstream.answerNext(
        "tools/list", Answer.body("text/event-stream", "id: e-1\nretry: 1\ndata:\n\n"));
    String list = "{\"jsonrpc\":\"2.0\",\"id\":\"l\",\"method\":\"tools/list\"}";
    assertThat(TestClient.send(scene.alice.legacy(session, list)).body()).contains("e-1");
    return session;
  }

  private static HttpResponse<String> resumed(String session, String stream) {
    scene.upstream.answerNext("GET", Answer.body("text/event-stream", stream));
    return TestClient.send(scene.alice.legacyStream(session).header("Last-Event-ID", "e-1"));
  }

  @Test
  void listOnAResumedStreamIsFiltered() {
    // When
    HttpResponse<String> answer =
        resumed(cut(scene.alice.initialize()), "id: e-2\ndata: " + list("\"l\"") + "\n\n");

    // Then
    assertThat(answer.body()).contains("id: e-2", "alpha").doesNotContain("hidden");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Tools", "TOOLS", "tool\u017f", "too\u200bls", "list"})
  void listThatIsNotNamedSoOnAResumedStreamIsNotRelayed(String member) {
    // When
    HttpResponse<String> answer =
        resumed(cut(scene.alice.initialize()), "data: " + list("\"l\"", member) + "\n\n");

    // Then
    assertThat(answer.body()).contains("\"error\"").doesNotContain("hidden");
  }

  @Test
  void listThatNobodyAskedForOnAResumedStreamIsLeftOut() {
    for (Object id : List.of("\"m\"", 1, "\"L\"")) {
      HttpResponse<String> answer =
          resumed(cut(scene.alice.initialize()), ": x\n\ndata: " + list(id) + "\n\n");
      assertThat(answer.body()).isEqualTo(": x\n\n");
    }
  }

  @Test
  void listOnTheStreamOfAnotherRequestIsFilteredOrLeftOut() {
    // Given
    String session = scene.alice.initialize();

    // When
    scene.upstream.answerNext(
        "tools/call",
        Answer.body("text/event-stream", "data: " + list(9) + "\n\ndata: " + list(3) + "\n\n"));
    HttpResponse<String> legacy = scene.alice.legacyCall(session, "alpha");
    scene.upstream.answerNext(
        "tools/call",
        Answer.body("text/event-stream", "data: " + list(9) + "\n\ndata: " + list(7) + "\n\n"));
    HttpResponse<String> modern = scene.alice.call("alpha");

    // Then
    assertFiltered(legacy);
    assertFiltered(modern);
    assertThat(List.of(legacy.body(), modern.body())).noneMatch(body -> body.contains("\"id\":9"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"tools/call", "ping", "prompts/list", "server/discover", "resources/list"})
  void listInTheAnswerToAnotherRequestIsNotRelayed(String method) {
    for (String form :
        List.of(
            list(7),
            "{\"jsonrpc\":\"2.0\",\"result\":{\"isError\":false,\"tools\":"
                + TOOLS
                + "},\"id\":7}")) {
      // Given
      scene.upstream.answerNext(method, Answer.body("application/json", form));

      // When
      HttpResponse<String> answer =
          method.equals("tools/call")
              ? scene.alice.call("alpha")
              : TestClient.send(scene.alice.modern(method, ""));

      // Then
      assertThat(answer.body()).doesNotContain("hidden").containsAnyOf("isError", "error");
      assertThat(scene.gate.completion(answer).get("end").asText()).isEqualTo("broken");
    }
  }

  @Test
  void listInABatchIsNotRelayed() {
    for (String batch :
        List.of("[" + list(7) + "]", "[[" + list(7) + "]]", " \n[" + list(7) + "]")) {
      scene.upstream.answerNext("tools/list", Answer.body("application/json", batch));
      assertNotRelayed(scene.alice.list());
      scene.upstream.answerNext(
          "tools/list", Answer.body("text/event-stream", "data: " + batch.strip() + "\n\n"));
      assertNotRelayed(scene.alice.list());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"gzip", "GZIP", "x-gzip", "deflate", "br", "gzip, identity", "aws-chunked"})
  void encodedListIsNotRelayed(String encoding) {
    for (String type : List.of("application/json", "text/event-stream")) {
      // Given
      byte[] plain =
          (type.startsWith("text") ? "data: " + list(7) + "\n\n" : list(7))
              .getBytes(StandardCharsets.UTF_8);
      scene.upstream.answerNext(
          "tools/list",
          exchange ->
              exchange
                  .response()
                  .putHeader("Content-Type", type)
                  .putHeader("Content-Encoding", encoding)
                  .end(
                      Buffer.buffer(
                          encoding.toLowerCase().contains("gzip") ? gzipped(plain) : plain)));

      // When
      HttpResponse<String> answer = scene.alice.list();

      // Then
      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(answer.headers().firstValue("Content-Encoding")).isEmpty();
      assertNotRelayed(answer);
      assertThat(scene.received(answer).header("Accept-Encoding")).contains("identity");
    }
  }

  private static byte[] gzipped(byte[] plain) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
      zip.write(plain);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  @Test
  void secondEncodingHeaderIsSeen() {
    // Given
    Iterable<String> both = List.of("identity", "gzip");
    scene.upstream.answerNext(
        "tools/list",
        exchange ->
            exchange
                .response()
                .putHeader("Content-Type", "application/json")
                .putHeader("Content-Encoding", both)
                .end(Buffer.buffer(gzipped(list(7).getBytes(StandardCharsets.UTF_8)))));

    // Then
    assertNotRelayed(scene.alice.list());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 50})
  void listInPiecesIsFiltered(int bytes) {
    for (Answer pieces :
        List.of(
            Answer.jsonInPieces(bytes, Duration.ofMillis(1)),
            Answer.sseInPieces(bytes, Duration.ofMillis(1)))) {
      scene.upstream.answerNext("tools/list", pieces);
      assertFiltered(scene.alice.list());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;charset=\"UTF-8\"",
        " application/json ; profile=x",
        "text/event-stream; charset=utf-8",
        "Text/Event-Stream;x=y"
      })
  void listOfATypeWithParametersIsFiltered(String type) {
    boolean stream = type.toLowerCase().contains("event");
    scene.upstream.answerNext(
        "tools/list", Answer.body(type, stream ? "data: " + list(7) + "\n\n" : list(7)));
    assertFiltered(scene.alice.list());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "text/plain",
        "text/html",
        "application/x-ndjson",
        "application/json-seq",
        "application/vnd.mcp+json",
        "application/jsonx",
        "application/json, text/event-stream",
        "text/event-streams",
        "multipart/mixed",
        "json"
      })
  void listOfAnotherTypeIsNotRelayed(String type) {
    scene.upstream.answerNext("tools/list", Answer.body(type, list(7)));
    HttpResponse<String> answer = scene.alice.list();
    assertThat(answer.statusCode()).isEqualTo(502);
    assertNotRelayed(answer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16", "UTF-16LE", "UTF-32"})
  void listInAnotherCharsetIsNotRelayed(String charset) {
    // Given
    scene.upstream.answerNext(
        "tools/list",
        exchange ->
            exchange
                .response()
                .putHeader("Content-Type", "application/json; charset=" + charset)
                .end(Buffer.buffer(list(7).getBytes(Charset.forName(charset)))));

    // Then
    HttpResponse<String> answer = scene.alice.list();
    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.body()).contains("error").doesNotContain("h\u0000i");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Tools", "TOOLS", "tool\u017f", "too\u200bls"})
  void listThatIsNotNamedSoIsNotRelayed(String member) {
    for (String body :
        List.of(
            list(7, member),
            list(7, member).replace("\"result\":{", "\"result\":{\"tools\":[],"))) {
      scene.upstream.answerNext("tools/list", Answer.body("application/json", body));
      assertNotRelayed(scene.alice.list());
      scene.upstream.answerNext(
          "tools/list", Answer.body("text/event-stream", "data: " + body + "\n\n"));
      assertThat(scene.alice.list().body()).contains("\"error\"").doesNotContain("hidden");
    }
  }

  @Test
  void listUnderAnErrorStatusIsNotRelayed() {
    for (String body :
        List.of(
            list(7),
            "[" + list(7) + "]",
            list(7).replace("\"result\"", "\"error\":{},\"result\""),
            "{\"tools\":" + TOOLS + "}")) {
      for (int status : List.of(400, 404, 422, 500)) {
        scene.upstream.answerNext(
            "tools/list", Answer.status(status, Map.of("Content-Type", "application/json"), body));
        HttpResponse<String> answer = scene.alice.list();
        assertThat(answer.statusCode()).isEqualTo(status);
        assertNotRelayed(answer);
      }
    }
  }

  @Test
  void listAsTheResultOfATaskIsNotRelayed() {
    // Given
    String session = scene.alice.initialize();
    scene.upstream.answerNext(
        "tools/call",
        Answer.body(
            "application/json",
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"task\":{\"taskId\":\"t-list\","
                + "\"status\":\"working\"}}}"));
    scene.alice.legacyCall(session, "alpha");
    String wanted =
        "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tasks/result\",\"params\":{\"taskId\":\"t-list\"}}";

    // When
    scene.upstream.answerNext("tasks/result", Answer.body("application/json", list(4)));
    HttpResponse<String> json = TestClient.send(scene.alice.legacy(session, wanted));
    scene.upstream.answerNext(
        "tasks/result", Answer.body("text/event-stream", "data: " + list(4) + "\n\n"));
    HttpResponse<String> stream = TestClient.send(scene.alice.legacy(session, wanted));

    // Then
    assertNotRelayed(json);
    assertFiltered(stream);
  }
}
