package dev.tallygate.node.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Grant.TokenHash;
import dev.tallygate.registry.Sha256;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The grants of the document that was read last, by what each was made of: of ten thousand a change
 * touches a few, and only those are read. It answers only where every grant is in order, beside all
 * the others; what is wrong, and where, is for {@link GrantReader} to find. Thread-safe.
 */
final class ReadGrants {
  private volatile Map<JsonNode, Grant> known = Map.of();

  /** Reads some grants by themselves; empty if one has an error. */
  @FunctionalInterface
  interface Reading {
    Optional<List<Grant>> read(List<JsonNode> grants);
  }

  /**
   * Reads.
   *
   * @param servers that there are
   * @param policies that there are
   * @return the grants in their order; empty if one of them may have an error
   */
  Optional<List<Grant>> read(
      List<JsonNode> grants, Set<String> servers, Set<String> policies, Reading reading) {
    Map<JsonNode, Grant> before = known;
    if (before.isEmpty()) {
      return Optional.empty();
    }
    Optional<List<Grant>> read =
        reading.read(grants.stream().filter(grant -> !before.containsKey(grant)).toList());
    if (read.isEmpty()) {
      return Optional.empty();
    }
    Iterator<Grant> next = read.get().iterator();
    List<Grant> all = new ArrayList<>();
    for (JsonNode grant : grants) {
      Grant unchanged = before.get(grant);
      all.add(unchanged != null ? unchanged : next.next());
    }
    return fit(all, servers, policies) ? Optional.of(all) : Optional.empty();
  }

  /** What {@link GrantReader} asks of grants beside each other. */
  private static boolean fit(List<Grant> grants, Set<String> servers, Set<String> policies) {
    Set<String> labels = new HashSet<>();
    Set<String> ids = new HashSet<>();
    Set<Sha256> tokens = new HashSet<>();
    for (Grant grant : grants) {
      boolean unique =
          grant.revoked().isPresent() || labels.add(grant.label()) && ids.add(grant.id());
      for (TokenHash token : grant.tokens()) {
        unique &= tokens.add(token.sha256());
      }
      if (!unique
          || !servers.contains(grant.server())
          || !grant.policy().map(policies::contains).orElse(true)) {
        return false;
      }
    }
    return true;
  }

  /** These were read, each of what stands at its place, and are in order. */
  void keep(List<JsonNode> made, List<Grant> grants) {
    Map<JsonNode, Grant> next = new HashMap<>();
    for (int i = 0; i < grants.size(); i++) {
      next.put(made.get(i), grants.get(i));
    }
    known = next;
  }
}
