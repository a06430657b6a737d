package dev.tallygate.node.gate;

import dev.tallygate.node.fixture.Answer;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/** Answers that only a gate has to fear. */
final class Exchanges {
  private Exchanges() {}

  /** The head of a stream, and nothing after it. */
  static Answer silentHead() {
    return exchange -> {
      exchange.startStream();
      exchange.response().writeHead();
    };
  }

  /** A stream of so many bytes, as fast as the peer takes them. */
  static Answer flood(int bytes, AtomicLong written) {
    return exchange -> {
      exchange.startStream();
      HttpServerResponse response = exchange.response();
      Buffer event = Buffer.buffer(": " + "x".repeat(16_000) + "\n\n");
      pour(response, event, bytes, written);
      response.drainHandler(drained -> pour(response, event, bytes, written));
    };
  }

  private static void pour(HttpServerResponse response, Buffer event, int bytes, AtomicLong sent) {
    while (!response.writeQueueFull() && sent.get() < bytes) {
      response.write(event);
      sent.addAndGet(event.length());
    }
  }

  /** Holds while a number stays as it was when last asked. */
  static Predicate<Long> unchanged() {
    AtomicLong last = new AtomicLong(-1);
    return now -> last.getAndSet(now) == now;
  }
}
