package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.Node;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A whole node in this process, before fixtures, with a configuration in a directory of its own.
 */
final class TestGate implements AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();
  static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final Path directory;
  private final ObjectNode config = JSON.createObjectNode();
  private final Map<String, Token> tokens = new HashMap<>();
  private Node node;

  private TestGate() {
    try {
      directory = Files.createTempDirectory("tallygate-gate");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    config.putObject("listen").put("host", "127.0.0.1").put("port", 0);
    config.putObject("admin").put("host", "127.0.0.1").put("port", 0);
    config.putObject("audit").put("file", "audit.jsonl");
  }

  static TestGate before(String server, FixtureServer upstream) {
    return new TestGate().server(server, upstream.url());
  }

  TestGate server(String name, URI url) {
    config.withObject("/servers").putObject(name).put("url", url.toString());
    return this;
  }

  /** The settings of a server, to be changed. */
  ObjectNode server(String name) {
    return (ObjectNode) config.at("/servers/" + name);
  }

  /** The configuration, to be changed. */
  ObjectNode config() {
    return config;
  }

  TestGate policy(String name, String document) {
    write(name + ".json", document);
    config.withObject("/policies").putObject(name).put("file", name + ".json");
    return this;
  }

  TestGate grant(String label, String server, String policy) {
    grantNode(label, server).put("policy", policy);
    return this;
  }

  /** A grant without a policy, to be changed. */
  ObjectNode grantNode(String label, String server) {
    Token token = Token.random();
    tokens.put(label, token);
    return config
        .withArray("/grants")
        .addObject()
        .put("label", label)
        .put("server", server)
        .put("tokenSha256", token.sha256().hex());
  }

  TestGate start() {
    write("tallygate.yaml", config.toPrettyString());
    try {
      node = Node.start(directory.resolve("tallygate.yaml"));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    return this;
  }

  /** Writes the configuration anew and waits until it is in force. */
  void apply() {
    long before = node.config().snapshot().revision();
    write("tallygate.yaml", config.toPrettyString());
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> node.config().snapshot().revision() > before);
  }

  /** Changes a policy's document and waits until it is in force. */
  void changePolicy(String name, String document) {
    long before = node.config().snapshot().revision();
    write(name + ".json", document);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> node.config().snapshot().revision() > before);
  }

  void write(String file, String text) {
    try {
      // By a rename, so that nobody reads half of it.
      Path written = Files.writeString(directory.resolve(file + ".new"), text);
      Files.move(
          written,
          directory.resolve(file),
          java.nio.file.StandardCopyOption.ATOMIC_MOVE,
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Node node() {
    return node;
  }

  Path directory() {
    return directory;
  }

  URI url(String server) {
    return URI.create("http://127.0.0.1:" + node.port() + "/mcp/" + server);
  }

  String token(String label) {
    return tokens.get(label).reveal();
  }

  TestClient client(String label, String server) {
    return new TestClient(url(server), token(label));
  }

  /** The audit log so far. */
  List<JsonNode> audit() {
    try {
      String text = Files.readString(directory.resolve("audit.jsonl"));
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(TestGate::json).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The records of one kind about one decision, once there is one. */
  JsonNode record(String event, String decisionId) {
    return await()
        .atMost(Duration.ofSeconds(20))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(10))
        .until(
            () ->
                audit().stream()
                    .filter(r -> r.path("event").asText().equals(event))
                    .filter(r -> r.path("decisionId").asText().equals(decisionId))
                    .findFirst()
                    .orElse(null),
            found -> found != null);
  }

  /** The record of a refusal that this answer tells of. */
  JsonNode rejection(HttpResponse<?> answer) {
    return record("rejection", decisionId(answer));
  }

  JsonNode decision(HttpResponse<?> answer) {
    return record("decision", decisionId(answer));
  }

  JsonNode completion(HttpResponse<?> answer) {
    return record("completion", decisionId(answer));
  }

  static String decisionId(HttpResponse<?> answer) {
    return answer.headers().firstValue("Tallygate-Decision-Id").orElseThrow();
  }

  String metrics() {
    return admin("/metrics");
  }

  /** The value of one sample; 0 where there is none yet. */
  double metric(String sample) {
    return metrics()
        .lines()
        .filter(line -> line.startsWith(sample + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  String admin(String path) {
    try {
      URI uri = URI.create("http://127.0.0.1:" + node.adminPort() + path);
      return HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What clients' messages became of at a fixture; the gate's own listings are not among them. */
  static List<ReceivedRequest> forwarded(FixtureServer upstream) {
    return upstream.requests().stream()
        .filter(r -> r.header("Tallygate-Decision-Id").isPresent())
        .toList();
  }

  void assertNothingInFlight() {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(metric("tallygate_requests_in_flight")).isZero());
  }

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    node.close();
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
