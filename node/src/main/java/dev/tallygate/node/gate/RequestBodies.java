package dev.tallygate.node.gate;

import dev.tallygate.node.gate.Stopped.Rejected;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Reads the bodies of requests, within what each may have and all may hold. */
final class RequestBodies {
  private static final Pattern JSON_TYPE =
      Pattern.compile(
          "application/json *(?:; *charset *= *\"?utf-8\"? *)?", Pattern.CASE_INSENSITIVE);
  private static final long TIMEOUT_MILLIS = 30_000;
  private static final long SHORT_BODY_BYTES = 64 * 1024;
  private static final long SHORT_BODY_SECONDS = 5;
  static final long HTTP2_NO_ERROR = 0;

  private final BodyBudget budget;
  private final Vertx vertx;

  /**
   * @param context the event loop that reads
   */
  RequestBodies(BodyBudget budget, Context context) {
    this.budget = budget;
    this.vertx = context.owner();
  }

  /**
   * Reads past a body that nobody wants. The end of a short one is awaited, and the connection
   * serves on; after a long or slow one it closes, or in HTTP/2 the stream.
   */
  Future<Void> readPast(Exchange x) {
    if (x.request.isEnded()) {
      return Future.succeededFuture();
    }
    Promise<Void> past = Promise.promise();
    x.request.exceptionHandler(broken -> past.tryComplete());
    x.request.endHandler(ended -> past.tryComplete());
    x.request.handler(discarded -> {}).resume();
    boolean isShort =
        x.request.getHeader("transfer-encoding") == null
            && x.request.getHeader("expect") == null
            && declaredLength(x.request) <= SHORT_BODY_BYTES;
    Future<Void> read =
        isShort || past.future().isComplete()
            ? past.future().timeout(SHORT_BODY_SECONDS, TimeUnit.SECONDS)
            : Future.failedFuture("not awaited");
    return read.otherwise(
        unread -> {
          if (x.request.version() == HttpVersion.HTTP_2) {
            // The connection serves others too: only the stream ends (RFC 9113, 8.1).
            x.onOver(() -> x.response.reset(HTTP2_NO_ERROR));
          } else {
            x.response.putHeader("Connection", "close");
          }
          return null;
        });
  }

  /** The body, bounded in size and in the time that it may take. */
  Future<Buffer> read(Exchange x) {
    List<String> types = x.request.headers().getAll("content-type");
    if (types.size() != 1 || !JSON_TYPE.matcher(types.get(0)).matches()) {
      return Future.failedFuture(
          Rejected.http(415, "media-type", "MCP messages are sent as application/json"));
    }
    if (x.request.headers().contains("content-encoding")) {
      return Future.failedFuture(
          Rejected.http(415, "content-encoding", "Send the body without a content encoding"));
    }
    int max = x.server.bounds().maxRequestBytes();
    long declared = declaredLength(x.request);
    if (declared > max) {
      return Future.failedFuture(tooLarge(max));
    }
    if (declared > 0 && !x.holdBody(budget, declared)) {
      return Future.failedFuture(noRoom());
    }
    if ("100-continue".equalsIgnoreCase(x.request.getHeader("expect"))) {
      x.response.writeContinue();
    }
    Promise<Buffer> whole = Promise.promise();
    Buffer held = Buffer.buffer();
    long timer =
        vertx.setTimer(
            TIMEOUT_MILLIS,
            late ->
                whole.tryFail(Rejected.http(408, "slow-body", "The body did not come in time")));
    x.request.exceptionHandler(
        broken -> whole.tryFail(Rejected.http(400, "cut-body", "The body broke off")));
    x.request.endHandler(ended -> whole.tryComplete(held));
    x.request.handler(
        chunk -> {
          if (held.length() + chunk.length() > max) {
            whole.tryFail(tooLarge(max));
          } else if (declared < 0 && chunk.length() > 0 && !x.holdBody(budget, chunk.length())) {
            whole.tryFail(noRoom());
          } else {
            held.appendBuffer(chunk);
          }
        });
    x.request.resume();
    return whole.future().onComplete(read -> vertx.cancelTimer(timer));
  }

  private static long declaredLength(HttpServerRequest request) {
    String length = request.getHeader("content-length");
    return length == null || length.length() > 18 ? -1 : Long.parseLong(length.strip());
  }

  private static Rejected tooLarge(int max) {
    return Rejected.http(413, "too-large", "The body is larger than " + max + " bytes");
  }

  private static Rejected noRoom() {
    return Rejected.http(
        503,
        "busy",
        "The gateway holds as many requests as it can; nothing was run. Try again later.",
        Map.of("Retry-After", "1"));
  }
}
