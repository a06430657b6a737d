package dev.tallygate.node.metrics;

import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import io.prometheus.client.exporter.common.TextFormat;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;

/**
 * The node's metrics. Thread-safe.
 *
 * <p>Tool names come from clients, so only the first {@value #MAX_TOOLS} that a server is known to
 * have become label values; the others count as {@value #OTHER_TOOL}.
 */
public final class GateMetrics {
  static final int MAX_TOOLS = 1_000;
  static final String OTHER_TOOL = "(other)";

  private static final double[] FAST = {
    1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 0.05
  };
  private static final double[] CALLS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300
  };

  private final CollectorRegistry registry = new CollectorRegistry();
  private final Set<String> tools = ConcurrentHashMap.newKeySet();

  private final Counter decisions =
      Counter.build("tallygate_decisions_total", "Decisions on tool calls")
          .labelNames("server", "tool", "outcome")
          .register(registry);
  private final Counter rejections =
      Counter.build(
              "tallygate_rejections_total", "Messages refused before a policy was asked, by kind")
          .labelNames("kind")
          .register(registry);
  private final Counter completions =
      Counter.build("tallygate_forwarded_total", "Forwarded messages by how they ended")
          .labelNames("server", "end")
          .register(registry);
  private final Histogram decisionSeconds =
      Histogram.build("tallygate_decision_seconds", "Time to judge a tool call by its policy")
          .buckets(FAST)
          .register(registry);
  private final Histogram reservationSeconds =
      Histogram.build("tallygate_reservation_seconds", "Time to reserve the limits of a tool call")
          .buckets(FAST)
          .register(registry);
  private final Histogram upstreamSeconds =
      Histogram.build(
              "tallygate_upstream_seconds", "Time from forwarding to the end of the response")
          .labelNames("server")
          .buckets(CALLS)
          .register(registry);
  private final Histogram callSeconds =
      Histogram.build(
              "tallygate_call_seconds", "Time from the first byte to the end of the response")
          .labelNames("server")
          .buckets(CALLS)
          .register(registry);
  private final Gauge inFlight =
      Gauge.build("tallygate_requests_in_flight", "HTTP requests that are not yet answered")
          .register(registry);
  private final Counter auditFailures =
      Counter.build("tallygate_audit_failures_total", "Records that the audit log could not keep")
          .register(registry);

  public GateMetrics() {
    DefaultExports.register(registry);
  }

  /**
   * Counts a decision.
   *
   * @param known whether the server is known to have the tool
   * @param outcome a short word: {@code allowed}, or the reason of the denial
   */
  public void decision(String server, String tool, boolean known, String outcome) {
    decisions.labels(server, label(tool, known), outcome).inc();
  }

  private String label(String tool, boolean known) {
    if (!known) {
      return OTHER_TOOL;
    }
    if (tools.contains(tool)) {
      return tool;
    }
    if (tools.size() < MAX_TOOLS) {
      tools.add(tool);
      return tool;
    }
    return OTHER_TOOL;
  }

  public void rejection(String kind) {
    rejections.labels(kind).inc();
  }

  public void completion(String server, String end, double upstream, double total) {
    completions.labels(server, end).inc();
    upstreamSeconds.labels(server).observe(upstream);
    callSeconds.labels(server).observe(total);
  }

  public void decided(double seconds) {
    decisionSeconds.observe(seconds);
  }

  public void reserved(double seconds) {
    reservationSeconds.observe(seconds);
  }

  public void requestBegan() {
    inFlight.inc();
  }

  public void requestEnded() {
    inFlight.dec();
  }

  public void auditFailed() {
    auditFailures.inc();
  }

  /** Adds a gauge that is asked when Prometheus is. */
  public void gauge(String name, String help, DoubleSupplier value) {
    registry.register(
        new Collector() {
          @Override
          public java.util.List<MetricFamilySamples> collect() {
            return java.util.List.of(
                new io.prometheus.client.GaugeMetricFamily(name, help, value.getAsDouble()));
          }
        });
  }

  /** Everything, in Prometheus' text format 0.0.4. */
  public String exposition() {
    StringWriter out = new StringWriter();
    try {
      TextFormat.write004(out, registry.metricFamilySamples());
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory cannot fail", e);
    }
    return out.toString();
  }
}
