package dev.tallygate.load;

import org.HdrHistogram.Histogram;

/**
 * What one run over one way measured.
 *
 * @param latencies in nanoseconds
 * @param nanos how long calls were measured
 * @param cpuMicrosPerCall CPU time that the proxy took for a call; 0 without one
 */
record Measured(Histogram latencies, long nanos, double cpuMicrosPerCall) {
  double millis(double percentile) {
    return latencies.getValueAtPercentile(percentile) / 1e6;
  }

  double callsPerSecond() {
    return latencies.getTotalCount() * 1e9 / nanos;
  }

  Measured withCpuMicrosPerCall(double micros) {
    return new Measured(latencies, nanos, micros);
  }
}
