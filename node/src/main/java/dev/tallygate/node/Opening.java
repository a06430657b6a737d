package dev.tallygate.node;

import dev.tallygate.node.registry.SharedRegistry;
import dev.tallygate.threads.Daemons;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens a node's port to clients once it enforces the newest revision of its cluster. */
final class Opening {
  private static final Logger LOG = LoggerFactory.getLogger(Opening.class);

  private static final long LOOK_MILLIS = 50;
  private static final long SAY_MILLIS = 10_000;

  private Opening() {}

  /** What opens the port. */
  interface Door {
    void open() throws IOException, InterruptedException;
  }

  /** Waits on a thread of its own; ends when {@code opening} is cancelled, and fails it. */
  static void whenServing(SharedRegistry registry, Door door, CompletableFuture<?> opening) {
    Daemons.named("tallygate-opening")
        .newThread(() -> waitAndOpen(registry, door, opening))
        .start();
  }

  private static void waitAndOpen(
      SharedRegistry registry, Door door, CompletableFuture<?> opening) {
    try {
      long waited = 0;
      while (registry.outage().isPresent() && !opening.isDone()) {
        if (waited % SAY_MILLIS == 0 && waited > 0) {
          LOG.warn("no calls are served yet: {}", registry.outage().orElse(""));
        }
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        waited += LOOK_MILLIS;
      }
      if (!opening.isDone()) {
        door.open();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      opening.cancel(false);
    } catch (IOException | RuntimeException e) {
      opening.completeExceptionally(e);
    }
  }
}
