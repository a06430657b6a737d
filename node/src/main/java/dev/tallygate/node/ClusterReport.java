package dev.tallygate.node;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.hazelcast.ClusterView;
import dev.tallygate.hazelcast.ClusterWatch;
import dev.tallygate.hazelcast.Quorum;
import dev.tallygate.node.metrics.ProcessMetrics;
import dev.tallygate.registry.Registry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a process tells of its cluster: to Prometheus, to probes and to people. */
final class ClusterReport {
  private final ClusterWatch watch;
  private final Optional<Registry> registry;

  /**
   * @param registry empty for a node that stands alone
   */
  ClusterReport(ClusterWatch watch, Optional<Registry> registry) {
    this.watch = watch;
    this.registry = registry;
  }

  void observe(ProcessMetrics metrics) {
    metrics.gauge(
        "tallygate_cluster_members",
        "Processes of the cluster that this one sees, itself included",
        "role",
        Map.of(
            "member", () -> watch.view().present(),
            "gateway", () -> watch.view().members().size() - watch.view().present()));
    metrics.gauge(
        "tallygate_cluster_quorum",
        "Whether enough data members are seen to count",
        () -> watch.view().quorum() ? 1 : 0);
    metrics.gauge(
        "tallygate_cluster_partitions_safe",
        "Whether every count has all its copies",
        () -> watch.view().partitionsSafe() ? 1 : 0);
    metrics.gauge(
        "tallygate_cluster_migrations",
        "Partitions on their way from one member to another",
        watch::moving);
    metrics.counter(
        "tallygate_cluster_merges_total",
        "Times that this process left its side of a split cluster for the other",
        watch::merges);
    metrics.counter(
        "tallygate_cluster_partitions_lost_total",
        "Partitions of the ledger that were lost with all their copies",
        watch::partitionsLost);
    metrics.gauge(
        "tallygate_ledger_entries",
        "Subjects that have counts, in the whole cluster",
        () -> watch.view().ledgerEntries().orElse(0));
  }

  /** The answer to {@code GET /cluster}. */
  ObjectNode json() {
    ClusterView view = watch.view();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("cluster", view.name().orElse(null));
    json.put("dataMembers", view.dataMembers());
    json.putObject("quorum")
        .put("holds", view.quorum())
        .put("required", view.required())
        .put("present", view.present());
    json.put("partitionsSafe", view.partitionsSafe());
    if (view.ledgerEntries().isPresent()) {
      json.put("ledgerEntries", view.ledgerEntries().getAsInt());
    } else {
      json.putNull("ledgerEntries");
    }
    Map<String, Long> revisions = new HashMap<>();
    registry.map(each -> each.lastSurvey().nodes()).orElse(List.of()).stream()
        .filter(each -> each.revision() > 0)
        .forEach(each -> revisions.put(each.node(), each.revision()));
    ArrayNode members = json.putArray("members");
    for (ClusterView.MemberView member : view.members()) {
      members
          .addObject()
          .put("node", member.node())
          .put("role", member.holdsData() ? "member" : "gateway")
          .put("address", member.address())
          .put("revision", revisions.get(member.node()))
          .put("self", member.self());
    }
    return json;
  }

  /** One line for probes. */
  static String state(Quorum quorum) {
    String seen = quorum.present() + " data members are seen, " + quorum.required() + " are needed";
    return quorum.holds() ? "quorum: " + seen : "no quorum: " + seen + "; limits cannot be counted";
  }
}
