package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.gate.TestClient;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A13: Bob resumes from an event of Alice's, which servers keep for all sessions in one store.
 *
 * <p>Without {@code Gate.requireOwnEvent} the server is asked to resume from an event of Alice's in
 * a session of Bob's.
 */
@Timeout(180)
class A13EventTheftTest {
  private static Scene scene;
  private String alices;
  private String bobs;

  @BeforeAll
  static void start() {
    scene = Scene.start();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  @BeforeEach
  void open() {
    alices = scene.alice.initialize();
    bobs = scene.bob.initialize();
    // A call of Alice's whose stream breaks off after an event that it can be resumed from.
    scene.upstream.answerNext(
        "tools/call",
        Answer.body(
            "text/event-stream", "id: alice-1\nretry: 10\ndata:\n\nid: alice-2\ndata:\n\n"));
    assertThat(scene.alice.legacyCall(alices, "alpha").body()).contains("alice-2");
  }

  @Test
  void eventOfAnotherSessionIsNotThere() {
    String second = scene.alice.initialize();
    for (String event : List.of("alice-1", "alice-2")) {
      scene
          .stops(scene.bob.legacyStream(bobs).header("Last-Event-ID", event))
          .rejected(404, "event")
          .withError(-31404);
      scene
          .stops(scene.bob.legacyStream(alices).header("Last-Event-ID", event))
          .rejected(404, "session");
      scene
          .stops(scene.alice.legacyStream(second).header("Last-Event-ID", event))
          .rejected(404, "event");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"alice-3", "ALICE-1", "alice", "alice-1 x", "0", "../alice-1"})
  void eventThatNeverWasIsAnsweredAlike(String event) {
    // When
    Scene.Stopped absent = scene.stops(scene.bob.legacyStream(bobs).header("Last-Event-ID", event));
    Scene.Stopped foreign =
        scene.stops(scene.bob.legacyStream(bobs).header("Last-Event-ID", "alice-1"));

    // Then
    assertThat(absent.rejected(404, "event").body()).isEqualTo(foreign.body());
  }

  @Test
  void ownerResumesFromHerOwnEvent() {
    // Given
    scene.upstream.answerNext(
        "GET",
        Answer.body(
            "text/event-stream",
            "id: alice-3\ndata: {\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"content\":[]}}\n\n"));

    // When
    HttpResponse<String> answer =
        TestClient.send(scene.alice.legacyStream(alices).header("Last-Event-ID", "alice-2"));

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("alice-3", "\"result\"");
    assertThat(scene.received(answer).header("Last-Event-ID")).contains("alice-2");
    assertThat(scene.received(answer).header("Mcp-Session-Id")).contains(alices);
    scene
        .stops(scene.bob.legacyStream(bobs).header("Last-Event-ID", "alice-3"))
        .rejected(404, "event");
  }

  @Test
  void streamThatOpenedASessionCanBeResumedInItToo() {
    // Given
    scene.upstream.answerNext(
        "initialize",
        Answer.status(
            200,
            Map.of("Content-Type", "text/event-stream", "Mcp-Session-Id", "opened-by-events"),
            "id: init-1\ndata: {\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{}}\n\n"));
    String session = scene.alice.initialize();
    scene.upstream.answerNext("GET", Answer.body("text/event-stream", ": resumed\n\n"));

    // When
    HttpResponse<String> answer =
        TestClient.send(scene.alice.legacyStream(session).header("Last-Event-ID", "init-1"));

    // Then
    assertThat(answer.body()).isEqualTo(": resumed\n\n");
    scene
        .stops(scene.bob.legacyStream(bobs).header("Last-Event-ID", "init-1"))
        .rejected(404, "event");
  }

  @Test
  void eventOutsideOfASessionIsNotToldToTheServer() {
    // Given
    scene.upstream.answerNext("GET", Answer.status(405));

    // When
    HttpResponse<String> legacy =
        TestClient.send(scene.bob.request().header("Last-Event-ID", "alice-1").GET());
    HttpResponse<String> modern =
        TestClient.send(scene.bob.modernCall("alpha", "{}").header("Last-Event-ID", "alice-1"));
    HttpResponse<String> post =
        TestClient.send(
            scene
                .bob
                .legacy(bobs, TestClient.legacyCallBody("alpha"))
                .header("Last-Event-ID", "alice-1"));

    // Then
    for (HttpResponse<String> each : List.of(legacy, modern, post)) {
      assertThat(scene.received(each).header("Last-Event-ID")).isEmpty();
    }
  }
}
