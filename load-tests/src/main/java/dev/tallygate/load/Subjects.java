package dev.tallygate.load;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.registry.Sha256;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Starts the MCP server and what stands before it, in a folder that is deleted at the end. */
final class Subjects implements AutoCloseable {
  static final String DIRECT = "direct";
  static final String NGINX = "nginx";
  static final String TALLYGATE = "tallygate";

  private static final Duration STARTS_WITHIN = Duration.ofSeconds(5);

  private final TemporaryFolder folder;
  private final Path directory;
  private final Processes processes;
  private final List<Subject> subjects = new ArrayList<>();
  private int adminPort;

  private Subjects(TemporaryFolder folder) {
    this.folder = folder;
    this.directory = folder.path();
    this.processes = new Processes(directory);
  }

  /**
   * Starts everything.
   *
   * @param home the checkout
   */
  static Subjects start(Path home) throws IOException, InterruptedException {
    Subjects subjects = new Subjects(TemporaryFolder.named("tallygate-load"));
    try {
      int target = subjects.processes.startTarget("target");
      subjects.subjects.add(
          new Subject(new Endpoint(DIRECT, target, "/mcp", Optional.empty()), Optional.empty()));
      subjects.startNginx(target);
      subjects.startNode(home, target);
      return subjects;
    } catch (IOException | InterruptedException | RuntimeException e) {
      subjects.close();
      throw e;
    }
  }

  /** The server itself first, then each proxy that could be had. */
  List<Subject> all() {
    return List.copyOf(subjects);
  }

  ServerProcess node() {
    return subjects.get(subjects.size() - 1).proxy().orElseThrow();
  }

  URI nodeMetrics() {
    return URI.create("http://127.0.0.1:" + adminPort + "/metrics");
  }

  /** The audit log that the node writes. */
  Path auditFile() {
    return directory.resolve("audit.jsonl");
  }

  /** nginx as a plain reverse proxy with kept connections: what a hop costs at the least. */
  private void startNginx(int target) throws IOException, InterruptedException {
    Optional<Path> nginx = nginxProgram();
    if (nginx.isEmpty()) {
      return;
    }
    int port = ServerProcess.freePort();
    Path config =
        Files.writeString(
            directory.resolve("nginx.conf"),
            """
            daemon off;
            worker_processes auto;
            pid nginx.pid;
            error_log stderr warn;
            events { worker_connections 1024; }
            http {
              access_log off;
              client_body_temp_path body;
              proxy_temp_path proxy;
              fastcgi_temp_path fastcgi;
              uwsgi_temp_path uwsgi;
              scgi_temp_path scgi;
              keepalive_requests 1000000000;
              upstream target {
                server 127.0.0.1:%d;
                keepalive 64;
                keepalive_requests 1000000000;
              }
              server {
                listen 127.0.0.1:%d;
                location / {
                  proxy_pass http://target;
                  proxy_http_version 1.1;
                  proxy_set_header Connection "";
                  proxy_set_header Host $host;
                }
              }
            }
            """
                .formatted(target, port));
    ServerProcess process =
        processes.start(
            NGINX,
            List.of(nginx.get().toString(), "-p", directory.toString(), "-c", config.toString()));
    process.awaitListening(port, STARTS_WITHIN);
    subjects.add(
        new Subject(new Endpoint(NGINX, port, "/mcp", Optional.empty()), Optional.of(process)));
  }

  private static Optional<Path> nginxProgram() {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/usr/local/sbin";
    return Arrays.stream(path.split(":"))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, NGINX))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** The node as its launcher starts it: policy, limit, audit log and metrics are all on. */
  private void startNode(Path home, int target) throws IOException {
    String token = "tg_" + "A".repeat(43);
    Files.writeString(directory.resolve("policy.json"), SampleCall.POLICY);
    Path config =
        Files.writeString(
            directory.resolve("tallygate.yaml"),
            """
            name: load
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
                .formatted(target, Sha256.of(token).hex()));
    ServerProcess node =
        processes.start(
            TALLYGATE,
            List.of(home.resolve("tallygate").toString(), "serve", "--config", config.toString()));
    JsonNode ready = node.readyLine();
    adminPort = URI.create(ready.path("admin").asText()).getPort();
    int port = URI.create(ready.path("listen").asText()).getPort();
    subjects.add(
        new Subject(
            new Endpoint(TALLYGATE, port, "/mcp/target", Optional.of(token)), Optional.of(node)));
  }

  @Override
  public void close() {
    processes.close();
    folder.close();
  }
}
