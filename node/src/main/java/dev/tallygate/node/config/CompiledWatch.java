package dev.tallygate.node.config;

import dev.tallygate.registry.Sha256;
import dev.tallygate.threads.Daemons;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells when a file that something was compiled with holds something else. Thread-safe. */
public final class CompiledWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CompiledWatch.class);

  private static final long LOOK_MILLIS = 250;

  private final FileWatch watch = new FileWatch();
  private final Runnable changed;
  private final ScheduledExecutorService watcher = Daemons.scheduler("tallygate-secrets");

  /**
   * @param changed called on a thread of this; it must call {@link #expect}
   */
  public CompiledWatch(Runnable changed) {
    this.changed = changed;
    watcher.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** From now on these files are compared with what was read from them. */
  public void expect(Map<Path, Optional<Sha256>> read) {
    synchronized (watch) {
      watch.expect(read);
    }
  }

  private void look() {
    try {
      boolean isChanged;
      synchronized (watch) {
        isChanged = watch.look() == FileWatch.Look.CHANGED;
      }
      if (isChanged) {
        changed.run();
      }
    } catch (RuntimeException e) {
      LOG.error("looking at secrets failed; trying again", e);
    }
  }

  /** Stops looking. */
  @Override
  public void close() {
    watcher.shutdownNow();
  }
}
