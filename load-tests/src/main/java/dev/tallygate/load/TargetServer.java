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

/**
 * The MCP server that is called, through a proxy or not: it reads each message as JSON and answers
 * at once. It prints {@code {"port":N}} when it is ready, and ends when its standard input does.
 *
 * <p>Its one argument is the port.
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
    Vertx vertx = Vertx.vertx();
    vertx
        .deployVerticle(
            () -> new Loop(port),
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

    Loop(int port) {
      this.port = port;
    }

    @Override
    public Future<?> start() {
      return vertx
          .createHttpServer(new HttpServerOptions().setTcpNoDelay(true))
          .requestHandler(TargetServer::answer)
          .listen(port, "127.0.0.1");
    }
  }

  private static void answer(HttpServerRequest request) {
    request.body().onSuccess(body -> answer(request, body));
  }

  private static void answer(HttpServerRequest request, Buffer body) {
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
