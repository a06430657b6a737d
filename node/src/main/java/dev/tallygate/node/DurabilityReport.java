package dev.tallygate.node;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.durability.DurabilityStatus;
import dev.tallygate.node.metrics.ProcessMetrics;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** What a process tells of the counts that it writes down: to Prometheus and to probes. */
final class DurabilityReport {
  private final Supplier<Optional<DurabilityStatus>> status;

  /**
   * @param status empty where counts live in memory only
   */
  DurabilityReport(Supplier<Optional<DurabilityStatus>> status) {
    this.status = status;
  }

  void observe(ProcessMetrics metrics) {
    metrics.gauge(
        "tallygate_counts_database_up",
        "Whether the database of the counts answers; 1 where there is none",
        () -> status.get().flatMap(DurabilityStatus::problem).isEmpty() ? 1 : 0);
    metrics.gauge(
        "tallygate_counts_waiting",
        "Subjects whose counts are not written to the database yet",
        () -> told(DurabilityStatus::waiting));
    metrics.counter(
        "tallygate_counts_written_total",
        "Counts of subjects that were written to the database",
        () -> told(DurabilityStatus::written));
    metrics.counter(
        "tallygate_counts_superseded_total",
        "Counts of subjects that were not, since the database had newer ones",
        () -> told(DurabilityStatus::superseded));
    metrics.counter(
        "tallygate_counts_writes_total",
        "Writes to the database, each of the counts of many subjects",
        () -> told(DurabilityStatus::writes));
    metrics.counter(
        "tallygate_counts_write_seconds_total",
        "Time that those writes took",
        () -> told(each -> each.writing().toNanos() / 1e9));
  }

  private double told(ToDoubleFunction<DurabilityStatus> value) {
    return status.get().map(value::applyAsDouble).orElse(0.0);
  }

  /** Nothing where counts live in memory only. A database that is away ends no readiness. */
  void describe(ObjectNode detail) {
    status
        .get()
        .ifPresent(
            now ->
                detail.put(
                    "counts",
                    now.problem()
                        .map(
                            why ->
                                "the database cannot be had, "
                                    + now.waiting()
                                    + " subjects wait to be written: "
                                    + why)
                        .orElse("written to the database")));
  }
}
