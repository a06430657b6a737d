package dev.tallygate.node.config;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How the configuration in force stands to the files.
 *
 * @param revision of the snapshot in force
 * @param since when that revision came into force
 * @param problem why the files as they now are could not be applied, for people; empty where they
 *     are in force
 * @param warnings what is in force but odd, and what waits for a restart
 */
public record ConfigStatus(
    long revision, Instant since, Optional<String> problem, List<String> warnings) {
  public ConfigStatus {
    warnings = List.copyOf(warnings);
  }
}
