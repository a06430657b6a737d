package dev.tallygate.node.upstream;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;

/** A request on its way to a server. Used on one event loop. */
public final class UpstreamCall {
  private final Promise<HttpClientResponse> head = Promise.promise();
  private HttpClientRequest request;
  private boolean cancelled;

  /** The head of the response, which arrives paused. Fails with an {@link UpstreamFailure} only. */
  public Future<HttpClientResponse> response() {
    return head.future();
  }

  /** Breaks the exchange off, which a server of revision 2026-07-28 takes as a cancellation. */
  public void cancel() {
    cancelled = true;
    if (request != null) {
      request.reset();
    }
  }

  void connected(Vertx vertx, HttpClientRequest connected, Buffer body, long millis) {
    request = connected;
    // The response fails too, and says why; without this each would be logged as an error.
    connected.exceptionHandler(told -> {});
    if (cancelled) {
      connected.reset();
      head.tryFail(new UpstreamFailure.NotReached("the client went away"));
      return;
    }
    long timer =
        vertx.setTimer(
            millis,
            fired -> {
              if (head.tryFail(new UpstreamFailure.TimedOut(millis))) {
                connected.reset();
              }
            });
    connected
        .response()
        .onComplete(
            answered -> {
              vertx.cancelTimer(timer);
              if (answered.failed()) {
                head.tryFail(new UpstreamFailure.Broken(answered.cause()));
              } else {
                // Whoever reads the body says otherwise; breaking it off unread is no error.
                answered.result().pause().exceptionHandler(ignored -> {});
                head.tryComplete(answered.result());
              }
            });
    connected.end(body).onFailure(cause -> head.tryFail(new UpstreamFailure.Broken(cause)));
  }

  void notReached(Throwable cause) {
    head.tryFail(new UpstreamFailure.NotReached(UpstreamFailure.reason(cause)));
  }
}
