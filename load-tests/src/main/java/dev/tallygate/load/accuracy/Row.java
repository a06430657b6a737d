package dev.tallygate.load.accuracy;

import java.util.List;
import java.util.OptionalDouble;

/**
 * A row of a table: what happened to one cluster.
 *
 * @param results one for each limit; none where it was not run
 * @param notRun why it was not run
 * @param coresBusy by all that ran on the machine, on average; empty where that is not known
 */
record Row(String title, int nodes, List<Result> results, String notRun, OptionalDouble coresBusy) {
  static final String LEFT_OUT = "not part of this run";

  /**
   * What was found of one limit.
   *
   * @param usedInFull whether nothing was in the way of its use
   */
  record Result(Column column, Cell cell, boolean usedInFull) {}

  Row {
    results = List.copyOf(results);
  }

  static Row of(String title, int nodes, List<Result> results, OptionalDouble coresBusy) {
    for (Result result : results) {
      System.err.printf(
          "%s, %d nodes, %s: %s%n", title, nodes, result.column().title(), result.cell());
    }
    return new Row(title, nodes, results, "", coresBusy);
  }

  static Row notRun(String title, int nodes, String why) {
    return new Row(title, nodes, List.of(), why, OptionalDouble.empty());
  }
}
