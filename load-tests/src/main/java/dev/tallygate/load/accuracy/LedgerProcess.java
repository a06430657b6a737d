package dev.tallygate.load.accuracy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.counters.Ledger;
import dev.tallygate.counters.LedgerResult;
import dev.tallygate.counters.LedgerResult.Held;
import dev.tallygate.counters.LedgerResult.Refused;
import dev.tallygate.counters.Ledgers;
import dev.tallygate.counters.Outcome;
import dev.tallygate.counters.Subjects;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.hazelcast.EmbeddedHazelcast;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Charge;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process of a cluster that makes calls on its ledger, as the event loop of a node would: told
 * what to do by lines on its standard input.
 *
 * <ul>
 *   <li>{@code load <json>}: makes calls from a time on, until another; see {@link Load}
 *   <li>{@code clock <millis>}: lets the clock jump, so far from the machine's
 *   <li>{@code leave}: gives back what is leased, and leaves the cluster
 * </ul>
 */
final class LedgerProcess {
  private static final JsonMapper JSON = new JsonMapper();

  /** Why a count could not be had is told so often for each column. */
  private static final int TOLD = 3;

  private static final int WARM_UP_CALLS = 500;

  /** Then calls begin, however slow the machine is. */
  private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Long enough to be leased, and too short to be written down. */
  private static final int WARM_UP_WINDOW_SECONDS = 10;

  private static final int MOST_UNDER_WAY = 50_000;

  /**
   * Calls of one column.
   *
   * @param perSecond calls a second for each subject; where {@code burst}, calls at the beginning
   *     of each window for each subject
   */
  record Load(
      int column,
      Algorithm algorithm,
      int max,
      int subjects,
      int windowSeconds,
      double perSecond,
      boolean burst,
      long fromMillis,
      long untilMillis) {}

  private final EmbeddedHazelcast hazelcast;
  private final Ledgers ledgers;
  private final Ledger ledger;
  private final UnitLog admitted;
  private final Tally tally;
  private final AtomicInteger underWay = new AtomicInteger();
  private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();

  /**
   * @param log beginning of the names of its files
   * @param database where counts are written before a call goes on; empty for nowhere
   */
  private LedgerProcess(ClusterSettings settings, String log, String database) throws IOException {
    hazelcast =
        database.isEmpty()
            ? EmbeddedHazelcast.start(settings)
            : EmbeddedHazelcast.start(settings, strict(database));
    admitted = UnitLog.create(UnitLog.admitted(log));
    tally = Tally.create(Tally.file(log));
    ledgers =
        new Ledgers(
            new ChargedStore(hazelcast.counterStore(), UnitLog.create(UnitLog.charged(log))),
            () -> 1,
            Clock.systemUTC());
    ledger = ledgers.open();
    loop.scheduleWithFixedDelay(ledgers::tidy, 100, 100, TimeUnit.MILLISECONDS);
  }

  private static DurabilitySettings strict(String database) {
    return new DurabilitySettings(
        DurabilitySettings.Mode.STRICT,
        DurabilitySettings.DEFAULT_SHORTEST_WINDOW,
        DurabilitySettings.DEFAULT_ANSWER_WITHIN,
        Database.settings(database));
  }

  /**
   * @param args name, host, port, role, data members, others, log, database
   */
  public static void main(String[] args) throws IOException {
    ClusterSettings settings =
        new ClusterSettings(
            args[0],
            "accuracy",
            ClusterSettings.Role.valueOf(args[3]),
            Integer.parseInt(args[4]),
            new ClusterSettings.Bind(args[1], Integer.parseInt(args[2])),
            new ClusterSettings.Join.Members(List.of(args[5].split(","))),
            new ClusterSettings.Secret("accuracy-accuracy-accuracy"),
            ClusterSettings.DEFAULT_HEARTBEAT_INTERVAL,
            ClusterSettings.DEFAULT_HEARTBEAT_TIMEOUT,
            Optional.empty());
    LedgerProcess process = new LedgerProcess(settings, args[6], args[7]);
    process.awaitCounts();
    System.out.println("{\"ready\":true}");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      if (line.startsWith("load ")) {
        process.begin(JSON.readValue(line.substring(5), Load.class));
      } else if (line.startsWith("clock ")) {
        SkewedClock.set(Long.parseLong(line.substring(6)));
      } else if (line.equals("leave")) {
        break;
      }
    }
    process.leave();
    System.exit(0);
  }

  private void awaitCounts() {
    List<Charge> charges = new Column(Algorithm.FIXED, 10, 1).charges(1);
    Subjects nobody = new Subjects("warm-up", Optional.empty(), "warm-up");
    while (ledger.reserve(charges, nobody).toCompletableFuture().join() instanceof Refused refused
        && refused.cause().isPresent()) {
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    warmUp();
  }

  /** Takes each kind of step, the first of which tells the whole cluster how it is written. */
  private void warmUp() {
    long until = System.nanoTime() + WARM_UP_NANOS;
    for (Column column :
        List.of(new Column(Algorithm.FIXED, 10, 1), new Column(Algorithm.SLIDING, 10_000, 1))) {
      List<Charge> charges = column.charges(WARM_UP_WINDOW_SECONDS);
      for (int i = 0; i < WARM_UP_CALLS && System.nanoTime() < until; i++) {
        Subjects somebody =
            new Subjects("warm-up-" + admitted + i % 20, Optional.empty(), "warm-up");
        if (ledger.reserve(charges, somebody).toCompletableFuture().join() instanceof Held held) {
          ledger.settle(held, Outcome.NOT_RUN).toCompletableFuture().join();
        }
      }
    }
    ledgers.giveBackAll().toCompletableFuture().join();
  }

  private void begin(Load load) {
    List<Charge> charges =
        new Column(load.algorithm(), load.max(), load.subjects()).charges(load.windowSeconds());
    long[] made = new long[load.subjects()];
    long beganNanos =
        System.nanoTime() + (load.fromMillis() - System.currentTimeMillis()) * 1_000_000;
    long untilNanos = beganNanos + (load.untilMillis() - load.fromMillis()) * 1_000_000;
    loop.scheduleAtFixedRate(
        () -> {
          long now = System.nanoTime();
          if (now < beganNanos || now > untilNanos) {
            return;
          }
          double seconds = (now - beganNanos) / 1e9;
          double due =
              load.burst()
                  ? (Math.floor(seconds / load.windowSeconds()) + 1) * load.perSecond()
                  : seconds * load.perSecond();
          // Subjects take turns, so that no one has all the room there is to ask.
          for (int subject = 0; subject < load.subjects(); subject++) {
            while (made[subject] < due && underWay.get() < MOST_UNDER_WAY) {
              double dueAt =
                  load.burst()
                      ? Math.floor(seconds / load.windowSeconds()) * load.windowSeconds()
                      : made[subject] / load.perSecond();
              made[subject]++;
              call(load, charges, subject, beganNanos + (long) (dueAt * 1e9));
            }
          }
        },
        0,
        1,
        TimeUnit.MILLISECONDS);
  }

  private void call(Load load, List<Charge> charges, int subject, long dueNanos) {
    underWay.incrementAndGet();
    String grant = new Column.Subject(load.column(), subject).name();
    Subjects subjects = new Subjects(grant, Optional.empty(), "server");
    ledger
        .reserve(charges, subjects)
        // A store may not be asked again on its own threads.
        .whenCompleteAsync(
            (result, failure) -> {
              underWay.decrementAndGet();
              tally.longest(load.column(), System.nanoTime() - dueNanos);
              note(load.column(), subject, result);
            },
            loop);
  }

  private void note(int column, int subject, LedgerResult result) {
    if (result instanceof Held held) {
      held.shared()
          .ifPresent(
              reservation ->
                  admitted.add(
                      new UnitLog.Entry(column, subject, reservation.holds().get(0).window(), 1)));
      ledger.settle(held, Outcome.OK);
    } else if (result instanceof Refused refused && refused.cause().isEmpty()) {
      tally.add(column, Tally.Count.REFUSED, 1);
    } else {
      tally.add(column, Tally.Count.FAILED, 1);
      if (tally.get(column, Tally.Count.FAILED) <= TOLD && result instanceof Refused refused) {
        System.err.println("no count: " + refused.cause().orElse(""));
      }
    }
  }

  private void leave() {
    loop.shutdownNow();
    ledgers
        .giveBackAll()
        .toCompletableFuture()
        .orTimeout(5, TimeUnit.SECONDS)
        .exceptionally(late -> null)
        .join();
    hazelcast.close();
  }
}
