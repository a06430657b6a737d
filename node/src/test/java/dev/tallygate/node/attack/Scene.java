package dev.tallygate.node.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.FreePorts;
import dev.tallygate.node.fixture.RawHttp;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.node.gate.TestGate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A gate before a server named {@code fixture}, and the three witnesses of an attack on it: the
 * answer, the server's own log and the audit log.
 *
 * <p>Alice and Bob have a grant each. They may call {@code alpha}; they see {@code denied} too, and
 * do not see {@code hidden}.
 */
final class Scene implements AutoCloseable {
  static final String PATH = "/mcp/fixture";

  private static final String POLICY =
      "{\"version\":\"1\",\"default\":\"deny\",\"list\":\"all\",\"hide\":[\"hidden\"],"
          + "\"tools\":{\"alpha\":{}}}";

  private static final long ANSWER_SECONDS = 15;

  private static final Set<String> OF_LISTINGS =
      Set.of(
          "initialize",
          "notifications/initialized",
          "server/discover",
          "tools/list",
          "prompts/list");

  final FixtureServer upstream;
  final TestGate gate;
  final TestClient alice;
  final TestClient bob;

  private Scene(FixtureServer upstream, TestGate gate) {
    this.upstream = upstream;
    this.gate = gate;
    this.alice = gate.client("alice", "fixture");
    this.bob = gate.client("bob", "fixture");
  }

  private static TestGate gate(FixtureServer upstream, Consumer<TestGate> settings) {
    TestGate gate =
        TestGate.before("fixture", upstream)
            .policy("some", POLICY)
            .grant("alice", "fixture", "some")
            .grant("bob", "fixture", "some");
    // What servers say here differs from attack to attack; pins have attacks of their own.
    gate.server("fixture").put("trust", "any");
    settings.accept(gate);
    return gate;
  }

  static Scene start() {
    return start(FixtureServer.with(), gate -> {});
  }

  /**
   * @param server a server that gets the tools besides its own
   * @param settings what else is in the gate's configuration
   */
  static Scene start(FixtureServer.Settings server, Consumer<TestGate> settings) {
    FixtureServer upstream = started(server);
    return new Scene(upstream, gate(upstream, settings).start());
  }

  private static FixtureServer started(FixtureServer.Settings server) {
    return server.tools(Tool.named("alpha"), Tool.named("denied"), Tool.named("hidden")).start();
  }

  /**
   * Two gates of one cluster before one server, each a scene; who has a grant has it at both. Close
   * both.
   *
   * @param settings what else is in the gates' configuration
   */
  static List<Scene> ofTwoNodes(FixtureServer.Settings server, Consumer<TestGate> settings)
      throws Exception {
    FixtureServer upstream = started(server);
    String cluster = "test-" + UUID.randomUUID();
    List<Integer> ports = FreePorts.some(2);
    TestGate one = gate(upstream, settings.andThen(gate -> gate.member(cluster, ports, 0)));
    TestGate other =
        gate(upstream, settings.andThen(gate -> gate.member(cluster, ports, 1).grantsOf(one)));
    one.start();
    other.start();
    one.node().awaitOpen();
    other.node().awaitOpen();
    List<Scene> scenes = List.of(new Scene(upstream, one), new Scene(upstream, other));
    for (Scene scene : scenes) {
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () ->
                  scene.gate.admin("/readyz").contains("\"ready\" : true")
                      && scene.gate.admin("/cluster").contains("\"partitionsSafe\" : true"));
    }
    return scenes;
  }

  /** An attack that no HTTP client would send. */
  @FunctionalInterface
  interface Bytes {
    void to(RawHttp http) throws IOException;
  }

  /** Sends an attack; fails if any of it reaches the server, or if it is not on record. */
  Stopped stops(HttpRequest.Builder attack) {
    return stopped(
        () -> {
          HttpResponse<String> answer = answered(attack);
          return new Answered(answer.statusCode(), answer.headers().map(), answer.body());
        });
  }

  /** A stream that should not have been opened would never end. */
  private static HttpResponse<String> answered(HttpRequest.Builder attack) {
    return TestGate.HTTP
        .sendAsync(attack.build(), BodyHandlers.ofString())
        .orTimeout(ANSWER_SECONDS, TimeUnit.SECONDS)
        .join();
  }

  /** As {@link #stops(HttpRequest.Builder)}, byte by byte over a connection of its own. */
  Stopped stops(Bytes attack) {
    return stopped(
        () -> {
          try (RawHttp http = new RawHttp(gate.url("fixture"))) {
            attack.to(http);
            RawHttp.Response answer = http.read();
            return new Answered(answer.status(), answer.headers(), answer.text());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /**
   * Sends what should end the connection, and reads whatever comes until it does; fails if any of
   * it reaches the server, or if it is not on record.
   */
  String stopsConnection(Bytes attack) {
    StringBuilder all = new StringBuilder();
    long records = gate.audit().size();
    List<ReceivedRequest> before = received();
    try (RawHttp http = new RawHttp(gate.url("fixture"))) {
      attack.to(http);
      for (String next = http.read(1); !next.isEmpty(); next = http.read(1)) {
        all.append(next);
      }
    } catch (java.net.SocketTimeoutException e) {
      throw new AssertionError("the connection lives on: " + all, e);
    } catch (java.net.SocketException e) {
      // It was closed before all was sent, which is an end too.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    awaited(
        () ->
            gate.audit().stream()
                .skip(records)
                .filter(r -> r.path("event").asText().equals("rejection"))
                .findFirst());
    assertThat(received().stream().skip(before.size()).map(ReceivedRequest::text)).isEmpty();
    return all.toString();
  }

  /** A POST by Alice in plain bytes, with further headers as whole lines. */
  Bytes posted(byte[] body, String... more) {
    return http -> http.request("POST", PATH, body, headersOf("alice", more));
  }

  Bytes posted(String body, String... more) {
    return posted(body.getBytes(StandardCharsets.UTF_8), more);
  }

  /** The headers of a good POST, and more, as whole lines. */
  String[] headersOf(String label, String... more) {
    return Stream.concat(
            Stream.of(
                "Authorization: Bearer " + gate.token(label),
                "Content-Type: application/json",
                "Accept: application/json, text/event-stream"),
            Arrays.stream(more))
        .toArray(String[]::new);
  }

  /** What came to the server from clients; the gate's own questions are left out. */
  List<ReceivedRequest> received() {
    return upstream.requests().stream().filter(r -> !isListing(r)).toList();
  }

  /** What the server got of the message that this answers. */
  ReceivedRequest received(HttpResponse<?> answer) {
    Optional<String> id = Optional.of(TestGate.decisionId(answer));
    return upstream.requests().stream()
        .filter(r -> r.header("Tallygate-Decision-Id").equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static boolean isListing(ReceivedRequest request) {
    return request.header("Tallygate-Decision-Id").isEmpty()
        && request.header("User-Agent").equals(Optional.of("tallygate"))
        && (request.httpMethod().equals("DELETE") || OF_LISTINGS.contains(request.rpcMethod()));
  }

  private record Answered(int status, Map<String, List<String>> headers, String body) {}

  @FunctionalInterface
  private interface Sending {
    Answered send();
  }

  private Stopped stopped(Sending attack) {
    List<ReceivedRequest> before = received();
    long calls = upstream.calls().size();
    long malformed = malformed().count();
    Answered answer = attack.send();
    Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    headers.putAll(answer.headers);
    JsonNode record =
        headers.containsKey("Tallygate-Decision-Id")
            ? record(headers.get("Tallygate-Decision-Id").get(0))
            : awaited(() -> malformed().skip(malformed).findFirst());
    assertThat(received().stream().skip(before.size()).map(ReceivedRequest::text)).isEmpty();
    assertThat(upstream.calls()).hasSize((int) calls);
    return new Stopped(answer.status, headers, answer.body, record);
  }

  /** Bytes that are no HTTP are answered before they have an id. */
  private Stream<JsonNode> malformed() {
    return gate.audit().stream().filter(r -> r.path("kind").asText().equals("http"));
  }

  private JsonNode record(String decisionId) {
    return awaited(
        () ->
            gate.audit().stream()
                .filter(r -> r.path("decisionId").asText().equals(decisionId))
                .findFirst());
  }

  private static <T> T awaited(Supplier<Optional<T>> wanted) {
    return await()
        .atMost(Duration.ofSeconds(60))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(10))
        .until(wanted::get, Optional::isPresent)
        .orElseThrow();
  }

  /**
   * An attack of which nothing reached the server.
   *
   * @param headers of the answer; names are looked up without regard to case
   * @param record the first that the audit log has of it
   */
  record Stopped(int status, Map<String, List<String>> headers, String body, JsonNode record) {
    /** It was refused before a policy was asked. */
    Stopped rejected(int wantedStatus, String kind) {
      assertThat(status).as(body).isEqualTo(wantedStatus);
      assertThat(record.path("event").asText()).as(record.toString()).isEqualTo("rejection");
      assertThat(record.path("kind").asText()).as(record.toString()).isEqualTo(kind);
      assertThat(record.path("status").asInt()).isEqualTo(wantedStatus);
      return this;
    }

    /** It was a message in order, and was denied. */
    Stopped denied(int wantedStatus, String rule) {
      assertThat(status).as(body).isEqualTo(wantedStatus);
      assertThat(record.path("event").asText()).as(record.toString()).isEqualTo("decision");
      assertThat(record.path("outcome").asText()).isEqualTo("denied");
      assertThat(record.path("rule").asText()).as(record.toString()).isEqualTo(rule);
      return this;
    }

    /** The answer is a JSON-RPC error. */
    Stopped withError(int code) {
      assertThat(json().at("/error/code").asInt()).as(body).isEqualTo(code);
      return this;
    }

    JsonNode json() {
      return TestGate.json(body);
    }
  }

  @Override
  public void close() {
    try {
      gate.assertNothingInFlight();
    } finally {
      gate.close();
      upstream.close();
    }
  }
}
