package dev.tallygate.load;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.registry.Sha256;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A node before a hostile server, in a folder that is deleted at the end. */
final class BoundsNode implements AutoCloseable {
  private static final int GRANTS = 4;
  private static final int STREAMERS = 25;

  private static final String POLICY =
      SampleCall.POLICY.replace(
          "\"tools\": {",
          """
          "tools": {
              "flood_events": {}, "flood_json": {},
              "match": {
                "deny_if": [
                  { "name": "pattern", "conditions": [{ "path": "args.query", "op": "regex", "value": "(a+)+$" }] }
                ]
              },\
          """);

  private final TemporaryFolder folder;
  private final ServerProcess target;
  private final ServerProcess node;
  private final int port;
  private final URI metrics;

  private BoundsNode(
      TemporaryFolder folder, ServerProcess target, ServerProcess node, JsonNode ready) {
    this.folder = folder;
    this.target = target;
    this.node = node;
    this.port = URI.create(ready.path("listen").asText()).getPort();
    this.metrics = URI.create(ready.path("admin").asText() + "/metrics");
  }

  /**
   * @param home the checkout
   */
  static BoundsNode start(Path home, boolean h2c) throws IOException {
    TemporaryFolder folder = TemporaryFolder.named("tallygate-bounds");
    Path directory = folder.path();
    int targetPort = ServerProcess.freePort();
    ServerProcess target =
        ServerProcess.start(
            "target",
            directory,
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                HostileTarget.class.getName(),
                Integer.toString(targetPort)));
    try {
      target.readyLine();
      Files.writeString(directory.resolve("policy.json"), POLICY);
      Files.writeString(
          directory.resolve("open.json"), "{\"version\":\"1\",\"default\":\"allow\"}");
      StringBuilder config =
          new StringBuilder(
              """
              name: bounds
              listen: { host: 127.0.0.1, port: 0, h2c: %s }
              admin: { host: 127.0.0.1, port: 0 }
              servers:
                target: { url: "http://127.0.0.1:%d/mcp" }
                long: { url: "http://127.0.0.1:%d/long" }
                streams: { url: "http://127.0.0.1:%d/mcp", limits: { connections: 6000 } }
              policies:
                searching: { file: policy.json }
                open: { file: open.json }
              audit: { file: audit.jsonl, keepFiles: 1 }
              grants:
              """
                  .formatted(h2c, targetPort, targetPort, targetPort));
      for (int i = 0; i < GRANTS; i++) {
        grant(config, "good-" + i, "target", "searching");
      }
      grant(config, "attacker", "target", "searching");
      grant(config, "lister", "long", "open");
      for (int i = 0; i < STREAMERS; i++) {
        grant(config, "streamer-" + i, "streams", "open");
      }
      Path file = Files.writeString(directory.resolve("tallygate.yaml"), config);
      ServerProcess node =
          ServerProcess.start(
              "tallygate",
              directory,
              List.of(home.resolve("tallygate").toString(), "serve", "--config", file.toString()));
      return new BoundsNode(folder, target, node, node.readyLine());
    } catch (IOException | RuntimeException e) {
      target.close();
      throw e;
    }
  }

  private static void grant(StringBuilder config, String label, String server, String policy) {
    config.append(
        "  - { label: %s, server: %s, policy: %s, tokenSha256: \"%s\" }%n"
            .formatted(label, server, policy, Sha256.of(token(label)).hex()));
  }

  private static String token(String label) {
    return "tg_" + (label + "A".repeat(43)).replace("-", "").substring(0, 43);
  }

  List<Endpoint> wellBehaved() {
    List<Endpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < GRANTS; i++) {
      endpoints.add(
          new Endpoint("good-" + i, port, "/mcp/target", Optional.of(token("good-" + i))));
    }
    return endpoints;
  }

  Attack.Scene scene() {
    List<String> tokens = new ArrayList<>(List.of(token("attacker"), token("lister")));
    for (int i = 0; i < STREAMERS; i++) {
      tokens.add(token("streamer-" + i));
    }
    return new Attack.Scene(port, tokens);
  }

  ServerProcess process() {
    return node;
  }

  URI metrics() {
    return metrics;
  }

  /** What the collector has logged so far. */
  List<String> collections() throws IOException {
    Path log = folder.path().resolve("gc.log");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  long auditBytes() throws IOException {
    return Files.size(folder.path().resolve("audit.jsonl"));
  }

  @Override
  public void close() {
    node.close();
    target.close();
    folder.close();
  }
}
