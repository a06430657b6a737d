package dev.tallygate.load.accuracy;

import dev.tallygate.load.Machine;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The page that tells how well limits held. */
final class AccuracyPage {
  /** Without faults, at least so much of a limit of {@link #LARGE_ENOUGH} or more is used. */
  private static final double LEAST_USED = 0.99;

  private static final int LARGE_ENOUGH = 1_000;

  private static final String NOT_RUN = " not run |".repeat(7);

  private final Machine machine;
  private final Plan plan;
  private final List<Row> ledger;
  private final List<Row> calls;

  /**
   * @param ledger calls on the ledger's interface
   * @param calls calls through nodes
   */
  AccuracyPage(Machine machine, Plan plan, List<Row> ledger, List<Row> calls) {
    this.machine = machine;
    this.plan = plan;
    this.ledger = ledger;
    this.calls = calls;
  }

  /** Every limit that let too much through, in words. */
  List<String> broken() {
    List<String> broken = new ArrayList<>();
    rows()
        .forEach(
            row -> {
              for (Row.Result result : row.results()) {
                if (result.cell().over() > 0) {
                  broken.add(
                      "%s: %d calls too many were let through"
                          .formatted(where(row, result), result.cell().over()));
                }
              }
            });
    return broken;
  }

  /** Every limit that was not used as it could have been, in words: a busy machine may do that. */
  List<String> missed() {
    List<String> missed = new ArrayList<>();
    rows()
        .forEach(
            row -> {
              for (Row.Result result : row.results()) {
                if (result.usedInFull()) {
                  missed(row, result, missed);
                }
              }
            });
    return missed;
  }

  private static void missed(Row row, Row.Result result, List<String> missed) {
    Cell cell = result.cell();
    if (result.column().max() >= LARGE_ENOUGH && cell.used() < LEAST_USED) {
      missed.add("%s: only %s was used".formatted(where(row, result), percent(cell.used())));
    }
    if (cell.failed() > 0) {
      missed.add(where(row, result) + ": " + cell.failed() + " calls had no count");
    }
  }

  private Stream<Row> rows() {
    return Stream.concat(ledger.stream(), calls.stream());
  }

  private static String where(Row row, Row.Result result) {
    return row.title() + ", " + row.nodes() + " nodes, " + result.column().title();
  }

  String text() {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # How well limits hold

        `load-tests/accuracy` writes this page. It starts clusters, lets all nodes make calls at once, lets things go wrong, and counts
        what was let through by the window that each call was charged to, as its owner says.

        | | |
        | --- | --- |
        | Machine | %s, %d cores, %s, %s |
        | Java | %s |
        | Commit | %s |
        | Date | %s |

        - **admitted** calls, also those that a killed node let through before; **refused**: those that found no room.
        - **over**: calls let through beyond the maximum, in all windows (of a sliding limit: in the worst interval of its length).
        - **lost**: units that were charged and that no call went by, in windows that lay wholly in the run. Most were leased by a node that
          was killed or cut off, or until their window had ended.
        - **used**: of the room in windows that lay wholly in the run, the part that was used.
        - **longest**: how long a call waited for its answer at most. **failed**: calls that were denied because the count could
          not be had (`on_store_loss: deny`), or that found no node.
        - **busy**: cores of the machine that were busy meanwhile, on average, with whatever it did.

        %s## The ledger

        Each process of these clusters is a JVM of its own, in a network namespace of its own where the machine allows that, and calls the
        ledger's own interface, as the event loop of a node does. Six limits run side by side: 10, 1,000, and one of 100,000 a minute, fixed
        and sliding. Windows last %d s, and 60 s where counts are written to a database, a PostgreSQL of the run's own. 1.2 calls are offered
        for each that has room; three in a burst at the start of each window; 1.8 where a node fails, so that the others ask for all there
        is; and four before and after a restart of all.

        """
            .formatted(
                machine.processor(),
                machine.cores(),
                machine.memory(),
                machine.system(),
                machine.java(),
                machine.commit(),
                machine.date(),
                plan.equals(Plan.FULL)
                    ? ""
                    : "**This is a part of the whole run.** What it left out says `not run`.\n\n",
                plan.windowSeconds()));
    table(ledger, page);
    page.append(
        """

        ## Calls through nodes

        Three nodes, started as by their launcher, stand before one MCP server. Clients call them in turn by HTTP, and turn to the next where
        one takes no connection. *Admitted* are calls that arrived at the server, which noted the id of each decision; the
        [audit logs](audit.md) say which window each was charged to. Limits are 10 and 1,000 in %d s; the largest is not driven here.

        """
            .formatted(plan.windowSeconds()));
    table(calls, page);
    List<String> broken = new ArrayList<>(broken());
    broken.addAll(missed());
    page.append(
        broken.isEmpty()
            ? "\nNo call too many was let through, and without faults at least 99 % of each limit of 1,000 or more was used.\n"
            : "\nIn this run these did not hold:\n\n- " + String.join("\n- ", broken) + "\n");
    return page.toString();
  }

  private static void table(List<Row> rows, StringBuilder page) {
    page.append(
        """
        | what happens | nodes | limit | admitted | refused | over | lost | used | longest, ms | failed | busy |
        | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
        """);
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      if (row.results().isEmpty()) {
        int end = endOfAlike(rows, i);
        page.append(notRun(rows.subList(i, end)));
        i = end - 1;
      }
      row.results().forEach(result -> page.append(line(row, result)));
    }
  }

  /** Where rows end that were not run for one reason, and differ in their nodes alone. */
  private static int endOfAlike(List<Row> rows, int from) {
    Row first = rows.get(from);
    return IntStream.range(from, rows.size())
        .filter(
            i ->
                !rows.get(i).title().equals(first.title())
                    || !rows.get(i).notRun().equals(first.notRun()))
        .findFirst()
        .orElse(rows.size());
  }

  private static String notRun(List<Row> alike) {
    String nodes =
        alike.stream().map(row -> Integer.toString(row.nodes())).collect(Collectors.joining(", "));
    return "| %s | %s | all: %s |%s |%n"
        .formatted(alike.get(0).title(), nodes, alike.get(0).notRun(), NOT_RUN);
  }

  private static String line(Row row, Row.Result result) {
    Cell cell = result.cell();
    return String.format(
        Locale.ROOT,
        "| %s | %d | %s%s | %,d | %,d | %s | %,d | %s | %,.0f | %,d | %s |%n",
        row.title(),
        row.nodes(),
        result.column().title(),
        isScaled(result.column()) ? " (100,000 a minute)" : "",
        cell.admitted(),
        cell.refused(),
        cell.over() == 0 ? "0" : "**" + cell.over() + "**",
        cell.lost(),
        Double.isNaN(cell.used()) ? "" : percent(cell.used()),
        cell.longestMillis(),
        cell.failed(),
        row.coresBusy().isPresent()
            ? String.format(Locale.ROOT, "%.1f", row.coresBusy().getAsDouble())
            : "");
  }

  private static boolean isScaled(Column column) {
    return column.max() >= Column.LARGE && column.max() != Column.LARGE_PER_MINUTE;
  }

  private static String percent(double part) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * part);
  }
}
