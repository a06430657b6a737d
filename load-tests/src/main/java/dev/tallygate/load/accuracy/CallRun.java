package dev.tallygate.load.accuracy;

import dev.tallygate.load.CpuUse;
import dev.tallygate.policy.Algorithm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Calls by HTTP through nodes, of which those count that arrive at the MCP server. */
final class CallRun {
  static final int NODES = 3;

  /** Calls offered for each unit of room. */
  private static final double DEMAND = 1.2;

  private static final Column WARM_UP = new Column(Algorithm.FIXED, 1_000_000, 1);
  private static final int WARM_UP_CALLS = 3_000;
  private static final int WINDOWS = 4;
  private static final double KILL_AT = 1.4;
  private static final long BEGIN_MILLIS = 1_500;
  private static final long END_MILLIS = 3_000;

  private CallRun() {}

  private static List<Column> columns() {
    List<Column> columns = new ArrayList<>();
    for (Algorithm algorithm : Algorithm.values()) {
      columns.add(new Column(algorithm, 10, 1));
      columns.add(new Column(algorithm, 1_000, 1));
    }
    return columns;
  }

  static Row row(Path home, Plan plan, CallScenario scenario, Path directory)
      throws IOException, InterruptedException {
    if (!plan.has(scenario)) {
      return Row.notRun(scenario.title(), NODES, Row.LEFT_OUT);
    }
    List<Column> columns = columns();
    List<Column> all = new ArrayList<>(columns);
    all.add(WARM_UP);
    try (NodeCluster cluster =
            NodeCluster.start(home, directory, NODES, all, plan.windowSeconds());
        Callers callers = new Callers(cluster.addresses(), all.size())) {
      for (int node = 0; node < NODES; node++) {
        for (int column = 0; column < all.size(); column++) {
          callers.awaitCounts(node, column);
        }
      }
      callers.warmUp(columns.size(), WARM_UP_CALLS);
      CpuUse before = CpuUse.now();
      Cell.Span span = drive(cluster, callers, columns, plan.windowSeconds(), scenario);
      Arrivals arrivals = cluster.read();
      if (arrivals.unrecorded() > 0) {
        throw new IOException(arrivals.unrecorded() + " calls arrived that no audit log knows of");
      }
      List<Row.Result> results = new ArrayList<>();
      for (int i = 0; i < columns.size(); i++) {
        int column = i;
        Cell cell =
            Cell.of(
                columns.get(i),
                arrivals.arrived().stream().filter(one -> one.column() == column).toList(),
                arrivals.charged().stream().filter(one -> one.column() == column).toList(),
                span,
                callers.rest(i));
        results.add(new Row.Result(columns.get(i), cell, scenario == CallScenario.CALLS_CALM));
      }
      return Row.of(scenario.title(), NODES, results, CpuUse.now().coresBusySince(before));
    }
  }

  private static Cell.Span drive(
      NodeCluster cluster,
      Callers callers,
      List<Column> columns,
      int windowSeconds,
      CallScenario scenario)
      throws InterruptedException {
    long windowMillis = windowSeconds * 1000L;
    long from = ((System.currentTimeMillis() + BEGIN_MILLIS) / windowMillis + 1) * windowMillis;
    long until = from + WINDOWS * windowMillis;
    for (int i = 0; i < columns.size(); i++) {
      callers.begin(i, columns.get(i).max() * DEMAND / windowSeconds, from, until);
    }
    if (scenario == CallScenario.CALLS_KILL_ONE) {
      awaitMillis(from + (long) (KILL_AT * windowMillis));
      cluster.kill(0);
    }
    awaitMillis(until + END_MILLIS);
    callers.awaitAnswers();
    return new Cell.Span(windowSeconds, from, until);
  }

  private static void awaitMillis(long at) throws InterruptedException {
    Thread.sleep(Math.max(0, at - System.currentTimeMillis()));
  }
}
