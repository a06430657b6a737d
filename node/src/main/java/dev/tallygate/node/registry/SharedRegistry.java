package dev.tallygate.node.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.config.Declared;
import dev.tallygate.node.config.DocumentCompiler;
import dev.tallygate.node.metrics.ProcessMetrics;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.Registry.Standing;
import dev.tallygate.registry.Registry.Survey;
import dev.tallygate.registry.Sealing;
import dev.tallygate.registry.Snapshot;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.function.Consumer;

/** A node's whole part in its cluster's registry. Thread-safe. */
public final class SharedRegistry implements AutoCloseable {
  private final Registry registry;
  private final LiveRegistry live;
  private final Publisher publisher;
  private final RegistryPins pins;
  private final OwnFile file;

  /**
   * Begins to follow the registry, which is closed with this.
   *
   * @param configuration the node's file
   * @param declared what it declares
   * @param sealing opens secrets that the registry has
   */
  public SharedRegistry(
      Registry registry, Path configuration, Declared declared, Sealing sealing, Clock clock) {
    this.registry = registry;
    DocumentCompiler compiler = new DocumentCompiler(configuration, System::getenv, sealing);
    live = new LiveRegistry(compiler, clock);
    publisher = new Publisher(registry, compiler, live);
    pins = new RegistryPins(publisher);
    file = new OwnFile(configuration, declared, registry, publisher);
  }

  /** Begins to enforce what is published, and to publish what the file declares. */
  public void follow() {
    registry.follow(live);
    file.follow();
  }

  public Registry registry() {
    return registry;
  }

  public Publisher publisher() {
    return publisher;
  }

  public RegistryPins pins() {
    return pins;
  }

  /** What calls are judged by now. */
  public Snapshot snapshot() {
    return live.snapshot();
  }

  /** Why no call may be judged now, for people; empty if they may. */
  public Optional<String> outage() {
    return registry.standing().outage();
  }

  /** Calls {@code listener} with every later snapshot, as {@link LiveRegistry#onChange} does. */
  public void onChange(Consumer<Snapshot> listener) {
    live.onChange(listener);
  }

  /** The node's file declares this now. */
  public void changed(Declared declared) {
    file.changed(declared);
  }

  /** Says how all stands, for probes. */
  public void describe(ObjectNode detail) {
    Standing standing = registry.standing();
    Snapshot now = live.snapshot();
    detail.put("revision", now.revision()).put("since", now.since().toString());
    detail.put(
        "registry",
        standing
            .outage()
            .or(standing::problem)
            .orElse("revision " + standing.revision() + " is the newest"));
    detail.put("published", file.isPublished());
    file.problem().ifPresent(problem -> detail.put("file", problem));
    if (!now.unusable().isEmpty()) {
      ObjectNode unusable = detail.putObject("unusableServers");
      now.unusable().forEach(unusable::put);
    }
    detail.put("pins", pins.problem().map(p -> "not published: " + p).orElse("kept"));
  }

  /**
   * Measures how all stands.
   *
   * @param shared empty for a node that stands alone
   */
  public static void observe(ProcessMetrics metrics, Optional<SharedRegistry> shared) {
    metrics.gauge(
        "tallygate_registry_cut_off",
        "Whether calls are refused because the newest revision is not known",
        () -> shared.flatMap(SharedRegistry::outage).isPresent() ? 1 : 0);
    metrics.gauge(
        "tallygate_registry_late_nodes",
        "Nodes of the cluster that may serve calls by an older revision than this one, as last seen",
        () -> shared.map(each -> each.lateNodes()).orElse(0L));
    metrics.gauge(
        "tallygate_servers_unusable",
        "Servers whose calls are refused because a secret is not to be had on this node",
        () -> shared.map(each -> each.snapshot().unusable().size()).orElse(0));
  }

  private long lateNodes() {
    long revision = live.snapshot().revision();
    Survey survey = registry.lastSurvey();
    return survey.lost().size()
        + survey.nodes().stream()
            .filter(each -> each.serves() && each.revision() < revision)
            .count();
  }

  /** Ends all, the registry too. */
  @Override
  public void close() {
    file.close();
    pins.close();
    registry.close();
    live.close();
  }
}
