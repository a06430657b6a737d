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
import java.util.List;
import java.util.Optional;

/**
 * Brings an event stream to the client, event by event. Comments, which keep streams alive, and
 * events that carry no message pass as they are. A message that is not one well-formed JSON-RPC
 * message is left out: clients differ in what they would make of it.
 */
final class EventRelay {
  private final Exchange x;
  private final HttpClientResponse head;
  private final Relay relay;
  private final SseReader reader;
  private final Optional<String> requestId;
  private Optional<Outgoing> answer = Optional.empty();

  EventRelay(Exchange x, HttpClientResponse head, Relay relay) {
    this.x = x;
    this.head = head;
    this.relay = relay;
    this.reader = new SseReader(x.server.bounds().maxEventBytes());
    this.requestId =
        x.message instanceof McpMessage.Request request
            ? Optional.of(request.id().toString())
            : Optional.empty();
  }

  Future<Ending> run() {
    ForwardedHeaders.toClient(x, head);
    x.response.putHeader("X-Accel-Buffering", "no").putHeader("Cache-Control", "no-store");
    x.response.setChunked(true);
    return ClientStream.pipe(x, head, this::relayed).map(this::ending);
  }

  private Buffer relayed(Buffer chunk) {
    Buffer out = Buffer.buffer();
    try {
      append(out, reader.read(chunk.getBytes()));
    } catch (EventTooLarge e) {
      head.request().reset();
    }
    return out;
  }

  private void append(Buffer out, List<SseItem> items) {
    for (SseItem item : items) {
      if (item instanceof SseEvent event && event.hasMessage()) {
        out.appendBytes(message(event));
      } else {
        out.appendBytes(item.raw());
      }
    }
  }

  /** What the client gets of an event that carries a message. */
  private byte[] message(SseEvent event) {
    byte[] data = event.data().orElseThrow();
    Outgoing message = ResultScan.of(data);
    switch (message.kind()) {
      case BATCH, UNKNOWN -> {
        return new byte[0];
      }
      case REQUEST ->
          x.session.ifPresent(
              session -> session.asked(message.id().map(JsonNode::toString).orElse("")));
      case RESULT, ERROR -> {
        if (requestId.isPresent() && message.id().map(JsonNode::toString).equals(requestId)) {
          answer = Optional.of(message);
        }
      }
      case NOTIFICATION -> {}
    }
    return message.listsTools() ? listed(event, data) : event.raw();
  }

  private byte[] listed(SseEvent event, byte[] data) {
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
    if (end == End.OK && answer.isPresent()) {
      return Relay.ending(answer.get(), head);
    }
    if (end == End.OK && requestId.isPresent()) {
      return Ending.of(End.BROKEN, head.statusCode());
    }
    return Ending.of(end, head.statusCode());
  }
}
