package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditRecord.End;
import dev.tallygate.node.gate.ResponseFilter.Part;
import dev.tallygate.node.mcp.Answers;
import dev.tallygate.node.mcp.Answers.Answer;
import dev.tallygate.node.mcp.Answers.DecisionNote;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.Methods;
import dev.tallygate.node.mcp.Outgoing;
import dev.tallygate.node.mcp.ResultScan;
import dev.tallygate.node.mcp.SessionId;
import dev.tallygate.node.upstream.UpstreamCall;
import dev.tallygate.node.upstream.UpstreamFailure;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import java.util.Optional;
import java.util.Set;

/**
 * Brings a server's response to the client, as it comes and no faster than the client reads.
 *
 * <p>A list of tools is filtered wherever it stands: as JSON, which is held whole for it, or in any
 * event of any stream. What cannot be filtered with certainty is not forwarded. A client that goes
 * away cancels a call of the modern era, by breaking the exchange off; in the older eras going away
 * does not cancel, so the server's answer is read to its end, for the record, for as long as an
 * answer may take to begin.
 */
final class Relay {
  private static final int MAX_ERROR_BYTES = 64 * 1024;

  /** Statuses by which a server says that it did not act on a request. */
  private static final Set<Integer> NOT_RUN = Set.of(400, 401, 403, 404, 405, 406, 413, 415, 429);

  private final GateServices services;
  private final Context context;
  private final Memory memory;
  private final LargeMessages large;
  private final ResponseFilter filter;
  private final Questions questions;

  /**
   * @param context the event loop that the gate runs on
   */
  Relay(
      GateServices services,
      Context context,
      Memory memory,
      Questions questions,
      LargeMessages large) {
    this.services = services;
    this.context = context;
    this.memory = memory;
    this.questions = questions;
    this.large = large;
    this.filter = new ResponseFilter(services);
  }

  /** Answers the client. Never fails: whatever happens is an ending. */
  Future<Ending> bring(Exchange x, UpstreamCall call) {
    boolean leavingCancels = x.era.isModern() || x.request.method().equals(HttpMethod.GET);
    x.onClientGone(
        () -> {
          if (leavingCancels) {
            call.cancel();
          } else {
            abandon(x, call);
          }
        });
    return call.response()
        .compose(
            head -> answered(x, head),
            failure -> Future.succeededFuture(failed(x, (UpstreamFailure) failure)))
        .onComplete(ended -> x.end());
  }

  /** Reads an answer that nobody waits for to its end, but not for ever. */
  private void abandon(Exchange x, UpstreamCall call) {
    long millis = x.server.timeouts().response().toMillis();
    long timer = context.owner().setTimer(millis, late -> call.cancel());
    x.onEnded(() -> context.owner().cancelTimer(timer));
  }

  private Future<Ending> answered(Exchange x, HttpClientResponse head) {
    int status = head.statusCode();
    String encoding = head.getHeader("content-encoding");
    if (status == 401 || status == 403 || status == 407) {
      return refusedByServer(x, head, "The MCP server refused the gateway's own credentials.");
    }
    if (status / 100 == 3 || encoding != null && !encoding.equalsIgnoreCase("identity")) {
      return refusedByServer(x, head, "The MCP server answered in a way that cannot be relayed.");
    }
    if (status / 100 != 2) {
      return error(x, head);
    }
    return boundSession(x, head)
        .compose(
            bound ->
                bound
                    ? relayed(x, head)
                    : refusedByServer(
                        x, head, "The MCP server opened a session that cannot be used."));
  }

  private Future<Ending> relayed(Exchange x, HttpClientResponse head) {
    boolean ends = x.request.method().equals(HttpMethod.DELETE) && x.session.isPresent();
    return (ends ? memory.ended(x.session.get()) : Future.<Void>succeededFuture())
        .compose(ended -> byType(x, head));
  }

  private Future<Ending> byType(Exchange x, HttpClientResponse head) {
    String type = mediaType(head);
    if (type.equals("text/event-stream")) {
      return new EventRelay(x, head, this, memory, questions, large, services.answers()).run();
    }
    if (!(x.message instanceof McpMessage.Request request)) {
      return withoutBody(x, head);
    }
    if (!type.equals("application/json")) {
      return refusedByServer(x, head, "The MCP server answered with neither JSON nor events.");
    }
    return inTime(
        x,
        head,
        ResponseFilter.askedFor(x).isEmpty()
            ? new JsonRelay(x, head, request, this, questions).run()
            : held(x, head, request));
  }

  /** An answer that has begun, and is no stream, ends within the time it had to begin in. */
  private <T> Future<T> inTime(Exchange x, HttpClientResponse head, Future<T> answer) {
    long millis = x.server.timeouts().response().toMillis();
    long timer = context.owner().setTimer(millis, late -> head.request().reset());
    return answer.onComplete(ended -> context.owner().cancelTimer(timer));
  }

  /** Binds the session that {@code initialize} opened to the grant that asked for it. */
  private Future<Boolean> boundSession(Exchange x, HttpClientResponse head) {
    String id = head.getHeader(ForwardedHeaders.SESSION);
    if (id == null || x.era.isModern() || !Methods.INITIALIZE.equals(x.method)) {
      return Future.succeededFuture(true);
    }
    if (!SessionId.isWellFormed(id)) {
      return Future.succeededFuture(false);
    }
    return memory
        .opened(x, id)
        .map(
            opened -> {
              if (opened.isPresent() && x.canAnswer()) {
                x.response.putHeader("Mcp-Session-Id", id);
              }
              // What follows of this answer is of the session already.
              x.session = opened;
              return opened.isPresent();
            });
  }

  /** A response that says nothing, as to a notification. */
  private Future<Ending> withoutBody(Exchange x, HttpClientResponse head) {
    // Read past, so that the connection can be used again.
    inTime(x, head, body(head, MAX_ERROR_BYTES));
    if (x.canAnswer()) {
      ForwardedHeaders.toClient(x, head);
      x.response.headers().remove("content-type");
      x.finish(Buffer.buffer());
    }
    return Future.succeededFuture(Ending.of(End.OK, head.statusCode()));
  }

  static Ending ending(Outgoing last, HttpClientResponse head) {
    End end =
        switch (last.kind()) {
          case RESULT -> last.toolError() ? End.ERROR : End.OK;
          case ERROR -> End.ERROR;
          default -> End.BROKEN;
        };
    return Ending.of(end, head.statusCode());
  }

  /** A response as JSON of which some is not for everybody: held, filtered, sent. */
  private Future<Ending> held(Exchange x, HttpClientResponse head, McpMessage.Request request) {
    int status = head.statusCode();
    BodyBudget.Share room = services.answers().new Share();
    return body(head, x.server.bounds().maxListBytes(), room)
        .compose(body -> large.work(body.length(), () -> passing(x, body.getBytes(), request)))
        .map(
            passing -> {
              if (x.canAnswer()) {
                ForwardedHeaders.toClient(x, head);
                x.finish(Buffer.buffer(passing.bytes()));
              }
              return x.clientGone()
                  ? Ending.of(End.CLIENT_GONE, status)
                  : ending(passing.answer(), head);
            })
        .onComplete(ended -> room.hold(0))
        .otherwise(
            unusable -> {
              String text = cannotRelay(unusable);
              answer(x, failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text));
              return Ending.of(x.clientGone() ? End.CLIENT_GONE : End.BROKEN, status);
            });
  }

  /** Why a response stays here, for people. */
  static String cannotRelay(Throwable unusable) {
    return "The MCP server's answer cannot be relayed: " + unusable.getMessage() + ".";
  }

  /** A response as the client gets it, and what it is as an answer. */
  private record Passing(byte[] bytes, Outgoing answer) {}

  private Passing passing(Exchange x, byte[] body, McpMessage.Request request) {
    Outgoing message = ResultScan.of(body);
    Set<Part> asked = ResponseFilter.askedFor(x);
    boolean readable =
        message.kind() == Outgoing.Kind.RESULT || message.kind() == Outgoing.Kind.ERROR;
    if (readable && !message.answers(request.id())) {
      throw new ResponseFilter.Unfilterable("it answers another request");
    }
    byte[] filtered = filter.filter(x, asked, body);
    Outgoing answer = ResultScan.of(filtered);
    if (!answer.answers(request.id()) || !ResponseFilter.in(x, message, asked).equals(asked)) {
      throw new ResponseFilter.Unfilterable("it answers another request");
    }
    if (answer.asks() && questions.refuses(x, filtered).isPresent()) {
      throw new ResponseFilter.Unfilterable("it asks for what it may not");
    }
    return new Passing(filtered, answer);
  }

  /** Binds the task that a call began to the grant that called. */
  Future<Void> noteTask(Exchange x, Outgoing answer) {
    // What is answered of a task that is there already begins none.
    boolean begins =
        answer.kind() == Outgoing.Kind.RESULT && !x.method.startsWith(Methods.TASKS_PREFIX);
    Optional<String> task = begins ? answer.taskId() : Optional.empty();
    return task.map(id -> memory.began(x, id)).orElse(Future.succeededFuture());
  }

  ResponseFilter filter() {
    return filter;
  }

  /** The server says that its tools are others now. */
  void toolsChanged(Exchange x) {
    services.catalog(x.server).outdated();
  }

  /**
   * A status of 400 or more. A JSON-RPC error passes as it is, because it tells the client what to
   * do next, and so do plain words on a client's own mistake; nothing else does.
   */
  private Future<Ending> error(Exchange x, HttpClientResponse head) {
    int status = head.statusCode();
    if (status == 404 && x.session.isPresent()) {
      // Before the client is told, on this node; the others know in time.
      memory.ended(x.session.get());
    }
    return inTime(x, head, body(head, MAX_ERROR_BYTES))
        .map(
            body -> {
              Outgoing message = ResultScan.of(body.getBytes());
              Outgoing.Kind kind = message.kind();
              boolean ran = !NOT_RUN.contains(status) || kind == Outgoing.Kind.RESULT;
              boolean said =
                  switch (mediaType(head)) {
                    case "application/json" ->
                        kind == Outgoing.Kind.ERROR
                            && !(message.asks()
                                && questions.refuses(x, body.getBytes()).isPresent());
                    case "text/plain", "" -> status < 500 && isPlainText(body);
                    default -> false;
                  };
              if (said && x.canAnswer()) {
                ForwardedHeaders.toClient(x, head);
                x.finish(body);
              } else {
                answer(x, failure(x, status, ErrorCodes.UPSTREAM_FAILED, answeredWith(status)));
              }
              return new Ending(End.REFUSED, java.util.OptionalInt.of(status), ran);
            })
        .otherwise(
            unreadable -> {
              answer(x, failure(x, status, ErrorCodes.UPSTREAM_FAILED, answeredWith(status)));
              return Ending.of(End.REFUSED, status);
            });
  }

  /** Whether it is no JSON that somebody may take for a response. */
  private static boolean isPlainText(Buffer body) {
    String text = body.toString().strip();
    return !text.startsWith("{") && !text.startsWith("[");
  }

  private static String answeredWith(int status) {
    return "The MCP server answered HTTP " + status + ".";
  }

  /** A response that stays here: it would mislead the client, or cannot be looked into. */
  private static Future<Ending> refusedByServer(
      Exchange x, HttpClientResponse head, String message) {
    head.request().reset();
    int status = head.statusCode();
    answer(x, failure(x, 502, ErrorCodes.UPSTREAM_FAILED, message));
    return Future.succeededFuture(
        new Ending(End.REFUSED, java.util.OptionalInt.of(status), !NOT_RUN.contains(status)));
  }

  private static Ending failed(Exchange x, UpstreamFailure failure) {
    if (failure instanceof UpstreamFailure.NotReached) {
      String text = "The MCP server cannot be reached; nothing was run. Try again later.";
      answer(x, failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text));
      return Ending.silent(x.clientGone() ? End.CLIENT_GONE : End.UNREACHABLE, false);
    }
    if (failure instanceof UpstreamFailure.TimedOut) {
      String text = "The MCP server did not answer in time; the call may have run.";
      answer(x, failure(x, 504, ErrorCodes.UPSTREAM_TIMEOUT, text));
      return Ending.silent(End.TIMED_OUT, true);
    }
    String text = "The connection to the MCP server broke; the call may have run.";
    answer(x, failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text));
    return Ending.silent(x.clientGone() ? End.CLIENT_GONE : End.BROKEN, true);
  }

  /** How the client is told that a forwarded message failed; a tool call in words for its model. */
  static Answer failure(Exchange x, int status, int code, String text) {
    if (!(x.message instanceof McpMessage.Request request)) {
      return Answers.error(status, null, code, text, Optional.empty());
    }
    if (request.toolCall().isPresent()) {
      DecisionNote note =
          new DecisionNote("failed", Optional.empty(), x.decisionId, Optional.empty());
      return Answers.toolDenied(request.id(), x.era, text, note);
    }
    return Answers.error(status, request.id(), code, text, Optional.empty());
  }

  /** What the client gets in place of a result that asks for what it may not. */
  static Answer unasked(Exchange x, String reason) {
    String text = "The MCP server asked for something in return, and was refused: " + reason + ".";
    return failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text);
  }

  /** Answers in the gate's own words; a client that is gone is told nothing. */
  static void answer(Exchange x, Answer answer) {
    if (!x.canAnswer() || x.response.headWritten()) {
      x.abort();
      return;
    }
    x.response.setStatusCode(answer.status()).putHeader(ForwardedHeaders.DECISION, x.decisionId);
    if (answer.body().length > 0) {
      x.response.putHeader("Content-Type", "application/json");
    }
    x.response.putHeader("Cache-Control", "private, no-store");
    x.finish(Buffer.buffer(answer.body()));
  }

  private Future<Buffer> body(HttpClientResponse head, int max) {
    return body(head, max, services.answers().new Share());
  }

  /**
   * A body held whole, up to {@code max} bytes; fails beyond, when it breaks off, and where there
   * is no room for it.
   */
  private static Future<Buffer> body(HttpClientResponse head, int max, BodyBudget.Share room) {
    Promise<Buffer> whole = Promise.promise();
    Buffer held = Buffer.buffer();
    head.exceptionHandler(whole::tryFail);
    head.endHandler(ended -> whole.tryComplete(held));
    head.handler(
        chunk -> {
          if (held.length() + chunk.length() > max) {
            whole.tryFail("it is longer than " + max + " bytes");
            head.request().reset();
          } else if (!room.hold(held.length() + chunk.length())) {
            whole.tryFail("the gateway holds as many answers as it can; try again later");
            head.request().reset();
          } else {
            held.appendBuffer(chunk);
          }
        });
    head.resume();
    return whole.future();
  }

  private static String mediaType(HttpClientResponse head) {
    String type = head.getHeader("content-type");
    if (type == null) {
      return "";
    }
    int parameters = type.indexOf(';');
    return (parameters < 0 ? type : type.substring(0, parameters))
        .trim()
        .toLowerCase(java.util.Locale.ROOT);
  }
}
