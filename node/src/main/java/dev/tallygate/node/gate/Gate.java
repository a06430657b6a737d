package dev.tallygate.node.gate;

import dev.tallygate.counters.LedgerResult;
import dev.tallygate.counters.Subjects;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.node.gate.Stopped.Rejected;
import dev.tallygate.node.mcp.EraDetection;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.MessageReader;
import dev.tallygate.node.mcp.MessageRefused;
import dev.tallygate.node.mcp.ToolCall;
import dev.tallygate.node.upstream.ToolListing;
import dev.tallygate.node.upstream.Upstream;
import dev.tallygate.node.upstream.UpstreamCall;
import dev.tallygate.node.upstream.Upstreams;
import dev.tallygate.registry.Server;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a call through the gate, from its first byte to its audit record.
 *
 * <p>One gate serves one event loop; nothing on it blocks. A step either completes, or ends the way
 * with a {@link Stopped}, which is recorded and answered in one place. From forwarding on, the way
 * has an {@link Ending}, and what was reserved is settled by it.
 */
public final class Gate implements Handler<HttpServerRequest> {
  private static final Logger LOG = LoggerFactory.getLogger(Gate.class);

  /** For each event loop: far below the connections to one server. */
  private static final int MAX_STREAMS_PER_GRANT = 100;

  private final Context context;
  private final GateServices services;
  private final Upstreams upstreams;
  private final Door door;
  private final RequestBodies bodies;
  private final Judge judge;
  private final Relay relay;
  private final Recorder recorder;
  private final UnderWay underWay = new UnderWay();
  private final IdleConnections connections = new IdleConnections(System::nanoTime);

  /**
   * @param context the event loop that the gate serves
   */
  Gate(Context context, GateServices services, Upstreams upstreams) {
    this.context = context;
    this.services = services;
    this.upstreams = upstreams;
    this.door = services.door();
    this.bodies = new RequestBodies(services.bodies(), context);
    this.judge = new Judge(services, new ToolListing(upstreams));
    this.relay = new Relay(services, context);
    this.recorder = new Recorder(services, context);
  }

  @Override
  public void handle(HttpServerRequest request) {
    request.pause();
    Exchange x = newExchange(request);
    recorder.began(x);
    HttpConnection connection = request.connection();
    connections.requestBegan(connection);
    x.onOver(() -> connections.requestOver(connection));
    Future.succeededFuture(x)
        .compose(this::admitted)
        .compose(this::read)
        .compose(this::judged)
        .compose(this::reserved)
        .compose(recorder::allowed)
        .compose(this::forwarded)
        .onFailure(cause -> stop(x, cause));
  }

  void opened(HttpConnection connection) {
    connections.opened(connection, connection::close);
  }

  void closed(HttpConnection connection) {
    connections.closed(connection);
  }

  void closeIdleConnections() {
    connections.closeIdle();
  }

  /** Breaks off streams whose grant is no longer in force, or whose server is another one now. */
  void endStrayStreams() {
    Set<String> grants = services.grantsInForce();
    Map<String, Server> servers = services.snapshot().servers();
    underWay.breakOff(
        x ->
            x.isStream()
                && !(grants.contains(x.grant.id())
                    && servers.containsKey(x.serverName)
                    && servers.get(x.serverName).url().equals(x.server.url())));
  }

  /** Breaks off what would not end by itself. */
  void endStreams() {
    underWay.breakOff(Exchange::isStream);
  }

  /** Breaks off whatever is left; completes when the end of each is on record. */
  Future<Void> endAll() {
    Future<Void> ended = underWay.empty();
    underWay.breakOff(any -> true);
    return ended;
  }

  /** Bytes that are not an HTTP request in order. */
  void malformed(HttpServerRequest request) {
    recorder.malformed(newExchange(request));
    HttpServerRequest.DEFAULT_INVALID_REQUEST_HANDLER.handle(request);
  }

  private Exchange newExchange(HttpServerRequest request) {
    String decisionId = DecisionIds.next(services.clock().millis());
    return new Exchange(request, services.snapshot(), decisionId, System.nanoTime());
  }

  /** Whose request it is, and for which server; nothing of its body is read before. */
  private Future<Exchange> admitted(Exchange x) {
    try {
      x.serverName = door.server(x.request);
      door.checkHostAndOrigin(x.request);
      x.grant =
          door.token(x.request)
              .flatMap(
                  token -> x.snapshot.authenticate(token, x.serverName, services.clock().instant()))
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
      return bodies.read(x).compose(body -> attempt(() -> readMessage(x, body)));
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
      requireRoomForStream(x);
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

  private void requireRoomForStream(Exchange x) {
    if (x.isStream() && underWay.streamsOf(x.grant.id()) >= MAX_STREAMS_PER_GRANT) {
      throw Rejected.http(429, "streams", "This grant has too many streams open");
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
    Subjects subjects = new Subjects(x.grant.id(), x.session.map(Session::id), x.serverName);
    return Future.fromCompletionStage(services.ledger().reserve(x.charges, subjects), context)
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
    x.forwardedNanos = OptionalLong.of(System.nanoTime());
    Upstream upstream = upstreams.of(x.server);
    MultiMap headers = ForwardedHeaders.toServer(x);
    UpstreamCall call =
        x.isStream()
            ? upstream.stream(x.request.method(), headers, x.body)
            : upstream.send(x.request.method(), headers, x.body);
    underWay.began(x, call);
    // A tree of values takes many times its text, and the answer may be minutes away.
    x.message = x.message == null ? null : x.message.withPlainParams();
    return relay
        .bring(x, call)
        .compose(ending -> recorder.ended(x, ending))
        .onComplete(ended -> underWay.ended(x))
        .map(x);
  }

  /** The one place where a way ends before it was forwarded: on record, then answered. */
  private void stop(Exchange x, Throwable cause) {
    if (!(cause instanceof Stopped stopped)) {
      LOG.error("A request failed inside the gate", cause);
      String run = x.wasForwarded() ? "it may have run" : "nothing was run";
      stop(x, Rejected.http(500, "internal", "The gateway failed on this request; " + run));
      return;
    }
    recorder
        .stopped(x, stopped)
        .compose(recorded -> bodies.readPast(x))
        .onComplete(
            read -> {
              if (x.canAnswer()) {
                stopped.headers().forEach(x.response::putHeader);
              }
              Relay.answer(x, stopped.answer());
            });
  }

  /** A step that may end the way. */
  private static <T> Future<T> attempt(Supplier<T> step) {
    try {
      return Future.succeededFuture(step.get());
    } catch (Stopped e) {
      return Future.failedFuture(e);
    }
  }
}
