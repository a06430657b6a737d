package dev.tallygate.node.real;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
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
 * A real MCP server, on Node, on a free loopback port, with a journal of every request that reached
 * it.
 */
class NodeServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path journal;
  private final ChildProcess process;
  private final int port;

  /** Starts {@code node arguments...} and waits until it listens. */
  NodeServer(String name, List<String> arguments, Map<String, String> environment) {
    NpmPackages packages = NpmPackages.get();
    try {
      journal = Files.createTempFile(packages.workbench(), name + "-", ".journal");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> command = new ArrayList<>();
    command.add(packages.node());
    command.add("--require");
    command.add(packages.script("preload.cjs"));
    command.addAll(arguments);
    Map<String, String> variables = new HashMap<>(environment);
    variables.put("TALLYGATE_JOURNAL", journal.toString());
    process = ChildProcess.start(name, command, variables);
    try {
      port =
          await()
              .atMost(Duration.ofSeconds(60))
              .pollInterval(Duration.ofMillis(50))
              .until(
                  () -> {
                    process.requireAlive();
                    return listening();
                  },
                  Optional::isPresent)
              .orElseThrow();
    } catch (RuntimeException e) {
      process.close();
      throw e;
    }
  }

  /**
   * The command line of a stdio server behind the bridge that serves it over HTTP, in both eras.
   */
  static List<String> bridged(String serverFile, String... serverArguments) {
    NpmPackages packages = NpmPackages.get();
    List<String> arguments =
        new ArrayList<>(
            List.of(
                packages.file("mcp-proxy/dist/bin/mcp-proxy.mjs"),
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--server",
                "stream",
                "--",
                packages.node(),
                packages.file(serverFile)));
    arguments.addAll(List.of(serverArguments));
    return arguments;
  }

  private Optional<Integer> listening() {
    return journal().stream()
        .filter(entry -> entry.has("listening"))
        .map(entry -> entry.get("listening").asInt())
        .findFirst();
  }

  /** Its MCP endpoint. */
  URI url() {
    return URI.create("http://127.0.0.1:" + port + "/mcp");
  }

  /** The HTTP requests that reached it: {@code http}, {@code headers}, {@code body}. */
  List<JsonNode> requests() {
    return journal().stream().filter(entry -> entry.has("http")).toList();
  }

  /** The JSON-RPC messages that reached it. */
  List<JsonNode> messages() {
    return requests().stream()
        .map(request -> request.path("body").asText())
        .filter(body -> !body.isEmpty())
        .map(NodeServer::parse)
        .toList();
  }

  /** The tools that were called, in order, ran or not. */
  List<String> calledTools() {
    return messages().stream()
        .filter(message -> message.path("method").asText().equals("tools/call"))
        .map(message -> message.at("/params/name").asText())
        .toList();
  }

  @Override
  public void close() {
    process.close();
  }

  private List<JsonNode> journal() {
    try {
      String text = Files.readString(journal, StandardCharsets.UTF_8);
      // The last line may still be on its way.
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(NodeServer::parse).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      return JSON.getNodeFactory().textNode(json);
    }
  }
}
