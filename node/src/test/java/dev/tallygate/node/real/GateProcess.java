package dev.tallygate.node.real;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The gate as users run it: the packaged jar in a JVM of its own, with a configuration in a
 * directory of the test's.
 */
final class GateProcess implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path JAR = Path.of("target", "tallygate.jar").toAbsolutePath();

  private final Path directory;
  private final Map<String, Token> tokens;
  private final ChildProcess process;
  private final String listen;
  private final String admin;

  private GateProcess(Path directory, Map<String, Token> tokens) {
    this.directory = directory;
    this.tokens = tokens;
    process = launch(directory, List.of());
    try {
      JsonNode ready =
          await()
              .atMost(Duration.ofSeconds(180))
              .pollInterval(Duration.ofMillis(50))
              .until(
                  () -> {
                    process.requireAlive();
                    return readyLine();
                  },
                  Optional::isPresent)
              .orElseThrow();
      listen = withScheme(ready.path("listen").asText());
      admin = withScheme(ready.path("admin").asText());
    } catch (RuntimeException e) {
      process.close();
      throw e;
    }
  }

  private static ChildProcess launch(Path directory, List<String> javaOptions) {
    if (!Files.exists(JAR)) {
      throw new IllegalStateException(JAR + " is missing; mvn -pl node -am package makes it");
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command = new ArrayList<>(List.of(java, "-Xmx256m"));
    command.addAll(javaOptions);
    command.addAll(
        List.of(
            "-jar",
            JAR.toString(),
            "serve",
            "--config",
            directory.resolve("tallygate.yaml").toString()));
    return ChildProcess.start("gate", command, Map.of());
  }

  /** Begins to describe a gate whose files go to {@code directory}. */
  static Settings in(Path directory) {
    return new Settings(directory);
  }

  /** The gate's configuration, as it grows. */
  static final class Settings {
    private final Path directory;
    private final ObjectNode config = JSON.createObjectNode();
    private final Map<String, Token> tokens = new HashMap<>();

    private Settings(Path directory) {
      this.directory = directory;
      config.putObject("listen").put("host", "127.0.0.1").put("port", 0);
      config.putObject("admin").put("host", "127.0.0.1").put("port", 0);
      config.putObject("audit").put("file", "audit.jsonl");
    }

    /** Puts the gate before a server. */
    Settings server(String name, URI url) {
      config.withObject("/servers").putObject(name).put("url", url.toString());
      return this;
    }

    /** Adds a policy. */
    Settings policy(String name, String document) {
      GateProcess.write(directory.resolve(name + ".json"), document);
      config.withObject("/policies").putObject(name).put("file", name + ".json");
      return this;
    }

    /** Mints a token for {@code label}. */
    Settings grant(String label, String server, String policy) {
      return grant(label, server, policy, Token.random());
    }

    /** Lets {@code label} in by a token that other gates know too. */
    Settings grant(String label, String server, String policy, Token token) {
      tokens.put(label, token);
      config
          .withArray("/grants")
          .addObject()
          .put("label", label)
          .put("server", server)
          .put("policy", policy)
          .put("tokenSha256", token.sha256().hex());
      return this;
    }

    /** The configuration, to be changed. */
    ObjectNode config() {
      return config;
    }

    /** Starts the gate and waits until it is ready. */
    GateProcess start() {
      write();
      return new GateProcess(directory, Map.copyOf(tokens));
    }

    /** Starts a gate that is not expected to become ready. */
    ChildProcess launch(String... javaOptions) {
      write();
      return GateProcess.launch(directory, List.of(javaOptions));
    }

    private void write() {
      // JSON is YAML.
      GateProcess.write(directory.resolve("tallygate.yaml"), config.toPrettyString());
    }
  }

  /** Where clients of {@code server} connect. */
  URI url(String server) {
    return URI.create(listen + "/mcp/" + server);
  }

  /** The token of a grant. */
  String token(String label) {
    return tokens.get(label).reveal();
  }

  /** The audit log so far. */
  List<JsonNode> audit() {
    return auditText()
        .lines()
        .map(
            line -> {
              try {
                return JSON.readTree(line);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            })
        .toList();
  }

  /** The audit log so far, as it is written. */
  String auditText() {
    try {
      String text = Files.readString(directory.resolve("audit.jsonl"), StandardCharsets.UTF_8);
      return text.substring(0, text.lastIndexOf('\n') + 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The text of {@code /metrics}. */
  String metrics() throws IOException, InterruptedException {
    return admin("/metrics").body();
  }

  /** What its admin port answers. */
  HttpResponse<String> admin(String path) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(admin + path)).build(), BodyHandlers.ofString());
  }

  /** The process itself. */
  ChildProcess process() {
    return process;
  }

  /** What it logged. */
  String log() {
    return process.errors();
  }

  @Override
  public void close() {
    process.close();
  }

  private Optional<JsonNode> readyLine() throws IOException {
    String output = process.output();
    int end = output.indexOf('\n');
    return end < 0 ? Optional.empty() : Optional.of(JSON.readTree(output.substring(0, end)));
  }

  private static String withScheme(String address) {
    return address.contains("://") ? address : "http://" + address;
  }

  private static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
