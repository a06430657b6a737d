package dev.tallygate.node.gate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.audit.AuditRecord.End;
import dev.tallygate.node.gate.ResponseFilter.Part;
import dev.tallygate.node.mcp.Answers;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.EventTooLarge;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.Methods;
import dev.tallygate.node.mcp.Outgoing;
import dev.tallygate.node.mcp.ResultScan;
import dev.tallygate.node.mcp.SseEvent;
import dev.tallygate.node.mcp.SseItem;
import dev.tallygate.node.mcp.SseReader;
import dev.tallygate.sessions.Notes;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Brings an event stream to the client, event by event. Comments, which keep streams alive, and
 * events that carry no message pass as they are.
 *
 * <p>Left out are messages that are not one well-formed JSON-RPC message, because clients differ in
 * what they would make of them; responses to other requests than the stream's own, or on a stream
 * of no request than those of its session, which come again where it is resumed; and requests of
 * the server that it may not make, in the modern era any.
 *
 * <p>A stream that ends without the response ends with an error in its place, unless the client can
 * resume it.
 */
final class EventRelay implements ClientStream.Passage {
  private final Exchange x;
  private final HttpClientResponse head;
  private final Relay relay;
  private final Memory memory;
  private final Questions questions;
  private final LargeMessages large;
  private final BodyBudget.Share room;
  private final SseReader reader;
  private final Optional<JsonNode> requestId;
  private final List<String> requests = new ArrayList<>();
  private final List<String> events = new ArrayList<>();
  private final List<String> asked = new ArrayList<>();
  private final List<Outgoing> begunTasks = new ArrayList<>();
  private Optional<Outgoing> answer = Optional.empty();
  private boolean resumable;
  private volatile boolean begun;
  private volatile boolean toTell;

  EventRelay(
      Exchange x,
      HttpClientResponse head,
      Relay relay,
      Memory memory,
      Questions questions,
      LargeMessages large,
      BodyBudget answers) {
    this.x = x;
    this.head = head;
    this.relay = relay;
    this.memory = memory;
    this.questions = questions;
    this.large = large;
    this.room = answers.new Share();
    this.reader = new SseReader(x.server.bounds().maxEventBytes());
    this.requestId =
        x.message instanceof McpMessage.Request request
            ? Optional.of(request.id())
            : Optional.empty();
  }

  Future<Ending> run() {
    if (requestId.isPresent()) {
      String id = requestId.get().toString();
      requests.add(id);
      ResponseFilter.askedFor(x).forEach(part -> requests.add(part(part, id)));
    }
    if (x.subscribesToTools || isSessionStream()) {
      x.onToolsChanged(this::toolsChanged);
    }
    ForwardedHeaders.toClient(x, head);
    x.response.putHeader("X-Accel-Buffering", "no");
    if (x.canAnswer()) {
      // The client may wait for the head of a stream that has nothing to say yet.
      x.response.setChunked(true).writeHead();
    }
    return ClientStream.pipe(x, head, this).onComplete(ended -> room.hold(0)).map(this::ending);
  }

  @Override
  public Future<Buffer> passed(Buffer chunk) throws EventTooLarge {
    List<SseItem> items = reader.read(chunk.getBytes());
    long complete = items.stream().mapToLong(item -> item.raw().length).sum();
    if (!room.hold(complete + reader.held())) {
      throw EventTooLarge.now();
    }
    return large
        .work(complete, () -> sent(items))
        .compose(this::remembered)
        .onComplete(sent -> room.hold(reader.held()));
  }

  /** What the client may come back to, on any node, is known there before the client knows it. */
  private Future<Buffer> remembered(Buffer out) {
    List<Future<Void>> noting = new ArrayList<>();
    begunTasks.forEach(begun -> noting.add(relay.noteTask(x, begun)));
    begunTasks.clear();
    // Without an event to resume from, no request's answer comes again.
    if (x.session.isPresent() && !(events.isEmpty() && asked.isEmpty())) {
      noting.add(memory.noted(x.session.get(), new Notes(requests, events, asked)));
      requests.clear();
      events.clear();
      asked.clear();
    }
    return noting.isEmpty() ? Future.succeededFuture(out) : Future.all(noting).map(out);
  }

  private Buffer sent(List<SseItem> items) {
    Buffer out = Buffer.buffer();
    for (SseItem item : items) {
      if (item instanceof SseEvent event) {
        resumable |= !x.era.isModern() && event.id().isPresent();
        event.id().ifPresent(events::add);
        out.appendBytes(event.hasMessage() ? message(event) : event.plain());
        begun |= event.hasMessage();
      } else {
        out.appendBytes(item.plain());
      }
    }
    if (toTell && mayTell()) {
      toTell = false;
      out.appendBytes(toolsChanged());
    }
    return out;
  }

  @Override
  public Future<Optional<Buffer>> last(boolean whole) {
    if (requestId.isPresent() && answer.isEmpty() && !resumable) {
      String text = "The MCP server's stream ended without an answer; the call may have run.";
      byte[] error = Relay.failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text).body();
      return Future.succeededFuture(Optional.of(Buffer.buffer(SseEvent.message(error).raw())));
    }
    return Future.succeededFuture(
        whole || answer.isPresent() ? Optional.of(Buffer.buffer()) : Optional.empty());
  }

  /** What the client gets of an event that carries a message. */
  private byte[] message(SseEvent event) {
    byte[] data = event.data().orElseThrow();
    Outgoing message = ResultScan.of(data);
    return switch (message.kind()) {
      case BATCH, UNKNOWN -> new byte[0];
      case NOTIFICATION -> notification(event, message);
      case REQUEST -> request(event, message);
      case RESULT, ERROR -> response(event, message);
    };
  }

  private byte[] notification(SseEvent event, Outgoing message) {
    if (message.method().equals(Optional.of(Methods.TOOLS_CHANGED))) {
      relay.toolsChanged(x);
    }
    return event.plain();
  }

  private byte[] request(SseEvent event, Outgoing message) {
    byte[] data = event.data().orElseThrow();
    if (x.era.isModern()) {
      questions.refuseOnStream(x, data);
      return new byte[0];
    }
    if (questions.refuses(x, data).isPresent()) {
      questions.answerServer(x, message.id().orElseThrow());
      return new byte[0];
    }
    asked.add(message.id().orElseThrow().toString());
    return event.plain();
  }

  private byte[] response(SseEvent event, Outgoing message) {
    if (requestId.isPresent()) {
      if (answer.isPresent() || !message.answers(requestId.get())) {
        return new byte[0];
      }
      answer = Optional.of(message);
    } else if (!comesAgain(message)) {
      return new byte[0];
    }
    Optional<String> refused =
        message.asks() ? questions.refuses(x, event.data().orElseThrow()) : Optional.empty();
    if (refused.isPresent()) {
      byte[] instead = Relay.unasked(x, refused.get()).body();
      answer = answer.map(given -> ResultScan.of(instead));
      return event.withData(instead).raw();
    }
    begunTasks.add(message);
    return rewritten(event, message);
  }

  /** Whether the client of this session sent the request, and resumes the stream of its answer. */
  private boolean comesAgain(Outgoing message) {
    return x.resumption
        .flatMap(again -> message.id().map(id -> again.requests().contains(id.toString())))
        .orElse(false);
  }

  private byte[] rewritten(SseEvent event, Outgoing message) {
    byte[] data = event.data().orElseThrow();
    try {
      Set<Part> asked = requestId.isPresent() ? ResponseFilter.askedFor(x) : askedBefore(message);
      byte[] filtered = relay.filter().filter(x, ResponseFilter.in(x, message, asked), data);
      return filtered == data ? event.plain() : event.withData(filtered).raw();
    } catch (ResponseFilter.Unfilterable e) {
      String text = Relay.cannotRelay(e);
      byte[] refused = Relay.failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text).body();
      return event.withData(refused).raw();
    }
  }

  /** What was asked for by the request whose answer comes again, on a stream of no request. */
  private Set<Part> askedBefore(Outgoing message) {
    Set<Part> parts = EnumSet.noneOf(Part.class);
    if (x.resumption.isPresent() && message.id().isPresent()) {
      String id = message.id().get().toString();
      for (Part part : Part.values()) {
        if (x.resumption.get().requests().contains(part(part, id))) {
          parts.add(part);
        }
      }
    }
    return parts;
  }

  private static String part(Part part, String requestId) {
    return part + " " + requestId;
  }

  private boolean isSessionStream() {
    return x.message == null && !x.era.isModern();
  }

  /** Tells the client to list the tools anew, once for each session and change. */
  private void toolsChanged(long revision) {
    if (!x.session.map(session -> session.isFirstToTell(revision)).orElse(true)) {
      return;
    }
    if (x.canAnswer() && mayTell() && !x.response.writeQueueFull()) {
      x.response.write(Buffer.buffer(toolsChanged()));
    } else {
      toTell = true;
    }
  }

  /** In the modern era the acknowledgement of a subscription comes first. */
  private boolean mayTell() {
    return begun || !x.era.isModern();
  }

  private byte[] toolsChanged() {
    return SseEvent.message(Answers.toolsChanged(requestId)).raw();
  }

  private Ending ending(End end) {
    if (end != End.CLIENT_GONE && answer.isPresent()) {
      return Relay.ending(answer.get(), head);
    }
    return Ending.of(end == End.OK && requestId.isPresent() ? End.BROKEN : end, head.statusCode());
  }
}
