package dev.tallygate.node.config;

import dev.tallygate.registry.Definition;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.threads.Daemons;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a node pins at first sight to the lock file, behind the calls' backs. What another
 * node or a command pinned meanwhile stays. Thread-safe.
 */
public final class PinKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PinKeeper.class);

  private static final long LAST_WRITE_SECONDS = 5;
  private static final long RETRY_SECONDS = 30;

  private final Path file;
  private final ScheduledExecutorService writer = Daemons.scheduler("tallygate-pins");
  private Map<String, Map<PinKey, Set<Definition>>> unwritten = new TreeMap<>();
  private boolean dueNow;
  private Future<?> retry = CompletableFuture.completedFuture(null);
  private volatile Optional<String> problem = Optional.empty();

  /**
   * @param file the lock file, which need not exist yet
   */
  public PinKeeper(Path file) {
    this.file = file;
  }

  /** Why what was pinned last could not be written, for people; empty where all is well. */
  public Optional<String> problem() {
    return problem;
  }

  /** Pins definitions; takes effect for a restart once they are written. */
  public synchronized void keep(String server, Map<PinKey, List<Definition>> definitions) {
    definitions.forEach((key, all) -> remember(server, key, all));
    if (!dueNow) {
      dueNow = true;
      writer.execute(this::write);
    }
  }

  private void remember(String server, PinKey key, Collection<Definition> definitions) {
    unwritten
        .computeIfAbsent(server, name -> new HashMap<>())
        .computeIfAbsent(key, name -> new LinkedHashSet<>())
        .addAll(definitions);
  }

  private void write() {
    Map<String, Map<PinKey, Set<Definition>>> taken;
    synchronized (this) {
      taken = unwritten;
      unwritten = new TreeMap<>();
      dueNow = false;
    }
    Optional<String> failure = Optional.empty();
    // One by one: a server with more than fits must not keep the others out.
    for (Map.Entry<String, Map<PinKey, Set<Definition>>> server : taken.entrySet()) {
      Optional<String> failed = added(server.getKey(), server.getValue());
      if (failed.isPresent()) {
        failure = failed;
        synchronized (this) {
          server.getValue().forEach((key, all) -> remember(server.getKey(), key, all));
        }
      }
    }
    if (failure.isPresent()) {
      if (!failure.equals(problem)) {
        LOG.warn(
            "tools that were seen for the first time are pinned until this node stops only: {}",
            failure.get());
      }
      retry.cancel(false);
      retry = writer.schedule(this::write, RETRY_SECONDS, TimeUnit.SECONDS);
    }
    problem = failure;
  }

  /** Why it could not be done. */
  private Optional<String> added(String server, Map<PinKey, Set<Definition>> more) {
    try {
      PinFile.change(
          file,
          pins -> {
            Map<String, ServerPins> merged = new HashMap<>(pins);
            merged.put(server, added(merged.getOrDefault(server, ServerPins.NONE), more));
            return merged;
          });
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(server + ": " + e.getMessage());
    }
  }

  /** A definition in another version of MCP joins its first; another writer's first stays. */
  static ServerPins added(ServerPins written, Map<PinKey, Set<Definition>> more) {
    Map<PinKey, Set<Definition>> all = new HashMap<>();
    written.keys().forEach(key -> all.put(key, new LinkedHashSet<>(written.of(key))));
    more.forEach(
        (key, definitions) -> {
          if (!written.has(key) || definitions.stream().anyMatch(written.of(key)::contains)) {
            all.computeIfAbsent(key, name -> new LinkedHashSet<>()).addAll(definitions);
          }
        });
    return ServerPins.of(all);
  }

  private void lastWrite() {
    write();
    writer.shutdownNow();
  }

  /** Writes what is not written yet. */
  @Override
  public void close() throws InterruptedException {
    writer.execute(this::lastWrite);
    if (!writer.awaitTermination(LAST_WRITE_SECONDS, TimeUnit.SECONDS)) {
      writer.shutdownNow();
    }
  }
}
