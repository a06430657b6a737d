package dev.tallygate.node.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.Node;
import dev.tallygate.node.audit.AuditKey;
import dev.tallygate.node.audit.AuditSettings;
import dev.tallygate.node.audit.AuditVerifier;
import dev.tallygate.node.config.ConfigEditor;
import dev.tallygate.node.config.ConfigEditor.NewGrant;
import dev.tallygate.node.config.ConfigRefused;
import dev.tallygate.node.config.EditRefused;
import dev.tallygate.registry.Token;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/** The show: everything in it is the real thing but the server, which runs no code. */
public final class Demo implements AutoCloseable {
  private static final int LIMIT = 10;
  private static final long MINUTE_MILLIS = 60_000;

  /** The calls take less than this; a minute that ends sooner would begin a new count. */
  private static final long NEEDED_MILLIS = 8_000;

  private static final long AUDIT_MILLIS = 1_500;

  private final PrintWriter out;
  private final Path folder;
  private final Vertx vertx = Vertx.vertx();
  private DemoServer server;
  private Node node;
  private Token token;

  private Demo(PrintWriter out, Path folder) {
    this.out = out;
    this.folder = folder;
  }

  /** Starts the server and the gate, in a folder of their own. */
  public static Demo start(PrintWriter out)
      throws IOException, InterruptedException, ConfigRefused, EditRefused {
    Demo demo = new Demo(out, Files.createTempDirectory("tallygate-demo-"));
    Runtime.getRuntime().addShutdownHook(new Thread(demo::close, "tallygate-demo-end"));
    demo.start();
    return demo;
  }

  /**
   * Runs the server alone, to be called by way of a gate that is there already, until the process
   * ends.
   *
   * @param host address to listen on
   * @param started told the port
   */
  public static void serve(String host, int port, IntConsumer started)
      throws IOException, InterruptedException {
    Vertx vertx = Vertx.vertx();
    try {
      started.accept(
          new DemoServer()
              .start(vertx, port, host)
              .toCompletionStage()
              .toCompletableFuture()
              .join()
              .port());
      new CountDownLatch(1).await();
    } catch (CompletionException e) {
      throw new IOException("port " + port + " of " + host + ": " + e.getCause().getMessage(), e);
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().orTimeout(5, TimeUnit.SECONDS).join();
    }
  }

  private void start() throws IOException, InterruptedException, ConfigRefused, EditRefused {
    server = new DemoServer().start(vertx).toCompletionStage().toCompletableFuture().join();
    try (InputStream policy = Demo.class.getResourceAsStream("execute_code.json")) {
      Files.copy(policy, folder.resolve("execute_code.json"));
    }
    Path config = folder.resolve("tallygate.yaml");
    Files.writeString(
        config,
        """
        listen: { host: 127.0.0.1, port: 0 }
        admin:  { host: 127.0.0.1, port: 0 }
        servers:
          demo:
            url: %s
        policies:
          execute-code: { file: execute_code.json }
        audit: { file: audit.jsonl }
        """
            .formatted(server.url()));
    token =
        new ConfigEditor(config, Clock.systemUTC())
            .mint(
                new NewGrant("demo-agent", "demo", Optional.of("execute-code"), Optional.empty()));
    node = Node.start(config);
    say("An MCP server is at        " + server.url());
    say("Tallygate stands before it " + url());
    say("Configuration and policy   " + folder);
    say("");
    say("The policy:");
    out.println(Files.readString(folder.resolve("execute_code.json")).indent(4).stripTrailing());
    say("");
    out.flush();
  }

  /** Makes the calls and tells of them; says whether all went as the policy has it. */
  public boolean show() throws IOException, InterruptedException {
    DemoClient client = new DemoClient(URI.create(url()), token.reveal());
    client.connect();
    awaitRoomInThisMinute();
    say((LIMIT + 1) + " calls of execute_code, as an agent makes them:");
    int passed = 0;
    boolean lastRefused = false;
    for (int i = 1; i <= LIMIT + 1; i++) {
      JsonNode answer =
          client.call("execute_code", DemoClient.arguments().put("code", "print(" + i + ")"));
      JsonNode result = answer.path("result");
      boolean refused = result.path("isError").asBoolean();
      passed += refused ? 0 : 1;
      lastRefused = refused;
      say(
          "  call %2d  %s  %s"
              .formatted(
                  i,
                  refused ? "REFUSED" : "passed ",
                  result.path("content").path(0).path("text").asText(answer.toString())));
    }
    JsonNode other = client.call("delete_branch", DemoClient.arguments().put("name", "main"));
    say("And one of delete_branch, which the policy does not list:");
    say(
        "           REFUSED  "
            + other.path("result").path("content").path(0).path("text").asText());
    say("");
    boolean asTold =
        passed == LIMIT
            && lastRefused
            && other.path("result").path("isError").asBoolean()
            && server.executed() == LIMIT;
    say("The server itself saw " + server.executed() + " calls of execute_code.");
    say("");
    asTold &= audit();
    metrics();
    paste();
    return asTold;
  }

  /** The count starts again with each minute of the clock, which would let an eleventh pass. */
  private void awaitRoomInThisMinute() throws InterruptedException {
    long left = MINUTE_MILLIS - System.currentTimeMillis() % MINUTE_MILLIS;
    if (left < NEEDED_MILLIS) {
      say(
          "(waiting "
              + (left / 1000 + 1)
              + " s for the next minute, so that all calls fall into one)");
      Thread.sleep(left + 50);
    }
  }

  private boolean audit() throws IOException, InterruptedException {
    Path file = folder.resolve("audit.jsonl");
    Thread.sleep(AUDIT_MILLIS); // a log that is not strict is written within a second
    List<String> lines = Files.readAllLines(file);
    say("The audit log, " + file + ", ends:");
    lines.stream().skip(Math.max(0, lines.size() - 4)).forEach(line -> say("  " + line));
    AuditVerifier.Result result =
        AuditVerifier.verify(
            file,
            AuditKey.read(AuditSettings.defaultKeyFile(file)),
            Optional.empty(),
            Optional.empty());
    say(
        result.isOk()
            ? "and verifies: " + result.records() + " records, head " + result.head()
            : "and does not verify: " + result.fault().orElseThrow());
    say("");
    return result.isOk();
  }

  private void metrics() throws IOException, InterruptedException {
    String address = "http://127.0.0.1:" + node.adminPort() + "/metrics";
    String metrics =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(address)).timeout(Duration.ofSeconds(10)).build(),
                BodyHandlers.ofString())
            .body();
    say("Metrics for Prometheus, " + address + ":");
    metrics
        .lines()
        .filter(line -> line.startsWith("tallygate_decisions_total"))
        .sorted()
        .forEach(line -> say("  " + line));
    say("");
  }

  private void paste() {
    say("To try it with your own MCP client, paste:");
    out.println(
        """
        {
          "mcpServers": {
            "demo": {
              "type": "http",
              "url": "%s",
              "headers": { "Authorization": "Bearer %s" }
            }
          }
        }
        """
            .formatted(url(), token.reveal())
            .indent(2)
            .stripTrailing());
    say("");
    out.flush();
  }

  /** Waits for the end of the process. */
  public void stayUp() throws InterruptedException {
    say("The gate stays up; Ctrl-C ends it.");
    new CountDownLatch(1).await();
  }

  private String url() {
    return "http://127.0.0.1:" + node.port() + "/mcp/demo";
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }

  /** Ends the gate and the server, and removes their folder. */
  @Override
  public synchronized void close() {
    if (node != null) {
      node.close();
      node = null;
      vertx.close().toCompletionStage().toCompletableFuture().orTimeout(5, TimeUnit.SECONDS).join();
      try (Stream<Path> files = Files.walk(folder)) {
        files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(java.io.File::delete);
      } catch (IOException e) {
        say("could not remove " + folder);
      }
    }
  }
}
