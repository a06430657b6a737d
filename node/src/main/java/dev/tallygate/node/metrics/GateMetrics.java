package dev.tallygate.node.metrics;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
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

  private static final double[] LAGS = {
    0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5
  };

  private final ProcessMetrics process = new ProcessMetrics();
  private final CollectorRegistry registry = process.registry();
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
  private final Counter refusedQuestions =
      Counter.build(
              "tallygate_server_requests_refused_total",
              "Requests of servers that their clients were not asked")
          .labelNames("server", "method")
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
  private final Counter pinEvents =
      Counter.build("tallygate_pin_events_total", "Definitions that were pinned or held back")
          .labelNames("server", "state")
          .register(registry);
  private final Histogram loopLag =
      Histogram.build(
              "tallygate_event_loop_lag_seconds",
              "How late an event loop came to a task that waited")
          .buckets(LAGS)
          .register(registry);
  private final Histogram loopBusy =
      Histogram.build(
              "tallygate_event_loop_busy_seconds",
              "CPU time that an event loop used before it came to a task that waited")
          .buckets(LAGS)
          .register(registry);
  private final Gauge inFlight =
      Gauge.build("tallygate_requests_in_flight", "HTTP requests that are not yet answered")
          .register(registry);
  private final Counter auditFailures =
      Counter.build("tallygate_audit_failures_total", "Records that the audit log could not keep")
          .register(registry);

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

  /** Counts what became of a definition that a server showed. */
  public void pinEvent(String server, String state) {
    pinEvents.labels(server, state).inc();
  }

  /**
   * Counts something that a server asked and its client was not.
   *
   * @param method one of few
   */
  public void questionRefused(String server, String method) {
    refusedQuestions.labels(server, method).inc();
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

  /**
   * Measures an event loop once.
   *
   * @param late seconds between when it was to come to a task and when it did
   * @param busy seconds of CPU time that it used meanwhile
   */
  public void lagged(double late, double busy) {
    loopLag.observe(late);
    loopBusy.observe(busy);
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

  /** The process's own metrics, and what else is asked of it. */
  public ProcessMetrics process() {
    return process;
  }

  /** Adds a gauge that is asked when Prometheus is. */
  public void gauge(String name, String help, DoubleSupplier value) {
    process.gauge(name, help, value);
  }

  /** Everything, in Prometheus' text format 0.0.4. */
  public String exposition() {
    return process.exposition();
  }
}
