package dev.tallygate.operator.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
   * @param revision that it enforces at the least, as far as is known here; 0 where nothing is
   */
  public record Lost(String name, String reason, long revision) {}

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
            each ->
                lost.add(new Lost(each.path("node").asText(), each.path("reason").asText(), 0)));
    return new Enforcement(answer.path("revision").asLong(), nodes, lost);
  }

  /** With what lost nodes said before: none ever goes back to an earlier revision. */
  public Enforcement after(Enforcement before) {
    Map<String, Long> known = new HashMap<>();
    before.lost().forEach(each -> known.put(each.name(), each.revision()));
    before.nodes().forEach(each -> known.put(each.name(), each.revision()));
    List<Lost> remembered = new ArrayList<>();
    for (Lost each : lost) {
      remembered.add(
          new Lost(each.name(), each.reason(), known.getOrDefault(each.name(), each.revision())));
    }
    return new Enforcement(revision, nodes, remembered);
  }

  /** Whether every node that may judge a call does so by this revision or a later one. */
  public boolean has(long wanted) {
    return !nodes.isEmpty()
        && lost.stream().allMatch(each -> each.revision() >= wanted)
        && nodes.stream().allMatch(node -> node.revision() >= wanted);
  }
}
