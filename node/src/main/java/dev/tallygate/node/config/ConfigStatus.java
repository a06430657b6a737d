package dev.tallygate.node.config;

import dev.tallygate.registry.Sha256;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How the configuration in force stands to the files.
 *
 * @param revision of the snapshot in force
 * @param read digest of the configuration's own file as it was last read, whether or not it could
 *     be applied; empty where it could not be read
 * @param readPins digest of the lock file as it was last read; empty where there is none
 * @param since when that revision came into force
 * @param problem why the files as they now are could not be applied, for people; empty where they
 *     are in force
 * @param warnings what is in force but odd, and what waits for a restart
 */
public record ConfigStatus(
    long revision,
    Optional<Sha256> read,
    Optional<Sha256> readPins,
    Instant since,
    Optional<String> problem,
    List<String> warnings) {
  public ConfigStatus {
    warnings = List.copyOf(warnings);
  }
}
