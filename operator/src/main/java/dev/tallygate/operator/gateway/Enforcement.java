package dev.tallygate.operator.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What the nodes of the cluster enforce, as they said a moment ago. Immutable.
 *
 * @param revision the newest of the registry
 * @param nodes those that take calls
 * @param lost nodes that were lost, or do not answer, and may judge calls by what they know
 */
public record Enforcement(long revision, List<Node> nodes, List<Lost> lost) {
  /** Before any node was asked. */
  public static final Enforcement UNKNOWN = new Enforcement(0, List.of(), List.of());

  public Enforcement {
    nodes = List.copyOf(nodes);
    lost = List.copyOf(lost);
  }

  /** A node, and the revision that it enforces. */
  public record Node(String name, long revision) {}

  /**
   * A node that was lost, or does not answer.
   *
   * @param reason for people
   */
  public record Lost(String name, String reason) {}

  static Enforcement of(JsonNode answer) {
    List<Node> nodes = new ArrayList<>();
    for (JsonNode node : answer.path("nodes")) {
      if (node.path("serves").asBoolean()) {
        nodes.add(new Node(node.path("node").asText(), node.path("revision").asLong()));
      }
    }
    List<Lost> lost = new ArrayList<>();
    answer
        .path("lost")
        .forEach(
            each -> lost.add(new Lost(each.path("node").asText(), each.path("reason").asText())));
    return new Enforcement(answer.path("revision").asLong(), nodes, lost);
  }

  /** Whether every node that may judge a call does so by this revision or a later one. */
  public boolean has(long wanted) {
    return lost.isEmpty() && answeredHave(wanted);
  }

  /** The same, of those alone that said what they enforce. */
  public boolean answeredHave(long wanted) {
    return !nodes.isEmpty() && nodes.stream().allMatch(node -> node.revision() >= wanted);
  }
}
