package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tallygate.node.fixture.Answer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.gate.TestClient;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A1: a web page of somebody else that calls the gate, by its own name or by a rebound one.
 *
 * <p>Without {@code Door.checkHostAndOrigin} the call of any page reaches the server, and its
 * DELETE ends the session.
 */
@Timeout(180)
class A01DnsRebindingTest {
  private static final byte[] CALL =
      TestClient.legacyCallBody("alpha").getBytes(StandardCharsets.UTF_8);
  private static final List<String> METHODS = List.of("POST", "GET", "DELETE", "OPTIONS");

  private static Scene scene;
  private static String session;

  @BeforeAll
  static void start() {
    scene = Scene.start();
    session = scene.alice.initialize();
  }

  @AfterAll
  static void stop() {
    scene.close();
  }

  private static Scene.Bytes sent(Scene scene, String method, String... more) {
    String[] headers = scene.headersOf("alice", more);
    return method.equals("POST")
        ? http -> http.request(method, Scene.PATH, CALL, headers)
        : http -> http.head(method, Scene.PATH, headers);
  }

  private static Scene.Bytes sent(String method, String... more) {
    return sent(
        scene,
        method,
        Stream.concat(Arrays.stream(more), Stream.of("Mcp-Session-Id: " + session))
            .toArray(String[]::new));
  }

  private static void assertNoCors(Map<String, List<String>> headers) {
    assertThat(headers.keySet()).noneMatch(name -> name.toLowerCase().startsWith("access-control"));
  }

  static List<String> foreignOrigins() {
    return List.of(
        "null",
        "NULL",
        "",
        "http://evil",
        "http://evil.example",
        "HTTP://EVIL.EXAMPLE",
        "http://evil.example:80",
        "https://evil.example:443",
        "http://localhost.evil.com",
        "http://LOCALHOST.EVIL.COM:3000",
        "http://evil.com.localhost",
        "http://notlocalhost",
        "http://localhost.",
        "http://127.0.0.1.evil.com:80",
        "http://127.0.0.1:80@evil.example",
        "http://evil.example#127.0.0.1",
        "http://evil.example\\@localhost",
        "http://localhost@evil.example",
        "http://u@localhost",
        "http://127.1",
        "http://2130706433",
        "http://0.0.0.0",
        "http://[::1].evil.example",
        "http://[::ffff:127.0.0.1]",
        "http://localhost:port",
        "http://localhost, http://evil.example",
        "http://localhost http://evil.example",
        "//localhost",
        "localhost",
        "ftp://localhost",
        "file://localhost",
        "chrome-extension://localhost");
  }

  @ParameterizedTest
  @MethodSource("foreignOrigins")
  void pageOfAnotherOriginIsRefusedWhateverItSends(String origin) {
    for (String method : METHODS) {
      // When
      Scene.Stopped stopped = scene.stops(sent(method, "Origin: " + origin));

      // Then
      assertNoCors(stopped.rejected(403, "origin").headers());
    }
    assertThat(scene.upstream.sessions()).contains(session);
  }

  @Test
  void oneGoodOriginDoesNotCoverAnother() {
    for (String method : METHODS) {
      scene
          .stops(sent(method, "Origin: http://localhost", "Origin: http://evil.example"))
          .rejected(403, "origin");
    }
  }

  @Test
  void preflightOfAForeignPageGetsNoLeave() {
    scene
        .stops(
            http ->
                http.head(
                    "OPTIONS",
                    Scene.PATH,
                    "Origin: http://evil.example",
                    "Access-Control-Request-Method: POST",
                    "Access-Control-Request-Headers: authorization, content-type",
                    "Access-Control-Request-Private-Network: true"))
        .rejected(403, "origin");
    Scene.Stopped ownPage =
        scene.stops(
            sent("OPTIONS", "Origin: http://localhost", "Access-Control-Request-Method: POST"));
    assertNoCors(ownPage.rejected(405, "method").headers());
  }

  static List<String> foreignHosts() {
    return List.of(
        "evil",
        "evil.example",
        "EVIL.EXAMPLE:80",
        "localhost.evil.com",
        "LOCALHOST.EVIL.COM:3000",
        "127.0.0.1.evil.com",
        "evil.com.localhost",
        "127.0.0.2",
        "0.0.0.0",
        "127.1",
        "[::2]",
        "[::ffff:127.0.0.1]:80",
        "localhost.");
  }

  @ParameterizedTest
  @MethodSource("foreignHosts")
  void reboundNameIsRefusedWhateverIsSent(String host) {
    for (String method : METHODS) {
      // When
      Scene.Stopped stopped = scene.stops(sent(method, "Host: " + host));

      // Then
      assertNoCors(stopped.rejected(403, "host").headers());
    }
    assertThat(scene.upstream.sessions()).contains(session);
  }

  @ParameterizedTest
  @MethodSource("foreignHosts")
  void pageThatIsOfTheReboundNameIsRefused(String host) {
    for (String method : METHODS) {
      scene.stops(sent(method, "Host: " + host, "Origin: http://" + host)).rejected(403, "host");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "evil.example@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1/evil",
        "localhost:port",
        "http://localhost"
      })
  void hostThatIsNoneIsRefused(String host) {
    for (String method : METHODS) {
      assertThat(scene.stops(sent(method, "Host: " + host)).status()).isIn(400, 403);
    }
  }

  @Test
  void secondHostIsRefused() {
    for (String method : METHODS) {
      Scene.Stopped stopped = scene.stops(sent(method, "Host: 127.0.0.1", "Host: evil.example"));
      assertThat(stopped.status()).isEqualTo(400);
    }
  }

  @Test
  void requestWithoutHostIsRefused() {
    for (String method : METHODS) {
      String head =
          method
              + " /mcp/fixture HTTP/1.1\r\n"
              + String.join("\r\n", scene.headersOf("alice", "Mcp-Session-Id: " + session))
              + "\r\nContent-Length: 0\r\n\r\n";
      assertThat(scene.stops(http -> http.send(head)).status()).isIn(400, 403);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Origin: http://localhost:3000",
        "Origin: http://LOCALHOST",
        "Origin: https://127.0.0.1:1",
        "Origin: http://[::1]:65535",
        "Host: LOCALHOST:1",
        "Host: 127.0.0.1",
        "Host: [::1]:80"
      })
  void pagesAndNamesOfThisMachineAreServed(String header) throws IOException {
    try (RawHttp http = new RawHttp(scene.gate.url("fixture"))) {
      // When
      sent("POST", header).to(http);
      RawHttp.Response answer = http.read();

      // Then
      assertThat(answer.status()).isEqualTo(200);
      assertNoCors(answer.headers());
    }
  }

  @Test
  void leaveThatTheServerGivesStopsAtTheGate() {
    for (String type : List.of("application/json", "text/event-stream")) {
      // Given
      String result = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}";
      scene.upstream.answerNext(
          "tools/call",
          Answer.status(
              200,
              Map.of(
                  "Content-Type", type,
                  "Access-Control-Allow-Origin", "*",
                  "Access-Control-Allow-Credentials", "true",
                  "Access-Control-Allow-Headers", "*",
                  "Access-Control-Allow-Private-Network", "true",
                  "Access-Control-Expose-Headers", "Mcp-Session-Id"),
              type.startsWith("text") ? "data: " + result + "\n\n" : result));

      // When
      var answer =
          TestClient.send(
              scene.alice.modernCall("alpha", "{}").header("Origin", "http://localhost"));

      // Then
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).contains("\"content\":[]");
      assertNoCors(answer.headers().map());
    }
  }

  private static Scene listeningOn(String host, List<String> hosts, List<String> origins) {
    return Scene.start(
        FixtureServer.with(),
        gate -> {
          var listen = gate.config().withObject("/listen").put("host", host);
          hosts.forEach(listen.withArray("allowedHosts")::add);
          origins.forEach(listen.withArray("allowedOrigins")::add);
        });
  }

  private static int served(Scene scene, String address, String... headers) throws IOException {
    byte[] call = TestClient.modernBody("alpha").getBytes(StandardCharsets.UTF_8);
    String[] modern =
        scene.headersOf(
            "alice",
            Stream.concat(
                    Stream.of(
                        "MCP-Protocol-Version: 2026-07-28",
                        "Mcp-Method: tools/call",
                        "Mcp-Name: alpha"),
                    Arrays.stream(headers))
                .toArray(String[]::new));
    URI url = URI.create("http://" + address + ":" + scene.gate.node().port());
    try (RawHttp http = new RawHttp(url)) {
      return http.request("POST", Scene.PATH, call, modern).read().status();
    }
  }

  @Test
  void gateOfAllAddressesGoesByItsNamesOnly() throws IOException {
    try (Scene open =
        listeningOn("0.0.0.0", List.of("gate.example.org"), List.of("https://app.example.org"))) {
      // Then
      for (String host : foreignHosts()) {
        for (String method : METHODS) {
          open.stops(sent(open, method, "Host: " + host)).rejected(403, "host");
        }
      }
      for (String host :
          List.of("gate.example.org", "GATE.example.org:8443", "127.0.0.1", "localhost:1")) {
        assertThat(served(open, "127.0.0.1", "Host: " + host)).isEqualTo(200);
      }
      for (String host : List.of("gate.example.org.evil.com", "evil.gate.example.org")) {
        open.stops(sent(open, "POST", "Host: " + host)).rejected(403, "host");
      }
      assertOrigins(open);
    }
  }

  private static void assertOrigins(Scene open) throws IOException {
    String host = "Host: gate.example.org";
    for (String origin :
        List.of("https://app.example.org", "https://gate.example.org", "http://localhost")) {
      assertThat(served(open, "127.0.0.1", host, "Origin: " + origin)).isEqualTo(200);
    }
    for (String origin :
        List.of(
            "http://app.example.org",
            "https://app.example.org:8443",
            "https://app.example.org.evil.com",
            "https://evil.app.example.org",
            "https://app.example.org/",
            "https://gate.example.org.evil.com",
            "null")) {
      for (String method : METHODS) {
        open.stops(sent(open, method, host, "Origin: " + origin)).rejected(403, "origin");
      }
    }
  }

  @Test
  void gateOfAllAddressesWithoutNamesStillRefusesPages() throws IOException {
    try (Scene open = listeningOn("0.0.0.0", List.of(), List.of())) {
      // Then
      assertThat(served(open, "127.0.0.1", "Host: any.example.org")).isEqualTo(200);
      for (String method : METHODS) {
        open.stops(sent(open, method, "Host: evil.example", "Origin: http://evil.example"))
            .rejected(403, "origin");
      }
    }
  }

  @Test
  void gateOfAnotherLoopbackAddressGoesByThatAddress() throws IOException {
    try (Scene other = listeningOn("127.0.0.2", List.of(), List.of())) {
      // Then
      assertThat(served(other, "127.0.0.2")).isEqualTo(200);
      assertThat(served(other, "127.0.0.2", "Origin: http://127.0.0.2:3000")).isEqualTo(200);
      assertThat(served(other, "127.0.0.2", "Host: evil.example")).isEqualTo(403);
      assertThat(served(other, "127.0.0.2", "Host: 127.0.0.3")).isEqualTo(403);
      assertThat(served(other, "127.0.0.2", "Origin: http://evil.example")).isEqualTo(403);
      assertThat(other.upstream.calls("alpha")).isEqualTo(2);
      await()
          .untilAsserted(
              () ->
                  assertThat(
                          other.gate.audit().stream()
                              .filter(r -> r.path("event").asText().equals("rejection"))
                              .map(r -> r.path("kind").asText()))
                      .containsExactly("host", "host", "origin"));
    }
  }
}
