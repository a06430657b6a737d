package dev.tallygate.node.attack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A37: going straight to the server, past the gate. The server stands behind a door that knows the
 * gate's credential only; the gate must bring it on every way, and tell nobody.
 *
 * <p>Where the credential is sent with POST only, the server turns the gate away at the end of a
 * session.
 */
@Timeout(180)
class A37DirectAccessTest {
  private static final String SECRET = "Bearer only-the-gate-knows";

  private final AtomicInteger turnedAway = new AtomicInteger();
  private FixtureServer upstream;
  private HttpServer locked;
  private URI address;
  private TestGate gate;
  private TestClient client;

  @BeforeEach
  void start() throws IOException {
    upstream = FixtureServer.start(Tool.named("alpha"));
    locked = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    address =
        URI.create("http://127.0.0.1:" + locked.getAddress().getPort() + upstream.url().getPath());
    locked.createContext(
        "/",
        exchange -> {
          if (!List.of(SECRET).equals(exchange.getRequestHeaders().get("Authorization"))) {
            turnedAway.incrementAndGet();
            exchange.sendResponseHeaders(401, -1);
            exchange.close();
            return;
          }
          HttpRequest.Builder request =
              HttpRequest.newBuilder(upstream.url())
                  .method(
                      exchange.getRequestMethod(),
                      HttpRequest.BodyPublishers.ofByteArray(
                          exchange.getRequestBody().readAllBytes()));
          List.of(
                  "Content-Type",
                  "Accept",
                  "MCP-Protocol-Version",
                  "Mcp-Method",
                  "Mcp-Name",
                  "Mcp-Session-Id",
                  "Tallygate-Decision-Id")
              .forEach(
                  name -> {
                    String value = exchange.getRequestHeaders().getFirst(name);
                    if (value != null) {
                      request.header(name, value);
                    }
                  });
          HttpResponse<String> answer = TestClient.send(request);
          answer
              .headers()
              .map()
              .forEach(
                  (name, values) -> {
                    if (name.startsWith("content-type") || name.startsWith("mcp-")) {
                      exchange.getResponseHeaders().put(name, values);
                    }
                  });
          byte[] body = answer.body().getBytes(UTF_8);
          exchange.sendResponseHeaders(answer.statusCode(), body.length == 0 ? -1 : body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    locked.start();
    gate =
        TestGate.before("fixture", upstream)
            .server("fixture", address)
            .policy("open", "{\"version\":\"1\",\"default\":\"allow\"}")
            .grant("client", "fixture", "open");
    gate.server("fixture").putObject("headers").put("Authorization", SECRET);
    gate.start();
    client = gate.client("client", "fixture");
  }

  @AfterEach
  void stop() {
    gate.assertNothingInFlight();
    gate.close();
    locked.stop(0);
    upstream.close();
  }

  @Test
  void serverIsReachedThroughTheGateOnly() {
    // When
    HttpResponse<String> direct = new TestClient(address, gate.token("client")).call("alpha");
    HttpResponse<String> through = client.call("alpha");

    // Then
    assertThat(direct.statusCode()).isEqualTo(401);
    assertThat(through.body()).contains("\"text\":\"alpha\"");
    assertThat(gate.decision(through).get("outcome").asText()).isEqualTo("allowed");
    assertThat(upstream.calls()).hasSize(1);
    assertThat(TestGate.forwarded(upstream))
        .allMatch(r -> r.header("Tallygate-Decision-Id").isPresent());
  }

  @Test
  void gateBringsItsCredentialOnEveryWay() {
    // When
    String session = client.initialize();
    List<HttpResponse<String>> answers =
        List.of(
            client.list(),
            client.call("alpha"),
            client.legacyCall(session, "alpha"),
            TestClient.send(
                client
                    .request()
                    .header("MCP-Protocol-Version", "2025-11-25")
                    .header("Mcp-Session-Id", session)
                    .DELETE()));

    // Then
    assertThat(answers).allMatch(answer -> answer.statusCode() / 100 == 2);
    assertThat(turnedAway).hasValue(0);
  }

  @Test
  void nobodyIsToldTheCredential() {
    // When
    HttpResponse<String> called = client.call("alpha");
    HttpResponse<String> refused = client.call("nosuch");

    // Then
    for (HttpResponse<String> answer : List.of(called, refused)) {
      assertThat(answer.headers().map().toString() + answer.body())
          .doesNotContain("only-the-gate-knows", address.getAuthority());
    }
    assertThat(gate.audit().toString() + gate.metrics() + gate.admin("/readyz"))
        .doesNotContain("only-the-gate-knows", gate.token("client"));
  }

  @Test
  void tokenOfTheGateIsNoCredentialOfTheServer() {
    // When
    HttpResponse<String> answer =
        new TestClient(gate.url("fixture"), SECRET.substring(7)).call("alpha");

    // Then
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(gate.rejection(answer).get("kind").asText()).isEqualTo("token");
    assertThat(upstream.calls()).isEmpty();
  }
}
