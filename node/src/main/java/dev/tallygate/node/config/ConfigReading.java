package dev.tallygate.node.config;

import dev.tallygate.registry.Sha256;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What came of reading a configuration.
 *
 * @param config present exactly when no finding is an error
 * @param findings errors and warnings of the file and of the policy files, in order
 * @param files every file that was asked for, with the digest of what was read; empty where it
 *     could not be read
 */
public record ConfigReading(
    Optional<NodeConfig> config, List<ConfigFinding> findings, Map<Path, Optional<Sha256>> files) {
  public ConfigReading {
    findings = List.copyOf(findings);
    files = Map.copyOf(files);
  }

  public List<ConfigFinding> errors() {
    return findings.stream().filter(ConfigFinding::isError).toList();
  }

  public List<ConfigFinding> warnings() {
    return findings.stream().filter(finding -> !finding.isError()).toList();
  }
}
