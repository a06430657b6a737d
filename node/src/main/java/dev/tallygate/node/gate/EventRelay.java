package dev.tallygate.node.gate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.audit.AuditRecord.End;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.EventTooLarge;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.Outgoing;
import dev.tallygate.node.mcp.ResultScan;
import dev.tallygate.node.mcp.SseEvent;
import dev.tallygate.node.mcp.SseItem;
import dev.tallygate.node.mcp.SseReader;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.util.Optional;

/**
 * Brings an event stream to the client, event by event. Comments, which keep streams alive, and
 * events that carry no message pass as they are.
 *
 * <p>Left out are messages that are not one well-formed JSON-RPC message, because clients differ in
 * what they would make of them; responses to other requests than the stream's own; and, in the
 * modern era, which has none, requests of the server.
 *
 * <p>A stream that ends without the response ends with an error in its place, unless the client can
 * resume it.
 */
final class EventRelay implements ClientStream.Passage {
  private final Exchange x;
  private final HttpClientResponse head;
  private final Relay relay;
  private final SseReader reader;
  private final Optional<JsonNode> requestId;
  private Optional<Outgoing> answer = Optional.empty();
  private boolean resumable;

  EventRelay(Exchange x, HttpClientResponse head, Relay relay) {
    this.x = x;
    this.head = head;
    this.relay = relay;
    this.reader = new SseReader(x.server.bounds().maxEventBytes());
    this.requestId =
        x.message instanceof McpMessage.Request request
            ? Optional.of(request.id())
            : Optional.empty();
  }

  Future<Ending> run() {
    ForwardedHeaders.toClient(x, head);
    x.response.putHeader("X-Accel-Buffering", "no");
    if (x.canAnswer()) {
      // The client may wait for the head of a stream that has nothing to say yet.
      x.response.setChunked(true).writeHead();
    }
    return ClientStream.pipe(x, head, this).map(this::ending);
  }

  @Override
  public Buffer passed(Buffer chunk) throws EventTooLarge {
    Buffer out = Buffer.buffer();
    for (SseItem item : reader.read(chunk.getBytes())) {
      if (item instanceof SseEvent event) {
        resumable |= !x.era.isModern() && event.id().isPresent();
        out.appendBytes(event.hasMessage() ? message(event) : event.raw());
      } else {
        out.appendBytes(item.raw());
      }
    }
    return out;
  }

  @Override
  public Optional<Buffer> last(boolean whole) {
    if (requestId.isPresent() && answer.isEmpty() && !resumable) {
      String text = "The MCP server's stream ended without an answer; the call may have run.";
      byte[] error = Relay.failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text).body();
      return Optional.of(Buffer.buffer(SseEvent.message(error).raw()));
    }
    return whole || answer.isPresent() ? Optional.of(Buffer.buffer()) : Optional.empty();
  }

  /** What the client gets of an event that carries a message. */
  private byte[] message(SseEvent event) {
    byte[] data = event.data().orElseThrow();
    Outgoing message = ResultScan.of(data);
    return switch (message.kind()) {
      case BATCH, UNKNOWN -> new byte[0];
      case NOTIFICATION -> event.raw();
      case REQUEST -> request(event, message);
      case RESULT, ERROR -> response(event, message);
    };
  }

  private byte[] request(SseEvent event, Outgoing message) {
    if (x.era.isModern()) {
      return new byte[0];
    }
    x.session.ifPresent(session -> session.asked(message.id().orElseThrow().toString()));
    return event.raw();
  }

  private byte[] response(SseEvent event, Outgoing message) {
    if (requestId.isPresent()) {
      if (answer.isPresent() || !message.answers(requestId.get())) {
        return new byte[0];
      }
      answer = Optional.of(message);
    }
    return message.listsTools() ? listed(event) : event.raw();
  }

  private byte[] listed(SseEvent event) {
    byte[] data = event.data().orElseThrow();
    try {
      byte[] filtered = relay.filter(x, data);
      return filtered == data ? event.raw() : event.withData(filtered).raw();
    } catch (Relay.UnfilterableList e) {
      String text = "The MCP server's list of tools cannot be relayed: " + e.getMessage() + ".";
      byte[] refused = Relay.failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text).body();
      return event.withData(refused).raw();
    }
  }

  private Ending ending(End end) {
    if (end != End.CLIENT_GONE && answer.isPresent()) {
      return Relay.ending(answer.get(), head);
    }
    return Ending.of(end == End.OK && requestId.isPresent() ? End.BROKEN : end, head.statusCode());
  }
}
