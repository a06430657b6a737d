package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditRecord.End;
import dev.tallygate.node.mcp.ErrorCodes;
import dev.tallygate.node.mcp.EventTooLarge;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes a response on chunk by chunk, no faster than the client reads. */
final class ClientStream {
  private static final Logger LOG = LoggerFactory.getLogger(ClientStream.class);

  /** What is still read of a response that nobody waits for. */
  private static final int MAX_LEFT_BEHIND = 1024 * 1024;

  /** What the client gets of a response. */
  interface Passage {
    /**
     * What is to be sent for a chunk; empty for nothing. Until it is known, nothing else is asked.
     *
     * @throws EventTooLarge if the response is read no further
     */
    Future<Buffer> passed(Buffer chunk) throws EventTooLarge;

    /**
     * What is to be sent last.
     *
     * @param whole whether the response came to its end
     * @return empty where the answer cannot be completed: it is broken off, or is an error where
     *     nothing was sent yet
     */
    Future<Optional<Buffer>> last(boolean whole);
  }

  private final Exchange x;
  private final HttpClientResponse head;
  private final Passage passage;
  private final Promise<End> done = Promise.promise();
  private final Vertx vertx = Vertx.currentContext().owner();
  private int leftBehind;
  private long lastPiece = System.nanoTime();
  private long idleTimer;
  private boolean over;

  /** Whether a chunk is being worked on, and whether the response ended meanwhile. */
  private boolean busy;

  private Optional<Boolean> ended = Optional.empty();

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
    endWhenSilent(x.server.timeouts().idle().toMillis());
    head.exceptionHandler(broken -> finish(false));
    head.endHandler(ended -> finish(true));
    head.handler(this::pass);
    // Where leaving does not cancel, what a client left behind is read on for the record.
    x.onClientGone(this::readOn);
    head.resume();
    return done.future().onComplete(ended -> vertx.cancelTimer(idleTimer));
  }

  /** Ends the response after a time without a piece of it, for want of the server or the client. */
  private void endWhenSilent(long millis) {
    idleTimer =
        vertx.setTimer(
            millis,
            fired -> {
              long idle = x.server.timeouts().idle().toMillis();
              long silent = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastPiece);
              if (silent < idle) {
                endWhenSilent(idle - silent);
              } else {
                head.request().reset();
              }
            });
  }

  private void pass(Buffer chunk) {
    lastPiece = System.nanoTime();
    if (over) {
      return;
    }
    if (x.clientGone() && (leftBehind += chunk.length()) > MAX_LEFT_BEHIND) {
      finish(false);
      head.request().reset();
      return;
    }
    Future<Buffer> sent;
    try {
      sent = passage.passed(chunk);
    } catch (EventTooLarge | RuntimeException e) {
      sent = Future.failedFuture(e);
    }
    if (!sent.isComplete()) {
      busy = true;
      head.pause();
    }
    sent.onSuccess(this::send).onFailure(this::cut);
    if (busy) {
      sent.onComplete(worked -> workedOn());
    }
  }

  private void workedOn() {
    busy = false;
    ended.ifPresent(this::finish);
    readOn();
  }

  private void readOn() {
    if (!busy && !(x.canAnswer() && x.response.writeQueueFull())) {
      head.resume();
    }
  }

  private void send(Buffer sent) {
    if (!x.canAnswer() || sent.length() == 0) {
      return;
    }
    if (!x.response.headWritten()) {
      x.response.setChunked(true);
    }
    x.response.write(sent);
    if (x.response.writeQueueFull()) {
      head.pause();
      x.response.drainHandler(drained -> readOn());
    }
  }

  private void cut(Throwable cause) {
    if (cause instanceof EventTooLarge) {
      LOG.warn("A response of {} was cut: {}", x.serverName, cause.getMessage());
    } else {
      LOG.error("A response of {} could not be relayed", x.serverName, cause);
    }
    busy = false;
    finish(false);
    head.request().reset();
  }

  private void finish(boolean whole) {
    if (busy) {
      ended = Optional.of(whole);
      return;
    }
    if (over) {
      return;
    }
    over = true;
    if (x.clientGone()) {
      done.complete(End.CLIENT_GONE);
    } else {
      passage.last(whole).onSuccess(last -> finish(whole, last)).onFailure(done::fail);
    }
  }

  private void finish(boolean whole, Optional<Buffer> last) {
    if (x.clientGone()) {
      done.complete(End.CLIENT_GONE);
      return;
    }
    if (last.isPresent()) {
      x.finish(last.get());
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
