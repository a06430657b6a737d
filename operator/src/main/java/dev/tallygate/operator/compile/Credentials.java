package dev.tallygate.operator.compile;

import dev.tallygate.operator.resources.Resources;
import dev.tallygate.registry.Sealing;
import java.util.Map;
import java.util.Set;

/**
 * How what servers are shown goes into the registry: sealed, and never a secret of the gateways.
 * Who may write a McpServer is not to read those by a server of his own.
 *
 * @param sealing so that only nodes can read it
 * @param ofGateways the admin token and the cluster's secret, as they are in force here
 * @param secretsOfGateways names of the Secrets that gateways, members and the operator use: what
 *     is in them may be newer than what is in force
 */
public record Credentials(Sealing sealing, Set<String> ofGateways, Set<String> secretsOfGateways) {
  public Credentials {
    ofGateways = Set.copyOf(ofGateways);
    secretsOfGateways = Set.copyOf(secretsOfGateways);
  }

  /**
   * Whether that is no server's to see, under whatever name it is; the value without blanks around.
   */
  boolean areOfGateways(String secret, String value, Resources resources) {
    return secretsOfGateways.contains(secret)
        || ofGateways.contains(value)
        || secretsOfGateways.stream()
            .flatMap(own -> resources.secrets().getOrDefault(own, Map.of()).values().stream())
            .anyMatch(own -> own.strip().equals(value));
  }

  @Override
  public String toString() {
    return "Credentials"; // they are not to be shown
  }
}
