package dev.tallygate.load.accuracy;

import dev.tallygate.load.Processes;
import dev.tallygate.load.ServerProcess;
import dev.tallygate.registry.Sha256;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Nodes of a cluster as their launcher starts them, before one MCP server that notes which calls
 * arrive. Each limit has a grant of its own. A call is on the disk of its node's audit log before
 * it goes on.
 */
final class NodeCluster implements AutoCloseable {
  static final String TOOL = "search_documents";

  private final Path directory;
  private final List<Column> columns;
  private final int windowSeconds;
  private final Processes processes;
  private final List<ServerProcess> nodes = new ArrayList<>();
  private final List<URI> addresses = new ArrayList<>();

  private NodeCluster(Path directory, List<Column> columns, int windowSeconds) {
    this.directory = directory;
    this.processes = new Processes(directory);
    this.columns = columns;
    this.windowSeconds = windowSeconds;
  }

  /** Starts all at once, since the first start needs all data members. */
  static NodeCluster start(
      Path home, Path directory, int nodes, List<Column> columns, int windowSeconds)
      throws IOException {
    NodeCluster cluster = new NodeCluster(directory, columns, windowSeconds);
    try {
      int server = cluster.processes.startTarget("server", cluster.arrivals().toString());
      cluster.startNodes(home, server, nodes);
      return cluster;
    } catch (IOException | RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private void startNodes(Path home, int server, int count) throws IOException {
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ports.add(ServerProcess.freePort());
    }
    for (int i = 0; i < count; i++) {
      Path folder = Files.createDirectory(directory.resolve("node-" + i));
      for (int column = 0; column < columns.size(); column++) {
        Files.writeString(folder.resolve(name(column) + ".json"), policy(column));
      }
      Path config = Files.writeString(folder.resolve("tallygate.yaml"), config(i, server, ports));
      nodes.add(
          processes.start(
              "node-" + i,
              List.of(
                  home.resolve("tallygate").toString(), "serve", "--config", config.toString())));
    }
    for (ServerProcess node : nodes) {
      addresses.add(URI.create(node.readyLine().path("listen").asText()).resolve("/mcp/server"));
    }
  }

  private static String name(int column) {
    return new Column.Subject(column, 0).name();
  }

  private String policy(int number) {
    Column column = columns.get(number);
    return """
        { "version": "1", "default": "deny", "tools": { "%s": { "limits": [
          { "counter": "%s", "window": %d, "max": %d, "algorithm": "%s" } ] } } }
        """
        .formatted(
            TOOL,
            name(number),
            windowSeconds,
            column.max(),
            column.algorithm().name().toLowerCase(Locale.ROOT));
  }

  private String config(int number, int server, List<Integer> ports) {
    StringBuilder policies = new StringBuilder();
    StringBuilder grants = new StringBuilder();
    for (int i = 0; i < columns.size(); i++) {
      String name = name(i);
      policies.append("  %s: { file: %s.json }%n".formatted(name, name));
      grants.append(
          "  - { label: %s, server: server, policy: %s, tokenSha256: \"%s\" }%n"
              .formatted(name, name, Sha256.of(token(i)).hex()));
    }
    String members =
        ports.stream().map(port -> "\"127.0.0.1:" + port + "\"").collect(Collectors.joining(", "));
    return """
        name: node-%d
        listen: { host: 127.0.0.1, port: 0 }
        admin: { host: 127.0.0.1, port: 0 }
        servers:
          server: { url: "http://127.0.0.1:%d/mcp" }
        policies:
        %sgrants:
        %saudit: { file: audit.jsonl, strict: true }
        cluster:
          role: member
          dataMembers: %d
          bind: { host: 127.0.0.1, port: %d }
          join: { members: [%s] }
          secret: known to this run only
          dataDir: data
        """
        .formatted(number, server, policies, grants, ports.size(), ports.get(number), members);
  }

  /** Where calls go. */
  List<URI> addresses() {
    return List.copyOf(addresses);
  }

  /** That of the grant which a limit is for. */
  static String token(int column) {
    return "tg_" + Character.toString('A' + column).repeat(43);
  }

  /** Ends a node at once, as a crash would. */
  void kill(int number) {
    nodes.get(number).kill();
  }

  Arrivals read() throws IOException {
    List<Path> audits = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      audits.add(directory.resolve("node-" + i).resolve("audit.jsonl"));
    }
    return Arrivals.read(arrivals(), audits, columns, windowSeconds);
  }

  private Path arrivals() {
    return directory.resolve("arrived");
  }

  @Override
  public void close() {
    processes.close();
  }
}
