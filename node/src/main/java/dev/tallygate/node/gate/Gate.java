package dev.tallygate.node.gate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.counters.LedgerResult;
import dev.tallygate.counters.Subjects;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.node.gate.Stopped.Denied;
import dev.tallygate.node.gate.Stopped.Rejected;
import dev.tallygate.node.mcp.Era;
import dev.tallygate.node.mcp.EraDetection;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.MessageReader;
import dev.tallygate.node.mcp.MessageRefused;
import dev.tallygate.node.mcp.Methods;
import dev.tallygate.node.mcp.ToolCall;
import dev.tallygate.node.upstream.UpstreamCall;
import dev.tallygate.node.upstream.UpstreamFailure;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Decision;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The way of a call through the gate, from its first byte to its audit record.
 *
 * <p>One gate serves one event loop; nothing on it blocks. A step either completes, or ends the way
 * with a {@link Stopped}, which is recorded and answered in one place. From forwarding on, the way
 * has an {@link Ending}, and what was reserved is settled by it.
 */
public final class Gate implements Handler<HttpServerRequest> {
  private static final long BODY_TIMEOUT_MILLIS = 30_000;

  private final Vertx vertx;
  private final GateServices services;
  private final Door door;
  private final Judge judge;
  private final Relay relay;
  private final Recorder recorder;

  Gate(Vertx vertx, GateServices services) {
    this.vertx = vertx;
    this.services = services;
    this.door = services.door();
    this.judge = new Judge(services);
    this.relay = new Relay(services);
    this.recorder = new Recorder(services);
  }

  @Override
  public void handle(HttpServerRequest request) {
    request.pause();
    Exchange x =
        new Exchange(
            request,
            services.snapshots().get(),
            DecisionIds.next(services.clock().millis()),
            System.nanoTime());
    recorder.began(x);
    admitted(x)
        .compose(this::read)
        .compose(this::judged)
        .compose(this::reserved)
        .compose(recorder::allowed)
        .compose(this::forwarded)
        .recover(cause -> stop(x, cause));
  }

  /** Whose request it is, and for which server; nothing of its body is read before. */
  private Future<Exchange> admitted(Exchange x) {
    try {
      x.serverName = door.server(x.request);
      door.checkHostAndOrigin(x.request);
      x.grant =
          door.token(x.request)
              .flatMap(
                  token ->
                      x.snapshot.authenticate(token, x.serverName, services.clock().instant()))
              .orElseThrow(Gate::unauthenticated);
      x.server = x.snapshot.servers().get(x.serverName);
      x.policy = x.snapshot.policyOf(x.grant);
      return Future.succeededFuture(x);
    } catch (Rejected e) {
      return Future.failedFuture(e);
    }
  }

  private static Rejected unauthenticated() {
    return Rejected.http(
        401,
        "token",
        "This server needs a grant's token: Authorization: Bearer tg_...",
        Map.of("WWW-Authenticate", "Bearer realm=\"tallygate\""));
  }

  /** What the request says: one strict message of one era, in a session of its own grant. */
  private Future<Exchange> read(Exchange x) {
    HttpMethod method = x.request.method();
    if (method.equals(HttpMethod.POST)) {
      return body(x).compose(body -> attempt(() -> readMessage(x, body)));
    }
    if (method.equals(HttpMethod.GET) || method.equals(HttpMethod.DELETE)) {
      return attempt(() -> readSessionRequest(x));
    }
    return Future.failedFuture(
        Rejected.http(
            405, "method", "MCP uses POST, GET and DELETE", Map.of("Allow", "POST, GET, DELETE")));
  }

  private Exchange readMessage(Exchange x, Buffer body) {
    x.body = body;
    try {
      x.message =
          MessageReader.read(
              body.getBytes(),
              JsonBounds.REQUEST.withMaxBytes(x.server.bounds().maxRequestBytes()));
      x.era = EraDetection.detect(x.request.headers()::getAll, x.message);
    } catch (MessageRefused e) {
      throw Rejected.message(e.refusal());
    }
    findSession(x);
    if (x.message instanceof McpMessage.Invocation invocation) {
      x.method = invocation.method();
      x.subject = invocation.namedThing();
    } else {
      x.method = "(response)";
    }
    return x;
  }

  private Exchange readSessionRequest(Exchange x) {
    try {
      x.era = EraDetection.detect(x.request.headers()::getAll);
    } catch (MessageRefused e) {
      throw Rejected.message(e.refusal());
    }
    if (x.era.isModern()) {
      throw Rejected.http(
          405, "method", "MCP " + x.era.version() + " uses POST only", Map.of("Allow", "POST"));
    }
    findSession(x);
    x.method = x.request.method().equals(HttpMethod.GET) ? "(stream)" : "(end of session)";
    return x;
  }

  /** A session that this grant did not open, here, is a session that does not exist. */
  private void findSession(Exchange x) {
    String id = x.request.getHeader(ForwardedHeaders.SESSION);
    if (id == null || x.era.isModern()) {
      return;
    }
    x.session = services.sessions().find(x.serverName, id, x.grant.id());
    if (x.session.isEmpty()) {
      throw Rejected.http(404, "session", "There is no such session; initialize a new one");
    }
  }

  /** Whether it may pass; an allowed call leaves with what it has yet to find room for. */
  private Future<Exchange> judged(Exchange x) {
    try {
      if (x.message instanceof McpMessage.Response response) {
        requireQuestion(x, response);
        return Future.succeededFuture(x);
      }
      if (x.message instanceof McpMessage.Request request) {
        Optional<ToolCall> call = request.toolCall();
        if (call.isPresent()) {
          return judge.call(x, call.get());
        }
      }
      if (x.message instanceof McpMessage.Invocation invocation) {
        judge.method(x, invocation);
      }
      return Future.succeededFuture(x);
    } catch (Stopped e) {
      return Future.failedFuture(e);
    }
  }

  private static void requireQuestion(Exchange x, McpMessage.Response response) {
    if (!x.session.map(session -> session.answers(response.id().toString())).orElse(false)) {
      throw Rejected.http(
          400, "unsolicited-response", "The server asked nothing that this would answer");
    }
  }

  /** Room for the call in every limit, or in none. */
  private Future<Exchange> reserved(Exchange x) {
    if (x.charges.isEmpty()) {
      return Future.succeededFuture(x);
    }
    long began = System.nanoTime();
    Subjects subjects =
        new Subjects(x.grant.id(), x.session.map(Session::id), x.serverName);
    return Future.fromCompletionStage(
            services.ledger().reserve(x.charges, subjects), vertx.getOrCreateContext())
        .compose(
            result -> {
              services.metrics().reserved((System.nanoTime() - began) / 1e9);
              if (result instanceof LedgerResult.Refused refused) {
                return Future.failedFuture(judge.limited(x, refused));
              }
              x.held = Optional.of((LedgerResult.Held) result);
              return Future.succeededFuture(x);
            });
  }

  /** To the server, as the client wrote it, and back; then what was reserved is settled. */
  private Future<Exchange> forwarded(Exchange x) {
    x.forwardedNanos = System.nanoTime();
    UpstreamCall call =
        services
            .upstreams()
            .of(x.server)
            .send(x.request.method(), ForwardedHeaders.toServer(x), x.body);
    return relay
        .bring(x, call)
        .compose(ending -> recorder.ended(x, ending))
        .map(x);
  }
}
