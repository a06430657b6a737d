package dev.tallygate.load.limits;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.IntFunction;
import java.util.function.Predicate;

/** A service that is asked by gRPC for each call, over one connection that carries many. */
final class GrpcLimiter implements Limiter {
  private static final int FRAME = 5;

  private final Vertx vertx;
  private final HttpClient client;
  private final RequestOptions to;
  private final IntFunction<Buffer> request;
  private final Predicate<Buffer> admitted;

  private GrpcLimiter(
      int port, String method, IntFunction<Buffer> request, Predicate<Buffer> admitted) {
    this.vertx = Vertx.vertx();
    this.client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false),
            new PoolOptions().setHttp2MaxSize(2));
    this.to =
        new RequestOptions()
            .setHost("127.0.0.1")
            .setPort(port)
            .setMethod(HttpMethod.POST)
            .setURI(method)
            .putHeader("content-type", "application/grpc")
            .putHeader("te", "trailers");
    this.request = request;
    this.admitted = admitted;
  }

  static GrpcLimiter gubernator(int port) {
    return new GrpcLimiter(
        port,
        "/pb.gubernator.V1/GetRateLimits",
        counter ->
            new ProtoBytes()
                .message(
                    1,
                    new ProtoBytes()
                        .text(1, "load")
                        .text(2, "grant-" + counter)
                        .number(3, 1)
                        .number(4, MAX)
                        .number(5, 86_400_000L))
                .framed(),
        answer -> {
          int first = (int) ProtoBytes.message(answer, FRAME, 1).orElseThrow();
          // Under the limit is zero, which is left out.
          return ProtoBytes.number(answer, first, 1).orElse(0) == 0
              && ProtoBytes.number(answer, first, 2).orElse(0) == MAX;
        });
  }

  static GrpcLimiter envoy(int port) {
    return new GrpcLimiter(
        port,
        "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
        counter ->
            new ProtoBytes()
                .text(1, "load")
                .message(
                    2,
                    new ProtoBytes()
                        .message(1, new ProtoBytes().text(1, "grant").text(2, "grant-" + counter)))
                .framed(),
        answer -> ProtoBytes.number(answer, FRAME, 1).orElse(0) == 1);
  }

  @Override
  public CompletionStage<Boolean> admit(int counter, Executor loop) {
    return client
        .request(to)
        .compose(call -> call.send(request.apply(counter)))
        .compose(HttpClientResponse::body)
        .map(
            answer -> {
              if (answer.length() < FRAME) {
                throw new IllegalStateException("the service gave no answer");
              }
              return admitted.test(answer);
            })
        .toCompletionStage();
  }

  @Override
  public void close() {
    vertx.close();
  }
}
