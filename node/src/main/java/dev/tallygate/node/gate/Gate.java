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
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;
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

  private static final Pattern JSON_TYPE =
      Pattern.compile(
          "application/json *(?:; *charset *= *\"?utf-8\"? *)?", Pattern.CASE_INSENSITIVE);
  private static final long BODY_TIMEOUT_MILLIS = 30_000;
  private static final long SHORT_BODY_BYTES = 64 * 1024;
  private static final long SHORT_BODY_SECONDS = 5;

  /** For each event loop: far below the connections to one server. */
  private static final int MAX_STREAMS_PER_GRANT = 100;

  private final Context context;
  private final GateServices services;
  private final Upstreams upstreams;
  private final Door door;
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
        .compose(recorded -> readPast(x))
        .onComplete(
            read -> {
              if (x.canAnswer()) {
                stopped.headers().forEach(x.response::putHeader);
              }
              Relay.answer(x, stopped.answer());
            });
  }

  /**
   * Reads past a body that nobody wants. The end of a short one is awaited, and the connection
   * serves on; after a long or slow one it closes.
   */
  private Future<Void> readPast(Exchange x) {
    if (x.request.isEnded()) {
      return Future.succeededFuture();
    }
    Promise<Void> past = Promise.promise();
    x.request.exceptionHandler(broken -> past.tryComplete());
    x.request.endHandler(ended -> past.tryComplete());
    x.request.handler(discarded -> {}).resume();
    boolean isShort =
        x.request.getHeader("transfer-encoding") == null
            && x.request.getHeader("expect") == null
            && declaredLength(x.request) <= SHORT_BODY_BYTES;
    Future<Void> read =
        isShort || past.future().isComplete()
            ? past.future().timeout(SHORT_BODY_SECONDS, TimeUnit.SECONDS)
            : Future.failedFuture("not awaited");
    return read.otherwise(
        unread -> {
          x.response.putHeader("Connection", "close");
          return null;
        });
  }

  /** The body, bounded in size and in the time that it may take. */
  private Future<Buffer> body(Exchange x) {
    List<String> types = x.request.headers().getAll("content-type");
    if (types.size() != 1 || !JSON_TYPE.matcher(types.get(0)).matches()) {
      return Future.failedFuture(
          Rejected.http(415, "media-type", "MCP messages are sent as application/json"));
    }
    if (x.request.headers().contains("content-encoding")) {
      return Future.failedFuture(
          Rejected.http(415, "content-encoding", "Send the body without a content encoding"));
    }
    int max = x.server.bounds().maxRequestBytes();
    long declared = declaredLength(x.request);
    if (declared > max) {
      return Future.failedFuture(tooLarge(max));
    }
    if (declared > 0 && !x.holdBody(services.bodies(), declared)) {
      return Future.failedFuture(noRoom());
    }
    if ("100-continue".equalsIgnoreCase(x.request.getHeader("expect"))) {
      x.response.writeContinue();
    }
    Promise<Buffer> whole = Promise.promise();
    Buffer held = Buffer.buffer();
    long timer =
        context
            .owner()
            .setTimer(
                BODY_TIMEOUT_MILLIS,
                late ->
                    whole.tryFail(
                        Rejected.http(408, "slow-body", "The body did not come in time")));
    x.request.exceptionHandler(
        broken -> whole.tryFail(Rejected.http(400, "cut-body", "The body broke off")));
    x.request.endHandler(ended -> whole.tryComplete(held));
    x.request.handler(
        chunk -> {
          if (held.length() + chunk.length() > max) {
            whole.tryFail(tooLarge(max));
          } else if (declared < 0
              && chunk.length() > 0
              && !x.holdBody(services.bodies(), chunk.length())) {
            whole.tryFail(noRoom());
          } else {
            held.appendBuffer(chunk);
          }
        });
    x.request.resume();
    return whole.future().onComplete(read -> context.owner().cancelTimer(timer));
  }

  private static long declaredLength(HttpServerRequest request) {
    String length = request.getHeader("content-length");
    return length == null || length.length() > 18 ? -1 : Long.parseLong(length.strip());
  }

  private static Rejected tooLarge(int max) {
    return Rejected.http(413, "too-large", "The body is larger than " + max + " bytes");
  }

  private static Rejected noRoom() {
    return Rejected.http(
        503,
        "busy",
        "The gateway holds as many requests as it can; nothing was run. Try again later.",
        Map.of("Retry-After", "1"));
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
