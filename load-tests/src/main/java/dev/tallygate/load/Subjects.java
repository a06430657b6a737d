package dev.tallygate.load;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Starts the MCP server and what stands before it, in a folder that is deleted at the end. */
final class Subjects implements AutoCloseable {
  static final String DIRECT = "direct";
  static final String NGINX = "nginx";
  static final String TALLYGATE = "tallygate";

  private static final int START_ATTEMPTS = 100;

  private final Path directory;
  private final Deque<ServerProcess> started = new ArrayDeque<>();
  private final List<Subject> subjects = new ArrayList<>();
  private int adminPort;

  private Subjects(Path directory) {
    this.directory = directory;
  }

  /**
   * Starts everything.
   *
   * @param home the checkout
   */
  static Subjects start(Path home) throws IOException, InterruptedException {
    Subjects subjects = new Subjects(Files.createTempDirectory("tallygate-load"));
    try {
      int target = subjects.startTarget();
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

  private ServerProcess process(String name, List<String> command) throws IOException {
    ServerProcess process = ServerProcess.start(name, directory, command);
    started.push(process);
    return process;
  }

  private int startTarget() throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    int port = freePort();
    ServerProcess target =
        process(
            "target",
            List.of(
                java,
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                TargetServer.class.getName(),
                Integer.toString(port)));
    target.readyLine();
    subjects.add(
        new Subject(new Endpoint(DIRECT, port, "/mcp", Optional.empty()), Optional.empty()));
    return port;
  }

  /** nginx as a plain reverse proxy with kept connections: what a hop costs at the least. */
  private void startNginx(int target) throws IOException, InterruptedException {
    Optional<Path> nginx = nginxProgram();
    if (nginx.isEmpty()) {
      return;
    }
    int port = freePort();
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
        process(
            NGINX,
            List.of(nginx.get().toString(), "-p", directory.toString(), "-c", config.toString()));
    awaitListening(process, port);
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
                .formatted(target, sha256(token)));
    ServerProcess node =
        process(
            TALLYGATE,
            List.of(home.resolve("tallygate").toString(), "serve", "--config", config.toString()));
    JsonNode ready = node.readyLine();
    adminPort = URI.create(ready.path("admin").asText()).getPort();
    int port = URI.create(ready.path("listen").asText()).getPort();
    subjects.add(
        new Subject(
            new Endpoint(TALLYGATE, port, "/mcp/target", Optional.of(token)), Optional.of(node)));
  }

  private static String sha256(String text) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(sha256.digest(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void awaitListening(ServerProcess process, int port)
      throws IOException, InterruptedException {
    for (int attempt = 0; attempt < START_ATTEMPTS && process.isAlive(); attempt++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        if (socket.isConnected()) {
          return;
        }
      } catch (java.net.ConnectException e) {
        Thread.sleep(50);
      }
    }
    throw process.ended();
  }

  @Override
  public void close() {
    while (!started.isEmpty()) {
      started.pop().close();
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      System.err.println("load: " + directory + " is left behind: " + e.getMessage());
    }
  }
}
