package dev.tallygate.node.registry;

import dev.tallygate.node.config.DocumentRefused;
import dev.tallygate.node.config.EditRefused;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.Registry.NotPublished;
import dev.tallygate.registry.Registry.PublishResult;
import dev.tallygate.threads.Daemons;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes what a node pins at first sight, behind the calls' backs, so that every node holds a
 * server to it. What another node pinned first stays. Thread-safe.
 */
public final class RegistryPins implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RegistryPins.class);

  private static final long GATHER_MILLIS = 200;

  private final Publisher publisher;
  private final ScheduledExecutorService writer = Daemons.scheduler("tallygate-pins");
  private List<Seen> unpublished = new ArrayList<>();
  private volatile Optional<String> problem = Optional.empty();

  private record Seen(String server, Map<PinKey, List<Definition>> definitions) {}

  public RegistryPins(Publisher publisher) {
    this.publisher = publisher;
    writer.scheduleWithFixedDelay(
        this::publish, GATHER_MILLIS, GATHER_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Pins definitions, all of them in one revision. */
  public synchronized void keep(String server, Map<PinKey, List<Definition>> definitions) {
    unpublished.add(new Seen(server, Map.copyOf(definitions)));
  }

  /** Why what was pinned last is not published, for people; empty where all is well. */
  public Optional<String> problem() {
    return problem;
  }

  private void publish() {
    List<Seen> taken;
    synchronized (this) {
      if (unpublished.isEmpty()) {
        return;
      }
      taken = unpublished;
      unpublished = new ArrayList<>();
    }
    Optional<String> failure = publish(taken);
    if (failure.isPresent()) {
      synchronized (this) {
        unpublished.addAll(0, taken);
      }
      if (!failure.equals(problem)) {
        LOG.warn("what was seen for the first time is pinned on this node only: {}", failure.get());
      }
    }
    problem = failure;
  }

  private Optional<String> publish(List<Seen> seen) {
    try {
      Map<String, Map<PinKey, Set<Definition>>> pins = new TreeMap<>();
      for (Seen each : seen) {
        Map<PinKey, Set<Definition>> all =
            pins.computeIfAbsent(each.server(), server -> new HashMap<>());
        each.definitions()
            .forEach(
                (key, more) -> all.computeIfAbsent(key, any -> new LinkedHashSet<>()).addAll(more));
      }
      PublishResult result = publisher.change(document -> document.pinning(pins));
      return result instanceof NotPublished lost ? Optional.of(lost.reason()) : Optional.empty();
    } catch (EditRefused | DocumentRefused e) {
      return Optional.of(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("this node ends");
    } catch (RuntimeException e) {
      LOG.error("pins could not be published", e);
      return Optional.of(e.toString());
    }
  }

  /** Publishes nothing more. */
  @Override
  public void close() {
    writer.shutdownNow();
  }
}
