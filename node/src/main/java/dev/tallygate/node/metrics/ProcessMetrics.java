package dev.tallygate.node.metrics;

import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import io.prometheus.client.exporter.common.TextFormat;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/** The metrics of a process: its own, and those that are asked for as Prometheus asks. */
public final class ProcessMetrics {
  private final CollectorRegistry registry = new CollectorRegistry();

  public ProcessMetrics() {
    DefaultExports.register(registry);
  }

  CollectorRegistry registry() {
    return registry;
  }

  /** Adds a gauge that is asked when Prometheus is. */
  public void gauge(String name, String help, DoubleSupplier value) {
    asked(() -> new GaugeMetricFamily(name, help, value.getAsDouble()));
  }

  /** Adds a gauge with one label, that is asked for each of its values when Prometheus is. */
  public void gauge(String name, String help, String label, Map<String, DoubleSupplier> values) {
    asked(
        () -> {
          GaugeMetricFamily family = new GaugeMetricFamily(name, help, List.of(label));
          values.forEach((of, value) -> family.addMetric(List.of(of), value.getAsDouble()));
          return family;
        });
  }

  /**
   * Adds a counter that is asked when Prometheus is.
   *
   * @param name ends with {@code _total}
   */
  public void counter(String name, String help, DoubleSupplier value) {
    asked(() -> new CounterMetricFamily(name, help, value.getAsDouble()));
  }

  private void asked(Supplier<Collector.MetricFamilySamples> samples) {
    registry.register(
        new Collector() {
          @Override
          public List<MetricFamilySamples> collect() {
            return List.of(samples.get());
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
