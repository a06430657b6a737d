package dev.tallygate.operator.gateway;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.operator.compile.Published;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Reads and writes the registry at the admin address of any gateway (docs/registry.md). Everything
 * blocks, for half a minute at most. Thread-safe.
 */
public final class GatewayClient {
  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration ANSWER = Duration.ofSeconds(30);

  /** Long enough for nodes that are well; a late one is looked at again later. */
  private static final String WAIT = "1s";

  private static final String FENCED = "/fences/kubernetes";

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  private final URI gateway;
  private final Supplier<String> token;

  // One connection leads to one gateway: after a failure another client may find another one.
  private volatile HttpClient http = newClient();

  /**
   * @param gateway such as {@code http://tallygate-admin:9090}
   * @param token gives the admin token, anew for each request
   */
  public GatewayClient(URI gateway, Supplier<String> token) {
    this.gateway = gateway;
    this.token = token;
  }

  private static HttpClient newClient() {
    return HttpClient.newBuilder()
        .connectTimeout(CONNECT)
        .version(HttpClient.Version.HTTP_1_1)
        .followRedirects(HttpClient.Redirect.NEVER)
        .build();
  }

  /** What the registry has of the operator's. */
  public Published published() throws GatewayUnreachable, InterruptedException {
    return Published.of(json(require(send("GET", "/registry/kubernetes", ""), 200)));
  }

  /** What every node enforces. */
  public Enforcement enforcement() throws GatewayUnreachable, InterruptedException {
    return Enforcement.of(json(require(send("GET", "/registry/nodes", ""), 200)));
  }

  /**
   * Puts this in place of all that the operator published before.
   *
   * @param revision that it is meant for
   * @param fence of this operator
   */
  public PutResult put(String document, long revision, long fence)
      throws GatewayUnreachable, InterruptedException {
    HttpResponse<String> answer =
        send(
            "PUT",
            "/registry/kubernetes?revision=" + revision + "&fence=" + fence + "&wait=" + WAIT,
            document);
    switch (answer.statusCode()) {
      case 200 -> {
        return new PutResult.Done(json(answer).path("revision").asLong());
      }
      case 409 -> {
        return new PutResult.Outdated();
      }
      case 413 -> {
        return new PutResult.Refused(List.of(json(answer).path("error").asText()));
      }
      case 422 -> {
        List<String> errors = new ArrayList<>();
        json(answer).path("errors").forEach(error -> errors.add(error.asText()));
        return errors.stream().anyMatch(error -> error.startsWith(FENCED))
            ? new PutResult.Overtaken(errors.get(0))
            : new PutResult.Refused(errors);
      }
      default -> throw unexpected(answer);
    }
  }

  private HttpResponse<String> require(HttpResponse<String> answer, int status)
      throws GatewayUnreachable {
    if (answer.statusCode() != status) {
      throw unexpected(answer);
    }
    return answer;
  }

  private GatewayUnreachable unexpected(HttpResponse<String> answer) {
    http = newClient();
    String error = "";
    try {
      error = json(answer).path("error").asText();
    } catch (GatewayUnreachable e) {
      // It is told by its status alone.
    }
    return new GatewayUnreachable(
        "the gateway answered " + answer.statusCode() + (error.isEmpty() ? "" : ": " + error),
        null);
  }

  private static JsonNode json(HttpResponse<String> answer) throws GatewayUnreachable {
    try {
      return JSON.readTree(answer.body());
    } catch (IOException e) {
      throw new GatewayUnreachable("the gateway's answer is not JSON", e);
    }
  }

  private HttpResponse<String> send(String method, String path, String body)
      throws GatewayUnreachable, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(gateway.resolve(path))
            .timeout(ANSWER)
            .header("Authorization", "Bearer " + token.get())
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .build();
    try {
      return http.send(request, BodyHandlers.ofString());
    } catch (IOException e) {
      http = newClient();
      throw new GatewayUnreachable(
          "no gateway answers at "
              + gateway
              + (e.getMessage() == null ? "" : ": " + e.getMessage()),
          e);
    }
  }
}
