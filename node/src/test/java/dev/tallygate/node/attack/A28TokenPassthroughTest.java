package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.gate.TestClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A28: credentials that cross the gate, either way.
 *
 * <p>With cookies and keys on the list of forwarded headers the server gets them; without the check
 * of statuses the error of a challenge reaches the client as it is.
 */
@Timeout(180)
class A28TokenPassthroughTest {
  private static Scene scene;

  @BeforeAll
  static void start() {
    scene =
        Scene.start(
            FixtureServer.with(),
            gate ->
                gate.server("fixture")
                    .putObject("headers")
                    .put("Authorization", "Bearer upstream-secret"));
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static HttpRequest.Builder credentials(HttpRequest.Builder request) {
    return request
        .header("Cookie", "a=b")
        .header("Proxy-Authorization", "Basic x")
        .header("X-Forwarded-For", "10.0.0.1")
        .header("X-Forwarded-Host", "evil")
        .header("Forwarded", "for=10.0.0.1")
        .header("X-Api-Key", "client")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("Mcp-Param-Authorization", "Bearer client");
  }

  @Test
  void credentialsOfTheClientStopAtTheGate() {
    // When
    String session = scene.alice.initialize();
    List<HttpResponse<String>> answers =
        List.of(
            TestClient.send(credentials(scene.alice.modernCall("alpha", "{}"))),
            TestClient.send(credentials(scene.alice.modern("tools/list", ""))),
            TestClient.send(
                credentials(scene.alice.legacy(session, TestClient.legacyCallBody("alpha")))),
            TestClient.send(
                credentials(
                    scene
                        .alice
                        .request()
                        .header("MCP-Protocol-Version", "2025-11-25")
                        .header("Mcp-Session-Id", session)
                        .DELETE())));

    // Then
    for (HttpResponse<String> answer : answers) {
      ReceivedRequest request = scene.received(answer);
      assertThat(request.headers().get("Authorization")).containsExactly("Bearer upstream-secret");
      assertThat(request.headers().keySet())
          .doesNotContain(
              "cookie",
              "proxy-authorization",
              "x-forwarded-for",
              "x-forwarded-host",
              "forwarded",
              "x-api-key");
      assertThat(request.headers().toString()).doesNotContain(scene.alice.token());
      assertThat(request.header("traceparent")).isPresent();
      assertThat(answer.headers().map().toString() + answer.body())
          .doesNotContain("upstream-secret");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 407, 301, 302, 303, 307, 308})
  void challengesAndRedirectsOfTheServerAreNotRelayed(int status) {
    // Given
    scene.upstream.answerNext(
        "tools/call",
        Answer.status(
            status,
            Map.of(
                "Content-Type",
                "application/json",
                "WWW-Authenticate",
                "Bearer resource_metadata=\"http://evil\"",
                "Proxy-Authenticate",
                "Basic",
                "Location",
                scene.upstream.url() + "?followed"),
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1,\"message\":\"http://evil\"}}"));

    // When
    HttpResponse<String> answer = scene.alice.call("alpha");

    // Then
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("\"isError\":true").doesNotContain("evil");
    assertThat(answer.headers().map())
        .doesNotContainKeys("www-authenticate", "proxy-authenticate", "location");
    assertThat(scene.upstream.requests()).noneMatch(r -> r.uri().contains("followed"));
    JsonNode completion = scene.gate.completion(answer);
    assertThat(completion.get("end").asText()).isEqualTo("refused");
    assertThat(completion.get("status").asInt()).isEqualTo(status);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer upstream-secret",
        "Basic dXNlcjpwYXNz",
        "Bearer tg_0000000000000000000000000000000000000000000",
        "bearer",
        ""
      })
  void tokensOfOthersOpenNothing(String authorization) {
    scene
        .stops(
            http ->
                http.request(
                    "POST",
                    Scene.PATH,
                    TestClient.legacyCallBody("alpha")
                        .getBytes(java.nio.charset.StandardCharsets.UTF_8),
                    "Content-Type: application/json",
                    "Authorization: " + authorization))
        .rejected(401, "token");
  }
}
