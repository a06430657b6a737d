package dev.tallygate.node.gate;

import dev.tallygate.counters.Ledger;
import dev.tallygate.counters.LedgerResult;
import dev.tallygate.counters.Subjects;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.node.gate.Stopped.Rejected;
import dev.tallygate.node.mcp.ClientCapabilities;
import dev.tallygate.node.mcp.EraDetection;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.MessageReader;
import dev.tallygate.node.mcp.MessageRefused;
import dev.tallygate.node.mcp.Methods;
import dev.tallygate.node.mcp.SessionId;
import dev.tallygate.node.mcp.ToolCall;
import dev.tallygate.node.upstream.ToolListing;
import dev.tallygate.node.upstream.Upstream;
import dev.tallygate.node.upstream.UpstreamCall;
import dev.tallygate.node.upstream.Upstreams;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.sessions.KnownSession;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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

  /** Of what was sent before the client could know, all is served (RFC 9113, 6.8). */
  private static final int LAST_STREAM = Integer.MAX_VALUE;

  private final Context context;
  private final GateServices services;
  private final Upstreams upstreams;
  private final Door door;
  private final RequestBodies bodies;
  private final PinCheck pins;
  private final LargeMessages large;
  private final Memory memory;
  private final Judge judge;
  private final Relay relay;
  private final Ledger ledger;
  private final Recorder recorder;
  private final UnderWay underWay = new UnderWay();
  private final Connections connections = new Connections(System::nanoTime);

  /**
   * @param context the event loop that the gate serves
   */
  Gate(Context context, GateServices services, Upstreams upstreams) {
    this.context = context;
    this.services = services;
    this.upstreams = upstreams;
    this.door = services.door();
    this.bodies = new RequestBodies(services.bodies(), context);
    this.large = new LargeMessages(context);
    this.memory = new Memory(services.sessions(), services.tasks(), context);
    this.pins = new PinCheck(services, context, upstreams);
    this.judge = new Judge(services, pins, new ToolListing(upstreams), large);
    Questions questions = new Questions(services, context, upstreams);
    this.relay = new Relay(services, context, memory, questions, large);
    this.ledger = services.ledgers().open();
    this.recorder = new Recorder(services, ledger, context, large);
  }

  @Override
  public void handle(HttpServerRequest request) {
    request.pause();
    Exchange x = newExchange(request);
    recorder.began(x);
    HttpConnection connection = request.connection();
    connections.requestBegan(connection);
    x.onOver(() -> connections.requestOver(connection));
    x.onSent(() -> connections.answerSent(connection));
    x.response.headersEndHandler(head -> tellIfLeaving(x));
    Future.succeededFuture(x)
        .compose(this::admitted)
        .compose(this::read)
        .compose(pins::acquainted)
        .compose(this::judged)
        .compose(this::reserved)
        .compose(recorder::allowed)
        .compose(this::forwarded)
        .recover(cause -> stop(x, cause))
        .onComplete(done -> x.done());
  }

  void opened(HttpConnection connection) {
    boolean http2 = connection.protocolVersion() == HttpVersion.HTTP_2;
    connections.opened(
        connection,
        connection::close,
        http2 ? () -> connection.goAway(RequestBodies.HTTP2_NO_ERROR, LAST_STREAM) : () -> {});
  }

  void closed(HttpConnection connection) {
    connections.closed(connection);
  }

  void closeIdleConnections() {
    connections.closeIdle();
  }

  /**
   * Breaks off streams whose grant is no longer in force, or whose server is another one now; all
   * of them while that is not known.
   */
  void endStrayStreams() {
    if (services.isOut()) {
      endStreams();
      return;
    }
    Set<String> grants = services.grantsInForce();
    Map<String, Server> servers = services.snapshot().servers();
    underWay.breakOff(
        x ->
            x.isStream()
                && !(grants.contains(x.grant.id())
                    && servers.containsKey(x.serverName)
                    && servers.get(x.serverName).url().equals(x.server.url())));
  }

  /** Tells the clients of these grants, where they have a stream, to list the tools anew. */
  void toolsChanged(Set<String> grantIds, long revision) {
    underWay.toolsChanged(grantIds, revision);
  }

  /** Serves on, and asks each client to send what is to come elsewhere. */
  void leave() {
    connections.leave();
  }

  /** An answer in HTTP/1.1 is the one place to tell (RFC 9112, 9.6); HTTP/2 has a frame for it. */
  private void tellIfLeaving(Exchange x) {
    if (connections.areLeaving() && x.request.version() != HttpVersion.HTTP_2) {
      x.response.putHeader("Connection", "close");
    }
  }

  /** Whether a node that leaves may close its connections without a call lost. */
  boolean isAtRest() {
    return connections.areAtRest();
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
      Optional<Grant> grant =
          door.token(x.request)
              .flatMap(
                  token ->
                      x.snapshot.authenticate(token, x.serverName, services.clock().instant()));
      x.grant = grant.orElse(null); // so that what is refused of it is known to be of it
      door.checkHostAndOrigin(x.request);
      requireService();
      grant.orElseThrow(Gate::unauthenticated);
      requireUsable(x);
      x.server = x.snapshot.servers().get(x.serverName);
      x.policy = x.snapshot.policyOf(x.grant);
      return Future.succeededFuture(x);
    } catch (Rejected e) {
      return Future.failedFuture(e);
    }
  }

  /** Rules that may be outdated judge nobody. */
  private void requireService() {
    if (services.isOut()) {
      throw Rejected.http(
          503,
          "cut-off",
          "This gateway cannot reach the rest of its cluster; nothing was run. Try again later.",
          Map.of("Retry-After", "5"));
    }
  }

  private static void requireUsable(Exchange x) {
    if (x.snapshot.unusable().containsKey(x.serverName)) {
      throw Rejected.http(
          503,
          "server-unusable",
          "This gateway lacks what it needs to call this server; nothing was run.");
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
      return bodies
          .read(x)
          .compose(body -> large.work(body.length(), () -> readMessage(x, body)))
          .compose(this::inSession);
    }
    if (method.equals(HttpMethod.GET) || method.equals(HttpMethod.DELETE)) {
      return attempt(() -> readSessionRequest(x))
          .compose(this::inSession)
          .compose(this::fromOwnEvent);
    }
    return Future.failedFuture(
        Rejected.http(
            405, "method", "MCP uses POST, GET and DELETE", Map.of("Allow", "POST, GET, DELETE")));
  }

  private Exchange readMessage(Exchange x, Buffer body) {
    if (x.clientGone()) {
      throw Rejected.http(400, "client-gone", "The client left before its message was read");
    }
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
    x.declared = ClientCapabilities.declaredIn(x.message);
    if (x.message instanceof McpMessage.Invocation invocation) {
      x.method = invocation.method();
      x.subject = invocation.namedThing();
      x.subscribesToTools = x.era.isModern() && invocation.subscribesToTools();
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
    x.method = x.request.method().equals(HttpMethod.GET) ? "(stream)" : "(end of session)";
    return x;
  }

  /** A session that this grant did not open is a session that does not exist. */
  private Future<Exchange> inSession(Exchange x) {
    String id = x.request.getHeader(ForwardedHeaders.SESSION);
    if (id == null || x.era.isModern()) {
      return Future.succeededFuture(x);
    }
    Future<Optional<KnownSession>> session =
        SessionId.isWellFormed(id)
            ? memory.session(x, id)
            : Future.succeededFuture(Optional.empty());
    return session.compose(
        found -> {
          x.session = found;
          return found.isPresent()
              ? Future.succeededFuture(x)
              : Future.failedFuture(
                  Rejected.http(404, "session", "There is no such session; initialize a new one"));
        });
  }

  /** An event that did not go to this session is not there to resume from. */
  private Future<Exchange> fromOwnEvent(Exchange x) {
    String event = x.request.getHeader(ForwardedHeaders.LAST_EVENT);
    if (event == null || x.session.isEmpty()) {
      return Future.succeededFuture(x);
    }
    return memory
        .resumed(x.session.get(), event)
        .compose(
            resumption -> {
              x.resumption = resumption;
              return resumption.isPresent()
                  ? withOwnTasks(x)
                  : Future.failedFuture(
                      Rejected.http(404, "event", "This session has no such event to resume from"));
            });
  }

  private Future<Exchange> withOwnTasks(Exchange x) {
    return memory
        .tasksOf(x)
        .map(
            own -> {
              x.ownTasks = own;
              return x;
            });
  }

  /** Whether it may pass; an allowed call leaves with what it has yet to find room for. */
  private Future<Exchange> judged(Exchange x) {
    try {
      requireRoom(x);
      if (x.message instanceof McpMessage.Response response) {
        return toQuestion(x, response);
      }
      if (x.message instanceof McpMessage.Request request) {
        Optional<ToolCall> call = request.toolCall();
        if (call.isPresent()) {
          return judge.call(x, call.get());
        }
      }
      if (x.message instanceof McpMessage.Invocation invocation) {
        judge.method(x, invocation);
        return ofOwnTasks(x, invocation);
      }
      return Future.succeededFuture(x);
    } catch (Stopped e) {
      return Future.failedFuture(e);
    }
  }

  /** One grant cannot take all that a node has. Answers and notifications are over at once. */
  private void requireRoom(Exchange x) {
    if (!x.isStream() && !(x.message instanceof McpMessage.Request)) {
      return;
    }
    OpenPerGrant open = x.isStream() ? services.streams() : services.calls();
    Server.Bounds bounds = x.server.bounds();
    int max = x.isStream() ? bounds.maxStreamsPerGrant() : bounds.maxCallsPerGrant();
    if (!open.begin(x.grant.id(), max)) {
      throw x.isStream()
          ? Rejected.http(429, "streams", "This grant has " + max + " streams open; close one")
          : Rejected.http(
              429,
              "calls",
              "This grant has " + max + " requests under way; nothing was run. Try again later.",
              Map.of("Retry-After", "1"));
    }
    x.onDone(() -> open.end(x.grant.id()));
  }

  /** An answer to a question that the server did not ask this session goes nowhere. */
  private Future<Exchange> toQuestion(Exchange x, McpMessage.Response response) {
    Future<Boolean> asked =
        x.session.isPresent()
            ? memory.answers(x.session.get(), response.id().toString())
            : Future.succeededFuture(false);
    return asked.compose(
        answers ->
            answers
                ? Future.succeededFuture(x)
                : Future.failedFuture(
                    Rejected.http(
                        400,
                        "unsolicited-response",
                        "The server asked nothing that this would answer")));
  }

  /** A task that no call of this grant began is a task that does not exist. */
  private Future<Exchange> ofOwnTasks(Exchange x, McpMessage.Invocation message) {
    if (message.method().equals(Methods.TASKS_LIST)) {
      return withOwnTasks(x);
    }
    if (message.tasks().isEmpty()) {
      return Future.succeededFuture(x);
    }
    return memory
        .owns(x, message.tasks())
        .compose(
            own ->
                own
                    ? Future.succeededFuture(x)
                    : Future.failedFuture(Judge.unknownTask(x, (McpMessage.Request) message)));
  }

  /** Room for the call in every limit, or in none. */
  private Future<Exchange> reserved(Exchange x) {
    if (x.charges.isEmpty()) {
      return Future.succeededFuture(x);
    }
    long began = System.nanoTime();
    Subjects subjects = new Subjects(x.grant.id(), x.session.map(KnownSession::id), x.serverName);
    return onLoop(ledger.reserve(x.charges, subjects))
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

  /** Most calls are answered at once, by what is leased. */
  private Future<LedgerResult> onLoop(CompletionStage<LedgerResult> stage) {
    CompletableFuture<LedgerResult> answer = stage.toCompletableFuture();
    return answer.isDone() && !answer.isCompletedExceptionally()
        ? Future.succeededFuture(answer.join())
        : Future.fromCompletionStage(answer, context);
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
  private Future<Exchange> stop(Exchange x, Throwable cause) {
    if (!(cause instanceof Stopped stopped)) {
      LOG.error("A request failed inside the gate", cause);
      String run = x.wasForwarded() ? "it may have run" : "nothing was run";
      return stop(x, Rejected.http(500, "internal", "The gateway failed on this request; " + run));
    }
    return recorder
        .stopped(x, stopped)
        .compose(recorded -> bodies.readPast(x))
        .transform(
            read -> {
              if (x.canAnswer()) {
                stopped.headers().forEach(x.response::putHeader);
              }
              Relay.answer(x, stopped.answer());
              return Future.succeededFuture(x);
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
