package dev.tallygate.node.gate;

import dev.tallygate.node.upstream.ToolCatalog;
import dev.tallygate.policy.Policy;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Server;
import dev.tallygate.registry.Snapshot;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Finds the grants that a new snapshot shows other tools than the one before, among those tools
 * that the gate knows of.
 */
final class ToolsSeen {
  /** Grants are many, and policies few: each pair is compared once. */
  private record Change(Server server, Optional<Policy> before, Optional<Policy> now) {}

  private ToolsSeen() {}

  /** The ids of those grants. */
  static Set<String> changed(
      Snapshot before, Snapshot now, Function<Server, ToolCatalog> catalogs) {
    Map<String, Grant> earlier = new HashMap<>();
    before.grants().forEach(grant -> earlier.put(grant.id(), grant));
    Map<Change, Boolean> compared = new HashMap<>();
    Set<String> changed = new HashSet<>();
    for (Grant grant : now.grants()) {
      Server server = now.servers().get(grant.server());
      Grant same = earlier.get(grant.id());
      if (server == null || same == null) {
        continue;
      }
      Change change = new Change(server, before.policyOf(same), now.policyOf(grant));
      if (compared.computeIfAbsent(change, c -> differs(c, catalogs.apply(server)))) {
        changed.add(grant.id());
      }
    }
    return changed;
  }

  private static boolean differs(Change change, ToolCatalog catalog) {
    return catalog.known().stream()
        .anyMatch(tool -> lists(change.before, tool) != lists(change.now, tool));
  }

  private static boolean lists(Optional<Policy> policy, String tool) {
    return policy.map(p -> p.lists(tool)).orElse(false);
  }
}
