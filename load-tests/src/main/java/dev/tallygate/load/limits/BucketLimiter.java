package dev.tallygate.load.limits;

import com.hazelcast.core.HazelcastInstance;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.distributed.proxy.AsyncProxyManager;
import io.github.bucket4j.grid.hazelcast.Bucket4jHazelcast;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Bucket4j on the grid that the ledger is on too: one step at the owner for each call. */
final class BucketLimiter implements Limiter {
  private static final CompletableFuture<BucketConfiguration> LIMIT =
      CompletableFuture.completedFuture(
          BucketConfiguration.builder()
              .addLimit(
                  Bandwidth.builder()
                      .capacity(MAX)
                      .refillIntervally(MAX, Duration.ofDays(1))
                      .build())
              .build());

  private final AsyncProxyManager<String> buckets;

  BucketLimiter(HazelcastInstance member) {
    buckets =
        Bucket4jHazelcast.entryProcessorBasedBuilder(member.<String, byte[]>getMap("buckets"))
            .build()
            .asAsync();
  }

  @Override
  public CompletionStage<Boolean> admit(int counter, Executor loop) {
    return buckets.builder().build("grant-" + counter, () -> LIMIT).tryConsume(1);
  }
}
