package dev.tallygate.node.gate;

import dev.tallygate.counters.Ledgers;
import dev.tallygate.node.audit.AuditLog;
import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.node.audit.AuditRecord.PinState;
import dev.tallygate.node.metrics.GateMetrics;
import dev.tallygate.node.upstream.ToolCatalog;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.DefinitionChange;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Snapshot;
import dev.tallygate.sessions.SessionStore;
import dev.tallygate.sessions.TaskStore;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What the gates of all event loops of a node share. Every part is thread-safe. */
public final class GateServices {
  private static final int MAX_CONTRACTS = 10_000;

  private final Supplier<Snapshot> snapshots;
  private final Supplier<Optional<String>> outage;
  private final Door door;
  private final Ledgers ledgers;
  private final AuditLog audit;
  private final GateMetrics metrics;
  private final Clock clock;
  private final UnknownCallers unknown;
  private final BodyBudget bodies = BodyBudget.ofHeap();
  private final BodyBudget answers = BodyBudget.ofHeap();
  private final OpenPerGrant calls = new OpenPerGrant();
  private final OpenPerGrant streams = new OpenPerGrant();
  private final SessionStore sessions;
  private final TaskStore tasks;
  private final Map<String, ToolCatalog> catalogs = new ConcurrentHashMap<>();
  private final Map<String, ServerPinning> pinnings = new ConcurrentHashMap<>();
  private final Map<Sha256, ToolContract> contracts = new ConcurrentHashMap<>();
  private final PinStore pinStore;

  public GateServices(
      Supplier<Snapshot> snapshots,
      Door door,
      Ledgers ledgers,
      SessionStore sessions,
      TaskStore tasks,
      AuditLog audit,
      GateMetrics metrics,
      PinStore pinStore,
      Clock clock) {
    this(
        snapshots,
        Optional::empty,
        door,
        ledgers,
        sessions,
        tasks,
        audit,
        metrics,
        pinStore,
        clock);
  }

  /**
   * @param outage why no call may be judged by the snapshot now; empty if it may
   */
  public GateServices(
      Supplier<Snapshot> snapshots,
      Supplier<Optional<String>> outage,
      Door door,
      Ledgers ledgers,
      SessionStore sessions,
      TaskStore tasks,
      AuditLog audit,
      GateMetrics metrics,
      PinStore pinStore,
      Clock clock) {
    this.snapshots = snapshots;
    this.outage = outage;
    this.door = door;
    this.ledgers = ledgers;
    this.sessions = sessions;
    this.tasks = tasks;
    this.audit = audit;
    this.metrics = metrics;
    this.pinStore = pinStore;
    this.clock = clock;
    this.unknown = new UnknownCallers(audit, clock);
  }

  /** The snapshot in force now. */
  Snapshot snapshot() {
    return snapshots.get();
  }

  /** Whether the snapshot may be too old to judge calls by. */
  boolean isOut() {
    return outage.get().isPresent();
  }

  /** The policy that a grant has now; empty where it has none, or is no longer in force. */
  Optional<Policy> policyNow(Grant grant) {
    Snapshot now = snapshots.get();
    return now.grantsOf(grant.server()).stream()
        .filter(g -> g.id().equals(grant.id()) && g.inForce(clock.instant()))
        .findFirst()
        .flatMap(now::policyOf);
  }

  /** The ids of the grants that are in force now. */
  Set<String> grantsInForce() {
    Instant now = clock.instant();
    return snapshots.get().grants().stream()
        .filter(grant -> grant.inForce(now))
        .map(Grant::id)
        .collect(Collectors.toSet());
  }

  Door door() {
    return door;
  }

  Ledgers ledgers() {
    return ledgers;
  }

  AuditLog audit() {
    return audit;
  }

  UnknownCallers unknownCallers() {
    return unknown;
  }

  GateMetrics metrics() {
    return metrics;
  }

  Clock clock() {
    return clock;
  }

  SessionStore sessions() {
    return sessions;
  }

  TaskStore tasks() {
    return tasks;
  }

  BodyBudget bodies() {
    return bodies;
  }

  /** Room for answers, or pieces of them, that are held whole. */
  BodyBudget answers() {
    return answers;
  }

  OpenPerGrant calls() {
    return calls;
  }

  OpenPerGrant streams() {
    return streams;
  }

  /** How many open MCP sessions this node knows. */
  public int openSessions() {
    return sessions.known();
  }

  /** What the lock file approves of a server now. */
  ServerPins pinsNow(Server server) {
    return snapshots.get().pinsOf(server.name());
  }

  /** What keeps a server to its pinned definitions. */
  ServerPinning pinning(Server server) {
    return pinnings.computeIfAbsent(
        key(server), key -> new ServerPinning(new Journal(server.name()), System::nanoTime));
  }

  /** Takes note of what the lock file has in a new snapshot. */
  void pinsWritten(Snapshot snapshot) {
    for (Server server : snapshot.servers().values()) {
      ServerPinning known = pinnings.get(key(server));
      if (known != null) {
        known.written(snapshot.pinsOf(server.name()));
      }
    }
  }

  /** What a pinned tool asks of its calls. */
  ToolContract contract(Definition tool) {
    if (contracts.size() >= MAX_CONTRACTS) {
      contracts.clear();
    }
    return contracts.computeIfAbsent(tool.digest(), any -> ToolContract.of(tool.value()));
  }

  /** How many tools, prompts and instructions are held back because they changed. */
  public int heldBack() {
    return pinnings.values().stream().mapToInt(ServerPinning::heldBack).sum();
  }

  /** Puts on record, counts and keeps what becomes of a server's definitions. */
  private final class Journal implements ServerPinning.Journal {
    private final String server;

    Journal(String server) {
      this.server = server;
    }

    @Override
    public void happened(
        PinState state,
        PinKey key,
        Optional<Definition> approved,
        Definition seen,
        List<DefinitionChange> changes) {
      metrics.pinEvent(server, state.name().toLowerCase(Locale.ROOT));
      audit.append(
          new AuditRecord.Pin(
              clock.instant(),
              snapshot().revision(),
              server,
              state,
              key.kind().name().toLowerCase(Locale.ROOT),
              key.name(),
              approved.map(pin -> pin.digest().hex()),
              seen.digest().hex(),
              changes.stream().map(DefinitionChange::pointer).toList()));
    }

    @Override
    public void keep(Map<PinKey, List<Definition>> definitions) {
      pinStore.keep(server, definitions);
    }
  }

  /** What is known of a server's tools; a server that moves to another address is another one. */
  ToolCatalog catalog(Server server) {
    return catalogs.computeIfAbsent(key(server), key -> new ToolCatalog(System::nanoTime));
  }

  private static String key(Server server) {
    return server.name() + " " + server.url();
  }
}
