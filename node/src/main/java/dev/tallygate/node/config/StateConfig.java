package dev.tallygate.node.config;

import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.hazelcast.ClusterSettings;
import java.util.Optional;

/**
 * What a process needs that only holds data, read and found to be without error. Immutable.
 *
 * @param admin where its metrics and health are served
 * @param cluster that it is a member of
 * @param durability how counts are written down; empty where they live in memory only
 */
public record StateConfig(
    NodeConfig.Admin admin, ClusterSettings cluster, Optional<DurabilitySettings> durability) {}
