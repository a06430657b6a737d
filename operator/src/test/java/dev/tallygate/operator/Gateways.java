package dev.tallygate.operator;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tallygate.operator.kubernetes.ApiServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** A member and gateways as users run them, each in a JVM of its own, before a small MCP server. */
final class Gateways implements AutoCloseable {
  static final String ADMIN_TOKEN = "a-token-of-these-tests-only";
  static final String SECRET = "a secret of these tests only";

  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final Path JAR = Path.of("../node/target/tallygate.jar");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CALL =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\"}}";

  private final Path folder;
  private final String cluster = "it-" + UUID.randomUUID();
  private final int count;
  private final List<String> jvm;
  private final List<Integer> ports;
  private final List<Process> processes = new ArrayList<>();
  private final HttpServer upstream;
  private final List<String> credentials = new CopyOnWriteArrayList<>();
  private final HttpClient http = HttpClient.newHttpClient();

  Gateways(Path folder, int count) throws IOException {
    // They start faster so.
    this(folder, count, List.of("-Xmx160m", "-XX:TieredStopAtLevel=1"));
  }

  /**
   * @param jvm options of each
   */
  Gateways(Path folder, int count, List<String> jvm) throws IOException {
    this.jvm = jvm;
    this.folder = folder;
    this.count = count;
    this.ports = ApiServer.freePorts(3 * count);
    upstream = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    upstream.setExecutor(Executors.newFixedThreadPool(4));
    upstream.createContext("/mcp", this::answer);
    upstream.start();
    Files.writeString(folder.resolve("admin-token"), ADMIN_TOKEN);
    for (int i = 0; i < count; i++) {
      processes.add(start(i));
    }
    // They open their ports with the first revision.
    await().atMost(PATIENCE).until(() -> livesOn(0));
    await()
        .atMost(PATIENCE)
        .until(() -> admin("PUT", "/registry/admin", "{}").contains("\"revision\""));
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                admin("GET", "/registry/nodes", "").split("\"serves\" : true", -1).length > count);
  }

  /** As a MCP server with the tools echo and other, of 2025-11-25, without sessions. */
  private void answer(HttpExchange exchange) throws IOException {
    JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
    ObjectNode answer = JSON.createObjectNode().put("jsonrpc", "2.0");
    answer.set("id", request.path("id"));
    ObjectNode result = answer.putObject("result");
    switch (request.path("method").asText()) {
      case "initialize" -> {
        result.put("protocolVersion", "2025-11-25");
        result.putObject("capabilities").putObject("tools");
        result.putObject("serverInfo").put("name", "fixture").put("version", "1");
      }
      case "tools/list" -> {
        for (String tool : List.of("echo", "other")) {
          result
              .withArray("tools")
              .addObject()
              .put("name", tool)
              .putObject("inputSchema")
              .put("type", "object");
        }
      }
      case "tools/call" -> {
        credentials.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        result.putArray("content").addObject().put("type", "text").put("text", "done");
      }
      default -> {}
    }
    boolean wantsAnswer = request.has("id");
    byte[] body = JSON.writeValueAsBytes(answer);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(wantsAnswer ? 200 : 202, wantsAnswer ? body.length : -1);
    if (wantsAnswer) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  private Process start(int index) throws IOException {
    Path file = folder.resolve("gate-" + index + ".yaml");
    Files.writeString(
        file,
        """
        name: gate-%d
        listen: { port: %d }
        admin: { port: %d, token: "${file:admin-token}" }
        audit: { file: audit-%d.jsonl }
        cluster:
          role: %s
          name: %s
          dataMembers: 1
          bind: { port: %d }
          join: { members: ["127.0.0.1:%d"] }
          secret: %s
          dataDir: data-%d
        """
            .formatted(
                index,
                port(index),
                adminPort(index),
                index,
                index == 0 ? "member" : "gateway",
                cluster,
                ports.get(3 * index + 2),
                ports.get(2),
                SECRET,
                index));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvm);
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-jar",
            JAR.toAbsolutePath().toString(),
            "serve",
            "--config",
            file.toString()));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("gate-" + index + ".log").toFile())
        .start();
  }

  private boolean livesOn(int index) {
    try {
      return http.send(
                  HttpRequest.newBuilder(admin(index).resolve("/livez")).build(),
                  BodyHandlers.ofString())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  int count() {
    return count;
  }

  private int port(int index) {
    return ports.get(3 * index);
  }

  private int adminPort(int index) {
    return ports.get(3 * index + 1);
  }

  /** The admin address of one. */
  URI admin(int index) {
    return URI.create("http://127.0.0.1:" + adminPort(index));
  }

  /** The MCP endpoint that stands behind them. */
  String upstream() {
    return "http://127.0.0.1:" + upstream.getAddress().getPort() + "/mcp";
  }

  /** How many calls came to it. */
  int arrived() {
    return credentials.size();
  }

  /** What the last call showed. */
  String lastCredential() {
    return credentials.get(credentials.size() - 1);
  }

  /** What a call of a tool through one of them is answered: a status and a body. */
  String call(int index, String server, String token, String tool) {
    try {
      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + port(index) + "/mcp/" + server))
                  .header("Authorization", "Bearer " + token)
                  .header("Content-Type", "application/json")
                  .header("Accept", "application/json, text/event-stream")
                  .timeout(Duration.ofSeconds(20))
                  .POST(BodyPublishers.ofString(CALL.formatted(tool)))
                  .build(),
              BodyHandlers.ofString());
      return answer.statusCode() + " " + answer.body();
    } catch (IOException e) {
      return "none: " + e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** What every one of them answers to a call of a tool. */
  List<String> callAll(String server, String token, String tool) {
    List<String> answers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      answers.add(call(i, server, token, tool));
    }
    return answers;
  }

  /** Sends a request to the admin address. */
  String admin(String method, String path, String body) {
    try {
      return http.send(
              HttpRequest.newBuilder(admin(0).resolve(path))
                  .header("Authorization", "Bearer " + ADMIN_TOKEN)
                  .method(method, BodyPublishers.ofString(body))
                  .build(),
              BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Lets one go on, or not. */
  void signal(int index, String signal) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + signal, Long.toString(processes.get(index).pid()))
        .start()
        .waitFor();
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
    upstream.stop(0);
  }
}
