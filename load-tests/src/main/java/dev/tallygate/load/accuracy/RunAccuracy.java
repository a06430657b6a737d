package dev.tallygate.load.accuracy;

import dev.tallygate.load.Invocation;
import dev.tallygate.load.Machine;
import dev.tallygate.load.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Makes calls on clusters, in calm and under faults, and tells how well limits held. */
public final class RunAccuracy {
  private RunAccuracy() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    Invocation called = Invocation.of("load-tests/accuracy", args, ProcessHandle::destroyForcibly);
    Plan plan = (called.quick() ? Plan.QUICK : Plan.FULL).chosen();
    List<Row> ledger = new ArrayList<>();
    List<Row> calls = new ArrayList<>();
    try (Network network = Network.create()) {
      for (Scenario scenario : Scenario.values()) {
        for (int nodes : Plan.FULL.nodes()) {
          ledger.add(
              row(
                  scenario.title(),
                  nodes,
                  directory -> LedgerRun.row(network, plan, scenario, nodes, directory)));
        }
      }
    }
    for (CallScenario scenario : CallScenario.values()) {
      calls.add(
          row(
              scenario.title(),
              CallRun.NODES,
              directory -> CallRun.row(called.home(), plan, scenario, directory)));
    }
    AccuracyPage page = new AccuracyPage(Machine.here(called.home()), plan, ledger, calls);
    if (plan.equals(Plan.FULL)) {
      Files.writeString(called.home().resolve("docs/accuracy.md"), page.text());
    }
    System.out.println(page.text());
    page.missed().forEach(what -> System.err.println("load: missed: " + what));
    page.broken().forEach(what -> System.err.println("load: broken: " + what));
    System.exit(page.broken().isEmpty() ? 0 : 1);
  }

  private interface Run {
    Row in(Path directory) throws IOException, InterruptedException;
  }

  private static Row row(String title, int nodes, Run run)
      throws IOException, InterruptedException {
    try (TemporaryFolder folder = TemporaryFolder.named("tallygate-accuracy")) {
      return run.in(folder.path());
    } catch (IOException e) {
      System.err.println("load: " + title + ": " + e.getMessage());
      return Row.notRun(title, nodes, "it broke off; see the log");
    }
  }
}
