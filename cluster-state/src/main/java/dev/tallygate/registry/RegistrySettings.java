package dev.tallygate.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a node takes part in the registry.
 *
 * @param node its name, unique in the cluster
 * @param dataMembers how many data members the cluster has, whether or not they run
 * @param dataFolder where this data member keeps the registry; empty for a node without data
 * @param maxCutOff how long a node serves calls without knowing that it enforces the newest
 * @param patience how long a command waits until a change is settled, and again until every node
 *     enforces it
 */
public record RegistrySettings(
    String node,
    int dataMembers,
    Optional<Path> dataFolder,
    Duration maxCutOff,
    Duration patience) {
  public static final Duration MAX_CUT_OFF = Duration.ofSeconds(15);
  public static final Duration PATIENCE = Duration.ofSeconds(10);
}
