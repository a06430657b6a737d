package dev.tallygate.node.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration that cannot be used; its message holds every error, one a line. */
public final class ConfigRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<ConfigFinding> findings;

  ConfigRefused(List<ConfigFinding> findings) {
    super(findings.stream().map(ConfigFinding::toString).collect(Collectors.joining("\n")));
    this.findings = List.copyOf(findings);
  }

  public List<ConfigFinding> findings() {
    return findings;
  }
}
