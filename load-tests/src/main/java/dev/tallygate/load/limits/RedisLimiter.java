package dev.tallygate.load.limits;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Redis: one script for each call, on a connection that does not wait for one answer. */
final class RedisLimiter implements Limiter {
  private static final String SCRIPT =
      """
      local used = tonumber(redis.call('GET', KEYS[1]) or '0')
      if used + 1 > tonumber(ARGV[1]) then return 0 end
      if redis.call('INCRBY', KEYS[1], 1) == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
      return 1
      """;
  private static final String[] LIMIT = {Long.toString(MAX), "86400"};

  private final RedisClient client;
  private final RedisAsyncCommands<String, String> redis;
  private final String script;

  RedisLimiter(int port) {
    client = RedisClient.create(RedisURI.create("127.0.0.1", port));
    redis = client.connect().async();
    script = redis.scriptLoad(SCRIPT).toCompletableFuture().join();
  }

  @Override
  public CompletionStage<Boolean> admit(int counter, Executor loop) {
    return redis
        .<Long>evalsha(
            script, ScriptOutputType.INTEGER, new String[] {"{grant-" + counter + "}"}, LIMIT)
        .thenApply(room -> room == 1);
  }

  @Override
  public void close() {
    client.shutdown();
  }
}
