package dev.tallygate.operator.compile;

import dev.tallygate.registry.Sealing;
import java.util.Set;

/**
 * How what servers are shown goes into the registry: sealed, and never a secret of the gateways.
 * Who may write a McpServer is not to read those by a server of his own.
 *
 * @param sealing so that only nodes can read it
 * @param ofGateways the admin token and the cluster's secret
 */
public record Credentials(Sealing sealing, Set<String> ofGateways) {
  public Credentials {
    ofGateways = Set.copyOf(ofGateways);
  }

  @Override
  public String toString() {
    return "Credentials"; // they are not to be shown
  }
}
