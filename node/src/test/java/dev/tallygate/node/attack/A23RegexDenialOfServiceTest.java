package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import dev.tallygate.policy.Policy;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A23: texts that a backtracking regex engine takes for ever to fail on.
 *
 * <p>With the JDK's own regex engine an event loop never comes back: the attack and the calls of
 * others both time out.
 */
@Timeout(60)
class A23RegexDenialOfServiceTest {
  private static final String RULE =
      "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"alpha\":{\"require\":[{\"conditions\":[{"
          + "\"path\":\"args.text\",\"op\":\"regex\",\"value\":\"%s\"}]}]}}}";
  private static final List<String> SLOW = List.of("(a+)+$", "^(a|a)*$", "(.*a){20}$", "(a*)*b");

  private static Scene scene;

  @BeforeAll
  static void start() {
    scene =
        Scene.start(
            dev.tallygate.node.fixture.FixtureServer.with(),
            gate -> {
              for (int i = 0; i < SLOW.size(); i++) {
                gate.policy("slow" + i, RULE.formatted(SLOW.get(i)))
                    .grant("slow" + i, "fixture", "slow" + i);
              }
            });
    scene.alice.list();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void longTextThatDoesNotMatchIsDeniedAtOnce(int which) {
    // Given
    TestClient client = scene.gate.client("slow" + which, "fixture");
    String text = "a".repeat(50_000) + "!";

    // Then
    scene
        .stops(client.modernCall("alpha", "{\"text\":\"" + text + "\"}"))
        .denied(200, "/tools/alpha/require/0");
  }

  @Test
  void othersAreServedMeanwhile() {
    // Given
    TestClient attacker = scene.gate.client("slow0", "fixture");
    String text = "{\"text\":\"" + "a".repeat(50_000) + "!\"}";

    // When
    List<CompletableFuture<HttpResponse<String>>> attacks =
        IntStream.range(0, 50)
            .mapToObj(
                i ->
                    TestGate.HTTP.sendAsync(
                        attacker.modernCall("alpha", text).build(), BodyHandlers.ofString()))
            .toList();
    HttpResponse<String> served = scene.alice.call("alpha");

    // Then
    assertThat(served.body()).contains("\"text\":\"alpha\"");
    assertThat(attacks.stream().map(CompletableFuture::join))
        .allSatisfy(answer -> assertThat(answer.body()).contains("\"isError\":true"));
    assertThat(scene.upstream.calls("alpha")).isEqualTo(1);
  }

  @Test
  void textBeyondTheBoundIsNotMatchedAndSoDenied() {
    // Given
    TestClient client = scene.gate.client("slow0", "fixture");

    // Then
    scene
        .stops(client.modernCall("alpha", "{\"text\":\"" + "a".repeat(65_537) + "\"}"))
        .denied(200, "/tools/alpha/require/0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a)\\\\1",
        "(?=a)b",
        "(?<=a)b",
        "(a{1,1000}){1,1000}",
        "((((a{9}){9}){9}){9}){9}"
      })
  void regexThatCannotRunInBoundedTimeIsNoPolicy(String regex) {
    assertThat(Policy.read(RULE.formatted(regex).getBytes(StandardCharsets.UTF_8)).policy())
        .isEmpty();
  }
}
