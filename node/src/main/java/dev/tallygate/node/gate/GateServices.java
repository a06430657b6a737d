package dev.tallygate.node.gate;

import dev.tallygate.counters.Ledger;
import dev.tallygate.node.audit.AuditLog;
import dev.tallygate.node.metrics.GateMetrics;
import dev.tallygate.node.upstream.ToolCatalog;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Snapshot;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** What the gates of all event loops of a node share. Every part is thread-safe. */
public final class GateServices {
  private final Supplier<Snapshot> snapshots;
  private final Door door;
  private final Ledger ledger;
  private final AuditLog audit;
  private final GateMetrics metrics;
  private final Clock clock;
  private final BodyBudget bodies = BodyBudget.ofHeap();
  private final Sessions sessions = new Sessions(System::nanoTime);
  private final Map<String, ToolCatalog> catalogs = new ConcurrentHashMap<>();

  public GateServices(
      Supplier<Snapshot> snapshots,
      Door door,
      Ledger ledger,
      AuditLog audit,
      GateMetrics metrics,
      Clock clock) {
    this.snapshots = snapshots;
    this.door = door;
    this.ledger = ledger;
    this.audit = audit;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** The snapshot in force now. */
  Snapshot snapshot() {
    return snapshots.get();
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

  Ledger ledger() {
    return ledger;
  }

  AuditLog audit() {
    return audit;
  }

  GateMetrics metrics() {
    return metrics;
  }

  Clock clock() {
    return clock;
  }

  Sessions sessions() {
    return sessions;
  }

  BodyBudget bodies() {
    return bodies;
  }

  /** How many MCP sessions are open. */
  public int openSessions() {
    return sessions.size();
  }

  /** What is known of a server's tools; a server that moves to another address is another one. */
  ToolCatalog catalog(Server server) {
    return catalogs.computeIfAbsent(
        server.name() + " " + server.url(), key -> new ToolCatalog(System::nanoTime));
  }
}
