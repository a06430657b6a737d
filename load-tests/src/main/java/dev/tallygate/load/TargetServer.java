package dev.tallygate.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * The MCP server that is called, through a proxy or not: it reads each message as JSON and answers
 * at once. It prints {@code {"port":N}} when it is ready, and ends when its standard input does.
 *
 * <p>Its arguments are the port and, optionally, a file: there it notes of each call that arrives
 * the id that the node gave to it, before it answers.
 */
public final class TargetServer {
  private static final JsonMapper JSON = new JsonMapper();

  private static final String LIST =
      """
      ,"result":{"tools":[{"name":"search_documents","description":"Finds documents.",\
      "inputSchema":{"type":"object"}}]}}""";
  private static final String INITIALIZED =
      """
      ,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},\
      "serverInfo":{"name":"target","version":"1"}}}""";
  private static final String NO_SUCH_METHOD =
      ",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}";

  private TargetServer() {}

  public static void main(String[] args) throws IOException {
    int port = Integer.parseInt(args[0]);
    PrintStream arrived =
        args.length > 1
            ? new PrintStream(args[1], StandardCharsets.US_ASCII)
            : new PrintStream(OutputStream.nullOutputStream());
    Vertx vertx = Vertx.vertx();
    vertx
        .deployVerticle(
            () -> new Loop(port, arrived),
            new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors()))
        .onSuccess(up -> System.out.println("{\"port\":" + port + "}"))
        .onFailure(
            e -> {
              System.err.println("the target server did not start: " + e.getMessage());
              System.exit(1);
            });
    while (System.in.read() >= 0) {
      // whoever started it says nothing
    }
    System.exit(0);
  }

  private static final class Loop extends VerticleBase {
    private final int port;
    private final PrintStream arrived;

    Loop(int port, PrintStream arrived) {
      this.port = port;
      this.arrived = arrived;
    }

    @Override
    public Future<?> start() {
      return vertx
          .createHttpServer(new HttpServerOptions().setTcpNoDelay(true))
          .requestHandler(request -> answer(request, arrived))
          .listen(port, "127.0.0.1");
    }
  }

  private static void answer(HttpServerRequest request, PrintStream arrived) {
    request.body().onSuccess(body -> answer(request, body, arrived));
  }

  private static void answer(HttpServerRequest request, Buffer body, PrintStream arrived) {
    JsonNode message;
    try {
      message = JSON.readTree(body.toString());
    } catch (JsonProcessingException e) {
      request.response().setStatusCode(400).end();
      return;
    }
    JsonNode id = message.get("id");
    if (id == null) {
      request.response().setStatusCode(202).end();
      return;
    }
    if (message.path("method").asText().equals("tools/call")) {
      arrived.println(request.getHeader("Tallygate-Decision-Id"));
    }
    String begun = "{\"jsonrpc\":\"2.0\",\"id\":" + id;
    String reply =
        switch (message.path("method").asText()) {
          case "tools/call" -> SampleCall.answerTo(id.toString());
          case "tools/list" -> begun + LIST;
          case "initialize" -> begun + INITIALIZED;
          default -> begun + NO_SUCH_METHOD;
        };
    request.response().putHeader("Content-Type", "application/json").end(reply);
  }
}
