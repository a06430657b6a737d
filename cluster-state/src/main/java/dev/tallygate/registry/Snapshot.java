package dev.tallygate.registry;

import dev.tallygate.policy.Policy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that calls are judged by, at one revision. Immutable and thread-safe.
 *
 * <p>A token is looked up by its hash, so how long the search takes says nothing about the token.
 */
public final class Snapshot {
  private final long revision;
  private final Instant since;
  private final Map<String, Server> servers;
  private final Map<String, Policy> policies;
  private final List<Grant> grants;
  private final Map<String, ServerPins> pins;
  private final Map<String, String> unusable;
  private final Map<Sha256, Grant> byToken;

  /**
   * With nothing that is unusable.
   *
   * @throws IllegalArgumentException if two grants accept one token
   */
  public Snapshot(
      long revision,
      Instant since,
      Map<String, Server> servers,
      Map<String, Policy> policies,
      Collection<Grant> grants,
      Map<String, ServerPins> pins) {
    this(revision, since, servers, policies, grants, pins, Map.of());
  }

  /**
   * @param revision grows with every change
   * @param since when this revision came into force
   * @param pins the approved definitions of each server
   * @param unusable servers that cannot be called from here, with the reason
   * @throws IllegalArgumentException if two grants accept one token
   */
  public Snapshot(
      long revision,
      Instant since,
      Map<String, Server> servers,
      Map<String, Policy> policies,
      Collection<Grant> grants,
      Map<String, ServerPins> pins,
      Map<String, String> unusable) {
    this.revision = revision;
    this.since = since;
    this.servers = Map.copyOf(servers);
    this.policies = Map.copyOf(policies);
    this.grants = List.copyOf(grants);
    this.pins = Map.copyOf(pins);
    this.unusable = Map.copyOf(unusable);
    Map<Sha256, Grant> tokens = new HashMap<>();
    for (Grant grant : grants) {
      for (Grant.TokenHash token : grant.tokens()) {
        if (tokens.put(token.sha256(), grant) != null) {
          throw new IllegalArgumentException("two grants accept one token: " + grant.label());
        }
      }
    }
    this.byToken = Map.copyOf(tokens);
  }

  public long revision() {
    return revision;
  }

  public Instant since() {
    return since;
  }

  public Map<String, Server> servers() {
    return servers;
  }

  public Map<String, Policy> policies() {
    return policies;
  }

  public List<Grant> grants() {
    return grants;
  }

  /**
   * The grant that a token opens on a server. Unknown, expired and revoked tokens and those of
   * another server are all alike: empty.
   */
  public Optional<Grant> authenticate(String token, String server, Instant now) {
    Sha256 shown = Sha256.of(token);
    Grant grant = byToken.get(shown);
    if (grant == null || !grant.inForce(now) || !grant.server().equals(server)) {
      return Optional.empty();
    }
    for (Grant.TokenHash accepted : grant.tokens()) {
      if (accepted.sha256().equals(shown) && accepted.until().map(now::isBefore).orElse(true)) {
        return Optional.of(grant);
      }
    }
    return Optional.empty();
  }

  /** The grant's policy; empty where it has none. */
  public Optional<Policy> policyOf(Grant grant) {
    return grant.policy().map(policies::get);
  }

  /** The approved definitions of a server. */
  public ServerPins pinsOf(String server) {
    return pins.getOrDefault(server, ServerPins.NONE);
  }

  /** Servers that cannot be called from here, with the reason, for people. */
  public Map<String, String> unusable() {
    return unusable;
  }

  /** Grants as they were read, for listing. */
  public List<Grant> grantsOf(String server) {
    List<Grant> found = new ArrayList<>();
    for (Grant grant : grants) {
      if (grant.server().equals(server)) {
        found.add(grant);
      }
    }
    return found;
  }
}
