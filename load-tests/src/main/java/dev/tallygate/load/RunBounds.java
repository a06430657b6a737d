package dev.tallygate.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Attacks a node while well-behaved clients call through it. Started by {@code load-tests/bounds}.
 */
public final class RunBounds {
  private static final Duration RECOVER_WITHIN = Duration.ofSeconds(30);

  /** The heap that the launcher gives, and what all of the process may take. */
  static final int MAX_HEAP_MIB = 224;

  static final int MAX_RESIDENT_MIB = 512;

  /** What a heap may hold more after an attack than before it, once it was collected. */
  private static final double MAX_KEPT_MIB = 24;

  /**
   * How long it takes.
   *
   * @param warmUp of the node, before the first attack
   * @param quiet before each attack, and after it
   * @param attack each
   * @param maxBusyMillis how long an event loop may work without a break; a short run on a machine
   *     with other work, before Java has compiled much, tells no more than its order of magnitude
   * @param attacks that are made, each of another kind in a short plan
   */
  record Plan(
      Duration warmUp, Duration quiet, Duration attack, double maxBusyMillis, Set<Attack> attacks) {
    static final Plan FULL =
        new Plan(
            Duration.ofSeconds(25),
            Duration.ofSeconds(3),
            Duration.ofSeconds(8),
            50,
            EnumSet.allOf(Attack.class));
    static final Plan QUICK =
        new Plan(
            Duration.ofSeconds(5),
            Duration.ofSeconds(1),
            Duration.ofSeconds(3),
            150,
            EnumSet.of(
                Attack.FULL_MESSAGES,
                Attack.LONG_LISTS,
                Attack.UNREAD_EVENTS,
                Attack.IDLE_STREAMS,
                Attack.RAPID_RESETS));

    Duration timeOf(Attack one) {
      return one.least().compareTo(attack) > 0 ? one.least() : attack;
    }
  }

  /**
   * What came of an attack.
   *
   * @param before latencies of well-behaved calls, as {@code during} and {@code after}
   * @param failed well-behaved calls that got another answer than theirs
   * @param answers that the attackers got, and how often
   * @param keptMib what the heap held more afterwards than before; not a number where unknown
   * @param recovered whether nothing was under way any more in time
   * @param alive whether the node's process still runs
   * @param maxBusyMillis as the plan has it
   */
  record Outcome(
      Attack attack,
      Histogram before,
      Histogram during,
      Histogram after,
      long failed,
      Watch.Period period,
      Map<String, Long> answers,
      double keptMib,
      boolean recovered,
      boolean alive,
      double maxBusyMillis) {

    /** Every bound that does not hold, in words. */
    List<String> broken() {
      List<String> broken = new ArrayList<>();
      if (failed > 0) {
        broken.add(failed + " well-behaved calls failed");
      }
      if (period.holdsALoop(maxBusyMillis)) {
        broken.add(
            "an event loop worked without a break for more than "
                + Math.round(period.busy().moreThan())
                + " ms");
      }
      if (period.heapMib() > MAX_HEAP_MIB || period.residentMib() > MAX_RESIDENT_MIB) {
        broken.add("more memory than there may be");
      }
      if (!alive) {
        broken.add("the node's process ended");
      } else if (!recovered) {
        broken.add("half a minute was not enough to recover");
      }
      if (keptMib > MAX_KEPT_MIB) {
        broken.add(Math.round(keptMib) + " MiB of heap are kept");
      }
      return broken;
    }
  }

  private RunBounds() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    Invocation called = Invocation.of("load-tests/bounds", args, ProcessHandle::destroy);
    Plan plan = called.quick() ? Plan.QUICK : Plan.FULL;
    Machine machine = Machine.here(called.home());
    List<Outcome> outcomes = new ArrayList<>();
    List<String> broken = new ArrayList<>();
    for (boolean http2 : new boolean[] {false, true}) {
      Deque<Attack> attacks = new ArrayDeque<>(List.of(Attack.values()));
      attacks.removeIf(attack -> attack.needsHttp2() != http2 || !isMade(attack, plan));
      while (!attacks.isEmpty()) {
        try (BoundsNode node = BoundsNode.start(called.home(), http2)) {
          attack(node, plan, attacks, outcomes);
        } catch (LoadFailure e) {
          broken.add("a run that began with " + attacks.poll() + ": " + e.getMessage());
        }
      }
    }
    String page = new BoundsPage(machine, plan, outcomes).text();
    if (called.quick()) {
      System.out.println(page);
    } else {
      System.out.println(Files.writeString(called.home().resolve("docs/bounds.md"), page));
    }
    outcomes.forEach(o -> o.broken().forEach(what -> broken.add(o.attack().title() + ": " + what)));
    broken.forEach(what -> System.err.println("load: broken: " + what));
    System.exit(broken.isEmpty() ? 0 : 1);
  }

  /** {@code TALLYGATE_ATTACKS=KEYS,DEEP} makes only those, for whoever mends one. */
  private static boolean isMade(Attack attack, Plan plan) {
    String only = System.getenv("TALLYGATE_ATTACKS");
    return only == null
        ? plan.attacks().contains(attack)
        : List.of(only.split(",")).contains(attack.name());
  }

  /** Makes attacks until none is left, or the node did not recover from one: the next is fresh. */
  private static void attack(
      BoundsNode node, Plan plan, Deque<Attack> attacks, List<Outcome> outcomes)
      throws IOException, InterruptedException {
    awaitFirstCall(node);
    new LoadGenerator(Duration.ZERO, plan.warmUp()).closedLoop(node.wellBehaved().get(0), 8);
    try (Scraper scraper = Scraper.onDemand(node.metrics());
        Watch watch = new Watch(node, scraper);
        WellBehaved clients = new WellBehaved(node.wellBehaved())) {
      Outcome outcome;
      do {
        outcome = attacked(node, plan, attacks.peek(), scraper, watch, clients);
        attacks.poll();
        outcomes.add(outcome);
        System.err.printf(
            "%s: p99 %.1f, %.1f, %.1f ms; %s; kept %.1f MiB; audit %d KiB; %s%s%n",
            outcome.attack().title(),
            BoundsPage.p99(outcome.before()),
            BoundsPage.p99(outcome.during()),
            BoundsPage.p99(outcome.after()),
            Watch.text(outcome.period()),
            outcome.keptMib(),
            node.auditBytes() / 1024,
            outcome.answers(),
            outcome.broken().isEmpty() ? "" : "; broken: " + outcome.broken());
        if (!outcome.alive()) {
          System.err.println("load: the node said last: " + node.process().lastWords());
        }
      } while (outcome.recovered() && !attacks.isEmpty());
    }
  }

  /** A node asks the server for all that it shows first, and may be asked again until it knows. */
  private static void awaitFirstCall(BoundsNode node) throws InterruptedException {
    long end = System.nanoTime() + RECOVER_WITHIN.toNanos();
    while (true) {
      try (McpConnection first =
          new McpConnection(node.wellBehaved().get(0), SampleCall.FIRST_ID - 1_000)) {
        first.call();
        return;
      } catch (LoadFailure e) {
        if (System.nanoTime() > end) {
          throw e;
        }
      }
      Thread.sleep(500);
    }
  }

  private static Outcome attacked(
      BoundsNode node, Plan plan, Attack attack, Scraper scraper, Watch watch, WellBehaved clients)
      throws IOException, InterruptedException {
    Attack.Scene scene = node.scene();
    // Once in short, so that what is measured is not the loading of classes.
    attack.run(scene, Duration.ofMillis(300));
    awaitOver(node, scraper, clients);
    double heapBefore = collectedHeap(node, scraper);
    watch.taken();
    clients.taken();
    clients.takenFailures();
    Thread.sleep(plan.quiet().toMillis());
    Histogram before = clients.taken();
    watch.taken();
    Map<String, Long> answers = attack.run(scene, plan.timeOf(attack));
    Histogram during = clients.taken();
    boolean recovered = awaitOver(node, scraper, clients);
    Watch.Period period = watch.taken();
    clients.taken();
    Thread.sleep(plan.quiet().toMillis());
    Histogram after = clients.taken();
    double kept = collectedHeap(node, scraper) - heapBefore;
    // What the gate itself asked of the server may be under way for longer.
    for (int tries = 0; kept > MAX_KEPT_MIB && tries < 10; tries++) {
      Thread.sleep(1_000);
      kept = collectedHeap(node, scraper) - heapBefore;
    }
    return new Outcome(
        attack,
        before,
        during,
        after,
        clients.takenFailures(),
        period,
        answers,
        kept,
        recovered,
        node.process().isAlive(),
        plan.maxBusyMillis());
  }

  /**
   * Waits until only the well-behaved calls are under way, and come when they are due. A node that
   * does not tell is not there yet.
   */
  private static boolean awaitOver(BoundsNode node, Scraper scraper, WellBehaved clients)
      throws InterruptedException {
    long end = System.nanoTime() + RECOVER_WITHIN.toNanos();
    while (System.nanoTime() < end && node.process().isAlive()) {
      try {
        if (Scraper.sum(scraper.scrape(), "tallygate_requests_in_flight") <= 8
            && clients.areOnTime()) {
          return true;
        }
      } catch (LoadFailure e) {
        // It may still come to itself.
      }
      Thread.sleep(100);
    }
    return false;
  }

  /** What the heap holds once it is collected, MiB; not a number where that cannot be known. */
  private static double collectedHeap(BoundsNode node, Scraper scraper)
      throws IOException, InterruptedException {
    try {
      return collect(node) ? Watch.heapMib(scraper.scrape()) : Double.NaN;
    } catch (LoadFailure e) {
      return Double.NaN;
    }
  }

  /** Asks the node's Java to collect all garbage; false where the JDK has no tool for it. */
  private static boolean collect(BoundsNode node) throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    if (!Files.isExecutable(jcmd)) {
      return false;
    }
    Process collected =
        new ProcessBuilder(jcmd.toString(), Long.toString(node.process().pid()), "GC.run")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!collected.waitFor(20, TimeUnit.SECONDS)) {
      collected.destroyForcibly();
      return false;
    }
    return collected.exitValue() == 0;
  }
}
