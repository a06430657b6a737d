package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditRecord.End;
import dev.tallygate.node.mcp.McpMessage;
import dev.tallygate.node.mcp.Outgoing;
import dev.tallygate.node.mcp.ResultScan;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.util.Optional;

/**
 * Brings a JSON response to the client as its bytes come, and watches it for how the call ended.
 *
 * <p>It stays one chunk behind: what turns out not to be the response to this request is never
 * completed. A list of tools in the answer to another request than {@code tools/list} is not begun.
 */
final class JsonRelay implements ClientStream.Passage {
  private final Exchange x;
  private final HttpClientResponse head;
  private final McpMessage.Request request;
  private final ResultScan scan = new ResultScan();
  private Buffer held = Buffer.buffer();
  private Optional<Outgoing> answer = Optional.empty();

  JsonRelay(Exchange x, HttpClientResponse head, McpMessage.Request request) {
    this.x = x;
    this.head = head;
    this.request = request;
  }

  Future<Ending> run() {
    ForwardedHeaders.toClient(x, head);
    return ClientStream.pipe(x, head, this)
        .map(
            end ->
                end == End.CLIENT_GONE || answer.isEmpty()
                    ? Ending.of(end == End.OK ? End.BROKEN : end, head.statusCode())
                    : Relay.ending(answer.get(), head));
  }

  @Override
  public Buffer passed(Buffer chunk) {
    byte[] bytes = chunk.getBytes();
    scan.feed(bytes, 0, bytes.length);
    if (scan.listsTools()) {
      held = Buffer.buffer();
      return held;
    }
    Buffer before = held;
    held = chunk;
    return before;
  }

  @Override
  public Optional<Buffer> last(boolean whole) {
    answer =
        whole
            ? Optional.of(scan.finish()).filter(m -> m.answers(request.id()) && !m.listsTools())
            : Optional.empty();
    return answer.map(complete -> held);
  }
}
