package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A26: more calls than a limit has room for, made to look like others, on one node.
 *
 * <p>Where a round with {@code requestState} is not charged, calls that pretend to be one are not
 * counted at all.
 */
@Timeout(180)
class A26RateLimitEvasionTest {
  private static final int TEN = 10;
  private static final String LIMITED =
      "{\"version\":\"1\",\"default\":\"deny\",\"list\":\"all\",\"tools\":{\"alpha\":{"
          + "\"deny_if\":[{\"conditions\":[{\"path\":\"args.bad\",\"op\":\"eq\",\"value\":true}]}],"
          + "\"limits\":[{\"counter\":\"c\",\"window\":10000000,\"max\":10}]}}}";

  private Scene scene;
  private TestClient client;

  @BeforeEach
  void start() {
    scene =
        Scene.start(
            FixtureServer.with().tools(Tool.named("Alpha")),
            gate -> gate.policy("ten", LIMITED).grant("limited", "fixture", "ten"));
    client = scene.gate.client("limited", "fixture");
    client.list();
  }

  @AfterEach
  void stop() {
    scene.close();
  }

  private void usedUp() {
    scene.stops(client.modernCall("alpha", "{}")).denied(200, "/tools/alpha/limits/0");
    assertThat(scene.upstream.calls("alpha")).isEqualTo(TEN);
  }

  @Test
  void parallelCallsOverManyConnectionsAreCountedOneByOne() {
    // When
    List<CompletableFuture<HttpResponse<String>>> burst =
        IntStream.range(0, 200)
            .mapToObj(
                i ->
                    (i % 20 == 0 ? HttpClient.newHttpClient() : TestGate.HTTP)
                        .sendAsync(
                            client.modernCall("alpha", "{}").build(), BodyHandlers.ofString()))
            .toList();
    long passed =
        burst.stream()
            .map(CompletableFuture::join)
            .filter(answer -> !answer.body().contains("\"isError\":true"))
            .count();

    // Then
    assertThat(passed).isEqualTo(TEN);
    usedUp();
  }

  @Test
  void newSessionsAndErasShareTheCount() {
    // When
    for (int i = 0; i < TEN; i++) {
      if (i % 2 == 0) {
        client.legacyCall(client.initialize(), "alpha");
      } else {
        client.call("alpha");
      }
    }

    // Then
    usedUp();
    scene
        .stops(client.legacy(client.initialize(), TestClient.legacyCallBody("alpha")))
        .denied(200, "/tools/alpha/limits/0");
  }

  @Test
  void repeatedMessageIsCountedAgain() {
    // When
    for (int i = 0; i < TEN; i++) {
      client.call("alpha"); // the same id each time
    }

    // Then
    usedUp();
  }

  @Test
  void eachRoundOfAnExchangeIsCounted() {
    // When
    for (int i = 0; i < TEN; i++) {
      TestClient.send(
          client
              .modern(
                  "tools/call",
                  "\"name\":\"alpha\",\"arguments\":{},\"requestState\":\"s"
                      + i
                      + "\",\"inputResponses\":{\"q\":{\"action\":\"accept\"}}")
              .header("Mcp-Name", "alpha"));
    }

    // Then
    usedUp();
    scene
        .stops(
            client
                .modern("tools/call", "\"name\":\"alpha\",\"requestState\":\"s\"")
                .header("Mcp-Name", "alpha"))
        .denied(200, "/tools/alpha/limits/0");
  }

  @Test
  void deniedCallsCostNothingAndOtherSpellingsFindNoRoomOfTheirOwn() {
    // When
    for (int i = 0; i < TEN; i++) {
      scene.stops(client.modernCall("alpha", "{\"bad\":true}"));
      scene.stops(client.modernCall("Alpha", "{}")).denied(200, "(default deny)");
      scene.stops(client.modernCall("ALPHA", "{}")).withError(-32602);
      client.call("alpha");
    }

    // Then
    usedUp();
    assertThat(scene.upstream.calls("Alpha")).isZero();
  }
}
