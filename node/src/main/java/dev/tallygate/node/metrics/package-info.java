/** What Prometheus is told. Names, labels and their meaning are listed in docs/metrics.md. */
package dev.tallygate.node.metrics;
