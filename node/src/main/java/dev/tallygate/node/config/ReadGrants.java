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
 * The grants of the document that was read last, and what each was made of: of ten thousand a
 * change touches a few, and only those are read. It answers only where every grant is in order,
 * beside all the others; what is wrong, and where, is for {@link GrantReader} to find. Thread-safe.
 */
final class ReadGrants {
  private volatile Map<String, Known> known = Map.of();

  /** A grant, and its JSON. */
  private record Known(JsonNode made, Grant grant) {}

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
    Map<String, Known> before = known;
    if (before.isEmpty()) {
      return Optional.empty();
    }
    List<Optional<Grant>> unchanged = new ArrayList<>();
    List<JsonNode> changed = new ArrayList<>();
    for (JsonNode grant : grants) {
      Known same = before.get(grant.path("label").asText());
      boolean isSame = same != null && same.made().equals(grant);
      unchanged.add(isSame ? Optional.of(same.grant()) : Optional.empty());
      if (!isSame) {
        changed.add(grant);
      }
    }
    Optional<List<Grant>> read = reading.read(changed);
    if (read.isEmpty()) {
      return Optional.empty();
    }
    Iterator<Grant> next = read.get().iterator();
    List<Grant> all = unchanged.stream().map(same -> same.orElseGet(next::next)).toList();
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
    Map<String, Known> next = new HashMap<>();
    for (int i = 0; i < grants.size(); i++) {
      next.put(grants.get(i).label(), new Known(made.get(i), grants.get(i)));
    }
    known = next;
  }
}
