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
 * From where something may be asked of the client, the rest is held until that is judged.
 */
final class JsonRelay implements ClientStream.Passage {
  /** What an answer that asks something may have; it is held and read as a whole. */
  static final int MAX_ASKING_BYTES = 256 * 1024;

  private final Exchange x;
  private final HttpClientResponse head;
  private final McpMessage.Request request;
  private final Relay relay;
  private final Questions questions;
  private final Buffer begun = Buffer.buffer();
  private boolean passedAny;
  private final ResultScan scan = new ResultScan();
  private Buffer held = Buffer.buffer();
  private Optional<Outgoing> answer = Optional.empty();

  JsonRelay(
      Exchange x,
      HttpClientResponse head,
      McpMessage.Request request,
      Relay relay,
      Questions questions) {
    this.x = x;
    this.head = head;
    this.request = request;
    this.relay = relay;
    this.questions = questions;
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
  public Future<Buffer> passed(Buffer chunk) {
    byte[] bytes = chunk.getBytes();
    scan.feed(bytes, 0, bytes.length);
    if (scan.listsTools()) {
      held = Buffer.buffer();
      return Future.succeededFuture(held);
    }
    if (begun.length() <= MAX_ASKING_BYTES) {
      begun.appendBuffer(chunk);
    }
    if (scan.mayAsk() && begun.length() <= MAX_ASKING_BYTES) {
      held = held.length() == 0 ? chunk : held.copy().appendBuffer(chunk);
      return Future.succeededFuture(Buffer.buffer());
    }
    Buffer before = held;
    held = chunk;
    passedAny |= before.length() > 0;
    return Future.succeededFuture(before);
  }

  @Override
  public Future<Optional<Buffer>> last(boolean whole) {
    answer =
        whole
            ? Optional.of(scan.finish()).filter(m -> m.answers(request.id()) && !m.listsTools())
            : Optional.empty();
    Future<Void> noted =
        answer.map(complete -> relay.noteTask(x, complete)).orElse(Future.succeededFuture());
    return noted.map(done -> lastOfAnswer());
  }

  private Optional<Buffer> lastOfAnswer() {
    if (answer.map(Outgoing::asks).orElse(false)) {
      Optional<String> refused = questions.refuses(x, begun.getBytes());
      if (refused.isPresent()) {
        return instead(refused.get());
      }
    }
    return answer.map(complete -> held);
  }

  private Optional<Buffer> instead(String reason) {
    if (passedAny) {
      answer = Optional.empty();
      return Optional.empty();
    }
    byte[] error = Relay.unasked(x, reason).body();
    answer = Optional.of(ResultScan.of(error));
    return Optional.of(Buffer.buffer(error));
  }
}
