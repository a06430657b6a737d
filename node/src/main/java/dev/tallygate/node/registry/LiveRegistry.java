package dev.tallygate.node.registry;

import dev.tallygate.node.config.CompiledWatch;
import dev.tallygate.node.config.DocumentCompiler;
import dev.tallygate.node.config.DocumentCompiler.Compiled;
import dev.tallygate.node.config.DocumentRefused;
import dev.tallygate.node.config.RegistryDocument;
import dev.tallygate.registry.Edition;
import dev.tallygate.registry.EditionRefused;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.Snapshot;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The edition that a node enforces, compiled for it. Secrets that it refers to are followed as they
 * change: the revision stays. Thread-safe.
 */
public final class LiveRegistry implements Registry.Enforcer, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LiveRegistry.class);

  private final DocumentCompiler compiler;
  private final Clock clock;
  private final List<Consumer<Snapshot>> listeners = new CopyOnWriteArrayList<>();
  private final CompiledWatch watch = new CompiledWatch(this::refresh);
  private volatile RegistryDocument document = RegistryDocument.EMPTY;
  private volatile Optional<Read> read = Optional.empty();
  private volatile Snapshot snapshot;

  public LiveRegistry(DocumentCompiler compiler, Clock clock) {
    this.compiler = compiler;
    this.clock = clock;
    this.snapshot = new Snapshot(0, clock.instant(), Map.of(), Map.of(), List.of(), Map.of());
  }

  /** What calls are judged by now; take it once for each call. */
  public Snapshot snapshot() {
    return snapshot;
  }

  /** The text that was read last. */
  private record Read(String text, RegistryDocument document) {}

  /**
   * The document of an edition; a text of megabytes is read once.
   *
   * @throws DocumentRefused if it is none
   */
  RegistryDocument document(Edition edition) throws DocumentRefused {
    Optional<Read> last = read;
    if (last.isPresent() && last.get().text().equals(edition.document())) {
      return last.get().document();
    }
    Read now = new Read(edition.document(), RegistryDocument.read(edition.document()));
    read = Optional.of(now);
    return now.document();
  }

  /** The document that is enforced. */
  public RegistryDocument document() {
    return document;
  }

  /**
   * Calls {@code listener} with every later snapshot, one at a time. It must not block for long.
   */
  public void onChange(Consumer<Snapshot> listener) {
    listeners.add(listener);
  }

  @Override
  public synchronized void enforce(Edition edition) throws EditionRefused {
    try {
      RegistryDocument next = document(edition);
      Compiled compiled = compiler.compile(next);
      document = next;
      putInForce(compiled, compiled.snapshot(edition.revision(), clock.instant()));
    } catch (DocumentRefused e) {
      throw new EditionRefused(e.getMessage());
    }
  }

  /** Compiles what is enforced again, since a secret has changed. */
  private synchronized void refresh() {
    try {
      Compiled compiled = compiler.compile(document);
      Snapshot before = snapshot;
      Snapshot now = compiled.snapshot(before.revision(), before.since());
      watch.expect(compiled.files());
      if (!now.servers().equals(before.servers()) || !now.unusable().equals(before.unusable())) {
        putInForce(compiled, now);
      }
    } catch (DocumentRefused e) {
      LOG.error("what is enforced cannot be compiled again", e);
    }
  }

  private void putInForce(Compiled compiled, Snapshot next) {
    snapshot = next;
    watch.expect(compiled.files());
    next.unusable()
        .forEach(
            (server, reason) ->
                LOG.error("calls of the server {} are refused on this node: {}", server, reason));
    LOG.info(
        "revision {} is in force: {} servers, {} policies, {} grants",
        next.revision(),
        next.servers().size(),
        next.policies().size(),
        next.grants().size());
    for (Consumer<Snapshot> listener : listeners) {
      try {
        listener.accept(next);
      } catch (RuntimeException e) {
        LOG.error("a listener failed on revision {}", next.revision(), e);
      }
    }
  }

  /** Stops following secrets. */
  @Override
  public void close() {
    watch.close();
  }
}
