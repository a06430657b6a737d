package dev.tallygate.hazelcast;

import dev.tallygate.registry.Edition;
import dev.tallygate.registry.Follower;
import dev.tallygate.registry.Keeper;
import dev.tallygate.registry.Registry.Enforcement;
import java.io.IOException;
import java.util.Optional;

/**
 * What a member does for the registry: each keeps it, follows it, or both.
 *
 * @param keeper empty for a member without data
 */
record RegistryPart(
    String node,
    boolean takesCalls,
    Optional<Keeper> keeper,
    Optional<Follower> follower,
    Departures departures) {
  /** Where it stands in the member's user context. */
  static final String KEY = "tallygate.registry";

  Keeper keeperOrFail() throws IOException {
    return keeper.orElseThrow(() -> new IOException("this member keeps no data"));
  }

  Enforcement enforce(Optional<Edition> edition) {
    return follower
        .map(f -> edition.map(f::enforce).orElseGet(f::enforcement))
        .map(e -> new Enforcement(node, takesCalls && e.serves(), e.revision(), e.problem()))
        .orElseGet(() -> new Enforcement(node, false, 0, Optional.empty()));
  }
}
