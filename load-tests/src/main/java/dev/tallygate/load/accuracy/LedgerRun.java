package dev.tallygate.load.accuracy;

import dev.tallygate.load.CpuUse;
import dev.tallygate.policy.Algorithm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Calls on the ledger's own interface, by processes of a cluster. */
final class LedgerRun {
  private static final long BEGIN_MILLIS = 1_500;
  private static final long END_MILLIS = 2_500;

  private LedgerRun() {}

  /** The limits: as many calls in a window as stand here, and 100,000 a minute. */
  static List<Column> columns(int windowSeconds) {
    List<Column> columns = new ArrayList<>();
    for (Algorithm algorithm : Algorithm.values()) {
      columns.add(new Column(algorithm, 10, 4));
      columns.add(new Column(algorithm, 1_000, 2));
      columns.add(new Column(algorithm, Column.LARGE_PER_MINUTE * windowSeconds / 60, 1));
    }
    return columns;
  }

  static Row row(Network network, Plan plan, Scenario scenario, int nodes, Path directory)
      throws IOException, InterruptedException {
    if (!plan.has(scenario, nodes)) {
      return Row.notRun(scenario.title(), nodes, Row.LEFT_OUT);
    }
    if (nodes < scenario.leastNodes()) {
      return Row.notRun(
          scenario.title(), nodes, "needs " + scenario.leastNodes() + " nodes at the least");
    }
    if (scenario.needsNetwork() && !network.canBeCut()) {
      return Row.notRun(scenario.title(), nodes, "needs root and network namespaces");
    }
    // A database is reached by loopback, which hosts of their own do not share.
    try (Database database = scenario.needsDatabase() ? Database.start() : null;
        LedgerCluster cluster =
            new LedgerCluster(
                database == null ? network : Network.shared(),
                directory,
                nodes,
                Optional.ofNullable(database))) {
      for (int i = 0; i < nodes; i++) {
        cluster.setClock(i, scenario.skewMillis(i));
      }
      cluster.start();
      CpuUse before = CpuUse.now();
      List<Row.Result> results = run(plan, scenario, nodes, cluster);
      return Row.of(scenario.title(), nodes, results, CpuUse.now().coresBusySince(before));
    }
  }

  /** Lets a node make its share of the calls from a time on. */
  private interface Beginning {
    void on(LedgerCluster cluster, int number, double share, long atMillis) throws IOException;
  }

  private static List<Row.Result> run(
      Plan plan, Scenario scenario, int nodes, LedgerCluster cluster)
      throws IOException, InterruptedException {
    int windowSeconds = scenario.windowSeconds(plan.windowSeconds());
    List<Column> columns = columns(windowSeconds);
    long windowMillis = windowSeconds * 1000L;
    long from = ((System.currentTimeMillis() + BEGIN_MILLIS) / windowMillis + 1) * windowMillis;
    long until = from + (long) (scenario.windows() * windowMillis);
    double[] shares = scenario.shares(nodes);
    Beginning begin =
        (to, number, share, at) -> {
          for (int i = 0; i < columns.size(); i++) {
            Column column = columns.get(i);
            double calls = column.max() * scenario.demand() * share;
            to.load(
                number,
                new LedgerProcess.Load(
                    i,
                    column.algorithm(),
                    column.max(),
                    column.subjects(),
                    windowSeconds,
                    scenario.isBurst() ? calls : calls / windowSeconds,
                    scenario.isBurst(),
                    at,
                    until));
          }
        };
    Scenario.Clock clock =
        new Scenario.Clock() {
          @Override
          public void awaitWindows(double windows) throws InterruptedException {
            Thread.sleep(
                Math.max(0, from + (long) (windows * windowMillis) - System.currentTimeMillis()));
          }

          @Override
          public void awaitSeconds(double seconds) throws InterruptedException {
            Thread.sleep((long) (seconds * 1000));
          }

          @Override
          public void load(LedgerCluster to, int number) throws IOException {
            begin.on(to, number, 1.0 / nodes, System.currentTimeMillis());
          }
        };
    for (int number : cluster.numbers()) {
      begin.on(cluster, number, shares[number], from);
    }
    scenario.happen(cluster, clock);
    clock.awaitWindows(scenario.windows());
    Thread.sleep(END_MILLIS);
    List<Tally> tallies = cluster.tallies();
    List<UnitLog.Entry> admitted = cluster.admitted();
    List<UnitLog.Entry> charged = cluster.charged();
    long off = scenario.mostSkewMillis();
    List<Row.Result> results = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      int column = i;
      Cell cell =
          Cell.of(
              columns.get(i),
              admitted.stream().filter(one -> one.column() == column).toList(),
              charged.stream().filter(one -> one.column() == column).toList(),
              new Cell.Span(windowSeconds, from + off, until - off),
              new Cell.Rest(
                  sum(tallies, column, Tally.Count.REFUSED),
                  sum(tallies, column, Tally.Count.FAILED),
                  tallies.stream()
                          .mapToLong(each -> each.get(column, Tally.Count.LONGEST_NANOS))
                          .max()
                          .orElse(0)
                      / 1e6));
      results.add(
          new Row.Result(columns.get(i), cell, scenario.usesInFull(columns.get(i).algorithm())));
    }
    return results;
  }

  private static long sum(List<Tally> tallies, int column, Tally.Count count) {
    return tallies.stream().mapToLong(each -> each.get(column, count)).sum();
  }
}
