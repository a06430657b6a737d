package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.gate.TestClient;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A34: answers by which an attacker tells what exists from what does not. Bytes are compared, and
 * the work that is done for an answer; time itself is not, since it would test the machine.
 *
 * <p>Where the policy is asked first, a hidden tool is denied as such: other bytes, and no listing
 * of the server.
 */
@Timeout(180)
class A34ErrorOracleTest {
  private static final String SECRETIVE =
      "{\"version\":\"1\",\"default\":\"allow\",\"hide\":[\"hidden\"],\"tools\":{\"hidden\":{"
          + "\"reason\":\"the crown jewels\",\"action\":\"deny\"}}}";

  private static Scene scene;

  @BeforeAll
  static void start() {
    scene =
        Scene.start(
            FixtureServer.with(),
            gate ->
                gate.policy("secretive", SECRETIVE)
                    .policy("nothing", "{\"version\":\"1\",\"default\":\"allow\",\"hide\":[\"*\"]}")
                    .grant("secretive", "fixture", "secretive")
                    .grant("nothing", "fixture", "nothing"));
    scene.alice.list();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static Map<String, List<String>> visible(Map<String, List<String>> headers) {
    Map<String, List<String>> visible = new TreeMap<>(headers);
    visible.keySet().removeIf(name -> name.equalsIgnoreCase("Tallygate-Decision-Id"));
    return visible;
  }

  @Test
  void hiddenAndAbsentToolsAreAnsweredWithTheSameBytes() {
    for (String label : List.of("alice", "secretive", "nothing")) {
      TestClient client = scene.gate.client(label, "fixture");
      for (String arguments : List.of("{}", "{\"x\":1}", "{\"x\":\"" + "y".repeat(9_000) + "\"}")) {
        // When
        Scene.Stopped hidden = scene.stops(client.modernCall("hidden", arguments));
        Scene.Stopped absent = scene.stops(client.modernCall("absent", arguments));

        // Then
        assertThat(hidden.status()).isEqualTo(absent.status()).isEqualTo(200);
        assertThat(hidden.body()).isEqualTo(absent.body().replace("absent", "hidden"));
        assertThat(visible(hidden.headers())).isEqualTo(visible(absent.headers()));
        assertThat(hidden.body()).doesNotContain("jewels", "rule", "decision");
        assertThat(hidden.record().get("outcome").asText()).isEqualTo("denied");
      }
    }
  }

  @Test
  void hiddenAndAbsentToolsAreAnsweredAlikeInASession() {
    // Given
    String session = scene.alice.initialize();

    // When
    Scene.Stopped hidden =
        scene.stops(scene.alice.legacy(session, TestClient.legacyCallBody("hidden")));
    Scene.Stopped absent =
        scene.stops(scene.alice.legacy(session, TestClient.legacyCallBody("absent")));

    // Then
    assertThat(hidden.body()).isEqualTo(absent.body().replace("absent", "hidden"));
    assertThat(visible(hidden.headers())).isEqualTo(visible(absent.headers()));
  }

  @Test
  void sameWorkIsDoneForHiddenAndForAbsentTools() {
    // Given
    List<Integer> listings = new ArrayList<>();

    // When
    for (String tool : List.of("hidden", "absent")) {
      try (Scene fresh = Scene.start()) {
        for (int i = 0; i < 20; i++) {
          fresh.stops(fresh.alice.modernCall(tool, "{}")).withError(-32602);
        }
        listings.add(fresh.upstream.requests("tools/list").size());
      }
    }

    // Then
    assertThat(listings.get(0)).isPositive().isEqualTo(listings.get(1));
  }

  @Test
  void serversThatAreNotThereAndTokensOfOthersAreAnsweredAlike() {
    // When
    List<HttpResponse<String>> answers =
        List.of(
            new TestClient(scene.gate.url("fixture"), "tg_wrong").call("alpha"),
            new TestClient(scene.gate.url("nosuch"), "tg_wrong").call("alpha"),
            new TestClient(scene.gate.url("nosuch"), scene.gate.token("alice")).call("alpha"));

    // Then
    assertThat(answers)
        .allSatisfy(
            answer -> {
              assertThat(answer.statusCode()).isEqualTo(401);
              assertThat(answer.body()).isEqualTo(answers.get(0).body());
              assertThat(visible(answer.headers().map()))
                  .isEqualTo(visible(answers.get(0).headers().map()));
              assertThat(scene.gate.rejection(answer).get("kind").asText()).isEqualTo("token");
            });
    assertThat(scene.upstream.calls()).isEmpty();
  }

  @Test
  void sessionsOfOthersAndInventedOnesAreAnsweredAlike() {
    // Given
    String session = scene.alice.initialize();

    // When
    Scene.Stopped others =
        scene.stops(scene.bob.legacy(session, TestClient.legacyCallBody("alpha")));
    Scene.Stopped invented =
        scene.stops(
            scene.bob.legacy("x".repeat(session.length()), TestClient.legacyCallBody("alpha")));

    // Then
    others.rejected(404, "session");
    invented.rejected(404, "session");
    assertThat(others.body()).isEqualTo(invented.body());
    assertThat(visible(others.headers())).isEqualTo(visible(invented.headers()));
  }
}
