package dev.tallygate.load;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.registry.Sha256;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Calls through three nodes of a cluster that share a limit, and through one that stands alone,
 * before one MCP server. Connections go to the three in turn, as a load balancer sends them.
 */
public final class NodesBenchmark implements AutoCloseable {
  public static final String ALONE = "one node";
  public static final String CLUSTER = "three nodes";

  private static final int CONNECTIONS = 48;
  private static final String TOKEN = "tg_" + "A".repeat(43);

  /**
   * What one round measured.
   *
   * @param cpuMicros of all nodes, for one call
   */
  public record Round(
      double callsPerSecond, double p50Millis, double p99Millis, double cpuMicros) {}

  private final Path home;
  private final TemporaryFolder folder = TemporaryFolder.named("tallygate-nodes");
  private final Path directory = folder.path();
  private final Processes processes = new Processes(directory);
  private final Map<String, List<Endpoint>> endpoints = new LinkedHashMap<>();
  private final Map<String, List<ServerProcess>> nodes = new LinkedHashMap<>();

  private NodesBenchmark(Path home) throws IOException {
    this.home = home;
  }

  /** Starts everything. */
  public static NodesBenchmark start(Path home) throws IOException {
    NodesBenchmark nodes = new NodesBenchmark(home);
    try {
      int target = nodes.processes.startTarget("target");
      nodes.startNodes(ALONE, target, 1);
      nodes.startNodes(CLUSTER, target, 3);
      return nodes;
    } catch (IOException | RuntimeException e) {
      nodes.close();
      throw e;
    }
  }

  /**
   * Measures in rounds, in which the two take turns.
   *
   * @param warmUp of each way, under load
   */
  public Map<String, List<Round>> run(
      int rounds, Duration warmUp, Duration measured, PrintStream progress) {
    Map<String, List<Round>> all = new LinkedHashMap<>();
    for (String way : endpoints.keySet()) {
      all.put(way, new ArrayList<>());
      for (Endpoint endpoint : endpoints.get(way)) {
        // Alone, because a node asks the server for its tools on the first call.
        try (McpConnection first = new McpConnection(endpoint, SampleCall.FIRST_ID)) {
          first.call();
        }
      }
      new LoadGenerator(Duration.ZERO, warmUp).closedLoop(endpoints.get(way), CONNECTIONS);
    }
    for (int round = 0; round < rounds; round++) {
      for (String way : endpoints.keySet()) {
        LoadGenerator load = new LoadGenerator(Duration.ofMillis(300), measured);
        Duration before = cpu(way);
        Measured one = load.closedLoop(endpoints.get(way), CONNECTIONS);
        double cpuMicros = cpu(way).minus(before).toNanos() / 1e3 / load.calls();
        all.get(way)
            .add(new Round(one.callsPerSecond(), one.millis(50), one.millis(99), cpuMicros));
        progress.printf(
            "end to end, round %d of %d, %s: %.0f calls/s, p99 %.2f ms%n",
            round + 1, rounds, way, one.callsPerSecond(), one.millis(99));
      }
    }
    return all;
  }

  private Duration cpu(String way) {
    return nodes.get(way).stream()
        .map(ServerProcess::cpuTime)
        .reduce(Duration.ZERO, Duration::plus);
  }

  /** As their launcher starts them; all at once, since the first start needs all data members. */
  private void startNodes(String way, int target, int count) throws IOException {
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ports.add(ServerProcess.freePort());
    }
    List<ServerProcess> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path folder = Files.createDirectory(directory.resolve("node-" + count + "-" + i));
      Files.writeString(folder.resolve("policy.json"), SampleCall.POLICY);
      String cluster = count == 1 ? "" : cluster(ports, ports.get(i));
      Path config = Files.writeString(folder.resolve("tallygate.yaml"), config(target, i, cluster));
      all.add(
          processes.start(
              "node-" + count + "-" + i,
              List.of(
                  home.resolve("tallygate").toString(), "serve", "--config", config.toString())));
    }
    nodes.put(way, all);
    endpoints.put(way, new ArrayList<>());
    for (ServerProcess node : all) {
      JsonNode ready = node.readyLine();
      int port = URI.create(ready.path("listen").asText()).getPort();
      endpoints.get(way).add(new Endpoint(way, port, "/mcp/target", Optional.of(TOKEN)));
    }
  }

  private static String config(int target, int number, String cluster) {
    return """
        name: load-%d
        listen: { host: 127.0.0.1, port: 0 }
        admin: { host: 127.0.0.1, port: 0 }
        servers:
          target: { url: "http://127.0.0.1:%d/mcp" }
        policies:
          searching: { file: policy.json }
        grants:
          - { label: load, server: target, policy: searching, tokenSha256: "%s" }
        audit: { file: audit.jsonl, keepFiles: 1 }
        """
            .formatted(number, target, Sha256.of(TOKEN).hex())
        + cluster;
  }

  private static String cluster(List<Integer> ports, int own) {
    List<String> members = ports.stream().map(port -> "\"127.0.0.1:" + port + "\"").toList();
    return """
        cluster:
          role: member
          dataMembers: %d
          bind: { host: 127.0.0.1, port: %d }
          join: { members: [%s] }
          secret: known to this run only
          dataDir: data
        """
        .formatted(ports.size(), own, String.join(", ", members));
  }

  @Override
  public void close() {
    processes.close();
    folder.close();
  }
}
