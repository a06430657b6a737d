package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditRecord.End;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.EventTooLarge;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes a response on chunk by chunk, no faster than the client reads. */
final class ClientStream {
  private static final Logger LOG = LoggerFactory.getLogger(ClientStream.class);

  /** What the client gets of a response. */
  interface Passage {
    /**
     * What is to be sent for a chunk; empty for nothing.
     *
     * @throws EventTooLarge if the response is read no further
     */
    Buffer passed(Buffer chunk) throws EventTooLarge;

    /**
     * What is to be sent last.
     *
     * @param whole whether the response came to its end
     * @return empty where the answer cannot be completed: it is broken off, or is an error where
     *     nothing was sent yet
     */
    Optional<Buffer> last(boolean whole);
  }

  private final Exchange x;
  private final HttpClientResponse head;
  private final Passage passage;
  private final Promise<End> done = Promise.promise();
  private boolean over;

  private ClientStream(Exchange x, HttpClientResponse head, Passage passage) {
    this.x = x;
    this.head = head;
    this.passage = passage;
  }

  /**
   * Pipes a response to the client, whose head must be set.
   *
   * @return {@link End#OK} once all has come and was sent; {@link End#BROKEN} or {@link
   *     End#CLIENT_GONE} otherwise
   */
  static Future<End> pipe(Exchange x, HttpClientResponse head, Passage passage) {
    return new ClientStream(x, head, passage).run();
  }

  private Future<End> run() {
    head.exceptionHandler(broken -> finish(false));
    head.endHandler(ended -> finish(true));
    head.handler(this::pass);
    // Where leaving does not cancel, what a client left behind is read on for the record.
    x.onClientGone(head::resume);
    head.resume();
    return done.future();
  }

  private void pass(Buffer chunk) {
    if (over) {
      return;
    }
    Buffer sent;
    try {
      sent = passage.passed(chunk);
    } catch (EventTooLarge e) {
      LOG.warn("A response of {} was cut: {}", x.serverName, e.getMessage());
      cut();
      return;
    } catch (RuntimeException e) {
      LOG.error("A response of {} could not be relayed", x.serverName, e);
      cut();
      return;
    }
    if (!x.canAnswer() || sent.length() == 0) {
      return;
    }
    if (!x.response.headWritten()) {
      x.response.setChunked(true);
    }
    x.response.write(sent);
    if (x.response.writeQueueFull()) {
      head.pause();
      x.response.drainHandler(drained -> head.resume());
    }
  }

  private void cut() {
    finish(false);
    head.request().reset();
  }

  private void finish(boolean whole) {
    if (over) {
      return;
    }
    over = true;
    if (x.clientGone()) {
      done.complete(End.CLIENT_GONE);
      return;
    }
    Optional<Buffer> last = passage.last(whole);
    if (last.isPresent()) {
      x.response.end(last.get());
    } else {
      String text =
          whole
              ? "The MCP server's answer is no response to this request; the call may have run."
              : "The MCP server's answer broke off; the call may have run.";
      Relay.answer(x, Relay.failure(x, 502, ErrorCodes.UPSTREAM_FAILED, text));
    }
    done.complete(whole ? End.OK : End.BROKEN);
  }
}
