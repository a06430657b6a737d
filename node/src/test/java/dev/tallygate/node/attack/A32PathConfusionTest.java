package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.gate.TestClient;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A32: paths that the gate reads as one thing and a server, or a proxy between, as another.
 *
 * <p>With a path that is searched for instead of matched whole, 17 of the spellings reach the
 * server.
 */
@Timeout(180)
class A32PathConfusionTest {
  private static final byte[] CALL =
      TestClient.legacyCallBody("alpha").getBytes(StandardCharsets.UTF_8);

  private static Scene scene;

  @BeforeAll
  static void start() {
    scene = Scene.start(FixtureServer.with().withoutSessions(), gate -> {});
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/mcp/../mcp/fixture",
        "/mcp/../admin",
        "/mcp/fixture/../admin",
        "/mcp/fixture/..",
        "/mcp/fixture/../fixture",
        "/mcp/./fixture",
        "//mcp/fixture",
        "/mcp//fixture",
        "/mcp%2ffixture",
        "/mcp%2Ffixture",
        "/mcp/%66ixture",
        "/mcp/fixture%2f..",
        "/mcp/fixture%00",
        "/mcp/fixture;x",
        "/mcp;x/fixture",
        "/mcp/fixture/",
        "/mcp/FIXTURE",
        "/MCP/fixture",
        "/mcp/fixture#x",
        "/mcp\\fixture",
        "/mcp/fixture%20",
        "/mcp",
        "/",
        "*",
        "mcp/fixture",
        "http://127.0.0.1/mcp/fixture",
        "http://evil.example/mcp/fixture",
        "/mcp/..%2f..%2fetc"
      })
  void pathThatIsNotWrittenExactlyIsNoServer(String path) {
    scene
        .stops(http -> http.request("POST", path, CALL, scene.headersOf("alice")))
        .rejected(404, "path");
  }

  @Test
  void tokenInAQueryIsNoToken() {
    scene
        .stops(
            http ->
                http.request(
                    "POST",
                    Scene.PATH + "?access_token=" + scene.gate.token("alice"),
                    CALL,
                    "Content-Type: application/json"))
        .rejected(401, "token");
  }

  @Test
  void serverIsAskedAtItsOwnPathWithoutTheClientsQuery() throws Exception {
    // When
    int status;
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      http.request("POST", Scene.PATH + "?a=b&../x", CALL, scene.headersOf("alice"));
      status = http.read().status();
    }

    // Then
    assertThat(status).isEqualTo(200);
    assertThat(scene.upstream.requests())
        .extracting(ReceivedRequest::uri)
        .containsOnly(scene.upstream.url().getRawPath());
  }
}
