package dev.tallygate.node.gate;

import dev.tallygate.node.fixture.Answer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/** Answers that only a gate has to fear. */
public final class Exchanges {
  private Exchanges() {}

  /** The head of a stream, and nothing after it. */
  public static Answer silentHead() {
    return exchange -> {
      exchange.startStream();
      exchange.response().writeHead();
    };
  }

  private static final int WRITES_AT_ONCE = 32;

  /** A stream of so many bytes, as fast as the peer takes them. */
  public static Answer flood(int bytes, AtomicLong written) {
    return exchange -> {
      exchange.startStream();
      HttpServerResponse response = exchange.response();
      Buffer event = Buffer.buffer(": " + "x".repeat(16_000) + "\n\n");
      pour(response, event, bytes, written);
      response.drainHandler(drained -> pour(response, event, bytes, written));
    };
  }

  private static void pour(HttpServerResponse response, Buffer event, int bytes, AtomicLong sent) {
    // In turns, so that it is noticed when the peer is gone.
    for (int i = 0; i < WRITES_AT_ONCE; i++) {
      if (response.closed() || response.writeQueueFull() || sent.get() >= bytes) {
        return;
      }
      response.write(event);
      sent.addAndGet(event.length());
    }
    Vertx.currentContext().runOnContext(next -> pour(response, event, bytes, sent));
  }

  /** Holds while a number stays as it was when last asked. */
  public static Predicate<Long> unchanged() {
    AtomicLong last = new AtomicLong(-1);
    return now -> last.getAndSet(now) == now;
  }
}
