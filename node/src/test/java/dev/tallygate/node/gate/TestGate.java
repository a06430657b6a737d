package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.Node;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.fixture.TestCertificate;
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
public final class TestGate implements AutoCloseable {
  public static final ObjectMapper JSON = new ObjectMapper();
  public static final HttpClient HTTP =
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

  public static TestGate before(String server, FixtureServer upstream) {
    return new TestGate().server(server, upstream.url());
  }

  public TestGate server(String name, URI url) {
    config.withObject("/servers").putObject(name).put("url", url.toString());
    return this;
  }

  /** Makes it one of the members of a cluster, each on loopback at one of these ports. */
  public TestGate member(String cluster, List<Integer> ports, int own) {
    config.put("name", "node-" + own);
    ObjectNode part =
        config
            .putObject("cluster")
            .put("role", "member")
            .put("name", cluster)
            .put("dataMembers", ports.size())
            .put("secret", "a secret of this test only")
            .put("dataDir", "data");
    part.putObject("bind").put("host", "127.0.0.1").put("port", ports.get(own));
    ArrayNode members = part.putObject("join").putArray("members");
    ports.forEach(port -> members.add("127.0.0.1:" + port));
    return this;
  }

  /** Lets the same clients in as another gate, by the same tokens. */
  public TestGate grantsOf(TestGate other) {
    tokens.putAll(other.tokens);
    config.set("grants", other.config.path("grants").deepCopy());
    return this;
  }

  /** The settings of a server, to be changed. */
  public ObjectNode server(String name) {
    return (ObjectNode) config.at("/servers/" + name);
  }

  /** The configuration, to be changed. */
  public ObjectNode config() {
    return config;
  }

  /** Listens with a certificate of its own instead of in clear text. */
  public TestGate tls(TestCertificate certificate) {
    show(certificate);
    config
        .withObject("/listen")
        .putObject("tls")
        .put("certificate", "own.pem")
        .put("key", "own.key");
    return this;
  }

  /** Writes the certificate that {@link #tls} names. */
  void show(TestCertificate certificate) {
    write("own.key", certificate.keyPem());
    write("own.pem", certificate.pem());
  }

  public TestGate policy(String name, String document) {
    write(name + ".json", document);
    config.withObject("/policies").putObject(name).put("file", name + ".json");
    return this;
  }

  public TestGate grant(String label, String server, String policy) {
    grantNode(label, server).put("policy", policy);
    return this;
  }

  /** A grant without a policy, to be changed. */
  public ObjectNode grantNode(String label, String server) {
    Token token = Token.random();
    tokens.put(label, token);
    return config
        .withArray("/grants")
        .addObject()
        .put("label", label)
        .put("server", server)
        .put("tokenSha256", token.sha256().hex());
  }

  public TestGate start() {
    write("tallygate.yaml", config.toPrettyString());
    try {
      node = Node.start(directory.resolve("tallygate.yaml"));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    return this;
  }

  /** Writes the configuration anew and puts it in force. */
  public void apply() {
    write("tallygate.yaml", config.toPrettyString());
    reload();
  }

  /** Changes a policy's document and puts it in force. */
  public void changePolicy(String name, String document) {
    write(name + ".json", document);
    reload();
  }

  private void reload() {
    assertThat(node.config().reload().problem()).isEmpty();
  }

  public void write(String file, String text) {
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

  /** The file that the configuration is in. */
  public Path file() {
    return directory.resolve("tallygate.yaml");
  }

  public Node node() {
    return node;
  }

  public Path directory() {
    return directory;
  }

  public URI url(String server) {
    String scheme = config.at("/listen/tls").isMissingNode() ? "http" : "https";
    return URI.create(scheme + "://127.0.0.1:" + node.port() + "/mcp/" + server);
  }

  public String token(String label) {
    return tokens.get(label).reveal();
  }

  public TestClient client(String label, String server) {
    return new TestClient(url(server), token(label));
  }

  /** The audit log so far. */
  public List<JsonNode> audit() {
    try {
      String text = Files.readString(directory.resolve("audit.jsonl"));
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(TestGate::json).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The records of one kind about one decision, once there is one. */
  public JsonNode record(String event, String decisionId) {
    return await()
        .atMost(Duration.ofSeconds(60))
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
  public JsonNode rejection(HttpResponse<?> answer) {
    return record("rejection", decisionId(answer));
  }

  public JsonNode decision(HttpResponse<?> answer) {
    return record("decision", decisionId(answer));
  }

  public JsonNode completion(HttpResponse<?> answer) {
    return record("completion", decisionId(answer));
  }

  public static String decisionId(HttpResponse<?> answer) {
    return answer.headers().firstValue("Tallygate-Decision-Id").orElseThrow();
  }

  public String metrics() {
    return admin("/metrics");
  }

  /** The value of one sample; 0 where there is none yet. */
  public double metric(String sample) {
    return metrics()
        .lines()
        .filter(line -> line.startsWith(sample + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  public String admin(String path) {
    try {
      URI uri = URI.create("http://127.0.0.1:" + node.adminPort() + path);
      return HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What clients' messages became of at a fixture; the gate's own listings are not among them. */
  public static List<ReceivedRequest> forwarded(FixtureServer upstream) {
    return upstream.requests().stream()
        .filter(r -> r.header("Tallygate-Decision-Id").isPresent())
        .toList();
  }

  public void assertNothingInFlight() {
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(metric("tallygate_requests_in_flight")).isZero());
  }

  public static JsonNode json(String text) {
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
