package dev.tallygate.operator;

import dev.tallygate.operator.compile.Compilation;
import dev.tallygate.operator.gateway.Enforcement;
import dev.tallygate.operator.gateway.PutResult;
import dev.tallygate.operator.resources.Kind;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import io.prometheus.client.hotspot.DefaultExports;
import java.util.Locale;

/** What the operator measures of itself. Thread-safe. */
public final class OperatorMetrics {
  private final CollectorRegistry registry = new CollectorRegistry();
  private final Histogram runs =
      Histogram.build(
              "tallygate_operator_reconcile_seconds", "How long bringing everything in order took")
          .buckets(.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
          .register(registry);
  private final Counter failures =
      Counter.build(
              "tallygate_operator_reconcile_failures",
              "Runs in which the gateways or the API server did not take everything")
          .register(registry);
  private final Counter publications =
      Counter.build("tallygate_operator_publications", "Documents put into the registry")
          .labelNames("result")
          .register(registry);
  private final Counter statuses =
      Counter.build("tallygate_operator_status_writes", "Statuses written").register(registry);
  private final Gauge resources =
      Gauge.build("tallygate_operator_resources", "Resources in the namespace")
          .labelNames("kind", "accepted")
          .register(registry);
  private final Gauge revision =
      Gauge.build("tallygate_operator_published_revision", "Revision that was published last")
          .register(registry);
  private final Gauge nodes =
      Gauge.build("tallygate_operator_nodes", "Nodes that take calls, by whether they are late")
          .labelNames("late")
          .register(registry);
  private final Gauge leads =
      Gauge.build("tallygate_operator_leader", "Whether this process leads").register(registry);

  private final Counter watchFailures =
      Counter.build(
              "tallygate_operator_watch_failures",
              "Times that resources of a kind could not be listed or followed")
          .register(registry);

  public OperatorMetrics() {
    DefaultExports.register(registry);
  }

  CollectorRegistry registry() {
    return registry;
  }

  void ran(double seconds, boolean failed) {
    runs.observe(seconds);
    if (failed) {
      failures.inc();
    }
  }

  void leads(boolean now) {
    leads.set(now ? 1 : 0);
  }

  void published(PutResult result) {
    publications.labels(result.getClass().getSimpleName().toLowerCase(Locale.ROOT)).inc();
  }

  void watchFailed() {
    watchFailures.inc();
  }

  void statusWritten() {
    statuses.inc();
  }

  void standing(Compilation compilation, Enforcement enforcement, long published) {
    for (Kind kind : Kind.values()) {
      for (boolean accepted : new boolean[] {true, false}) {
        long count =
            compilation.verdicts().values().stream()
                .filter(verdict -> verdict.resource().ref().kind() == kind)
                .filter(verdict -> verdict.accepted().holds() == accepted)
                .count();
        resources.labels(kind.singular(), Boolean.toString(accepted)).set(count);
      }
    }
    long late = enforcement.nodes().stream().filter(each -> each.revision() < published).count();
    nodes.labels("true").set(late + enforcement.lost().size());
    nodes.labels("false").set(enforcement.nodes().size() - late);
    revision.set(published);
  }
}
