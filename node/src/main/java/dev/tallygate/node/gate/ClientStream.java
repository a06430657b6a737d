package dev.tallygate.node.gate;

import dev.tallygate.node.audit.AuditRecord.End;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes a response on chunk by chunk, no faster than the client reads. */
final class ClientStream {
  private static final Logger LOG = LoggerFactory.getLogger(ClientStream.class);

  private ClientStream() {}

  /**
   * Pipes a response to the client, whose head must be set.
   *
   * @param through gives what is to be sent for each chunk; empty for nothing
   * @return {@link End#OK} once all has come and was sent; {@link End#BROKEN} or {@link
   *     End#CLIENT_GONE} otherwise
   */
  static Future<End> pipe(Exchange x, HttpClientResponse head, Function<Buffer, Buffer> through) {
    Promise<End> done = Promise.promise();
    head.exceptionHandler(
        broken -> {
          x.abort();
          done.tryComplete(x.clientGone() ? End.CLIENT_GONE : End.BROKEN);
        });
    head.endHandler(
        ended -> {
          if (x.clientGone()) {
            done.tryComplete(End.CLIENT_GONE);
          } else {
            x.response.end();
            done.tryComplete(End.OK);
          }
        });
    head.handler(
        chunk -> {
          Buffer sent;
          try {
            sent = through.apply(chunk);
          } catch (RuntimeException e) {
            LOG.error("A response could not be relayed", e);
            head.request().reset();
            x.abort();
            done.tryComplete(End.BROKEN);
            return;
          }
          if (x.clientGone() || sent.length() == 0) {
            return;
          }
          x.response.write(sent);
          if (x.response.writeQueueFull()) {
            head.pause();
            x.response.drainHandler(drained -> head.resume());
          }
        });
    // Where leaving does not cancel, what a client left behind is read on for the record.
    x.onClientGone(head::resume);
    head.resume();
    return done.future();
  }
}
