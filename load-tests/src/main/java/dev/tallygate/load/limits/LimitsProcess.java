package dev.tallygate.load.limits;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.hazelcast.core.Hazelcast;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.LeasingCounterStore;
import dev.tallygate.counters.Ledger;
import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.hazelcast.EmbeddedHazelcast;
import dev.tallygate.policy.Charge;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A process of the cluster that counts, and has limiters decide: told what to do by lines on its
 * standard input, each of which is answered by a line of JSON.
 *
 * <ul>
 *   <li>{@code drive <json>}: see {@link Drive.Order}
 *   <li>{@code leases <counters>}: heap of a leased counter, in bytes
 *   <li>{@code heap}: bytes in use, collected
 * </ul>
 */
final class LimitsProcess {
  static final String LEASED = "leased";
  static final String EXACT = "exact";
  static final String EXACT_DECISION = "exact, not settled";
  static final String BUCKET = "bucket4j";
  static final String REDIS = "redis";
  static final String GUBERNATOR = "gubernator";
  static final String ENVOY = "ratelimit";

  /** Leased, with a limit of the largest customers: 100,000 calls a minute. */
  static final String LEASED_MINUTE = "leased-minute";

  /** Makes the counters that {@link #EXACT} counts on be there, and settles nothing. */
  static final String EXACT_ONCE = "exact-once";

  /** Three exact limits of one grant: how much more than one they take. */
  static final String EXACT_THREE = "exact-three";

  private static final long DAY = 86_400;
  private static final JsonMapper JSON = new JsonMapper();

  private final EmbeddedHazelcast hazelcast;
  private final CountedStore store;
  private final Drive drive;
  private final int loops;
  private final Map<String, String> ports;
  private final Map<String, List<Limiter>> limiters = new HashMap<>();
  private final List<LeasingCounterStore> leasing = new ArrayList<>();
  private final ScheduledExecutorService tidying = Executors.newSingleThreadScheduledExecutor();

  private LimitsProcess(EmbeddedHazelcast hazelcast, int loops, Map<String, String> ports) {
    this.hazelcast = hazelcast;
    this.store = new CountedStore(hazelcast.counterStore());
    this.drive = new Drive(loops);
    this.loops = loops;
    this.ports = ports;
  }

  /**
   * @param args role, port, ports of the data members, loops, and of others {@code name=port}
   */
  public static void main(String[] args) throws IOException {
    List<String> members = List.of(args[2].split(","));
    ClusterSettings settings =
        new ClusterSettings(
            "limits-" + args[1],
            "limits",
            ClusterSettings.Role.valueOf(args[0]),
            members.size(),
            new ClusterSettings.Bind("127.0.0.1", Integer.parseInt(args[1])),
            new ClusterSettings.Join.Members(
                members.stream().map(port -> "127.0.0.1:" + port).toList()),
            new ClusterSettings.Secret("limits-limits-limits"),
            ClusterSettings.DEFAULT_HEARTBEAT_INTERVAL,
            ClusterSettings.DEFAULT_HEARTBEAT_TIMEOUT,
            Optional.empty());
    Map<String, String> ports = new HashMap<>();
    for (int i = 4; i < args.length; i++) {
      ports.put(args[i].split("=")[0], args[i].split("=")[1]);
    }
    LimitsProcess process =
        new LimitsProcess(EmbeddedHazelcast.start(settings), Integer.parseInt(args[3]), ports);
    process.awaitCounts();
    System.out.println("{\"ready\":true}");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      System.out.println(process.answer(line));
    }
    // Nothing is to be handed on, and nobody waits.
    Runtime.getRuntime().halt(0);
  }

  private String answer(String line) throws IOException {
    if (line.startsWith("drive ")) {
      return JSON.writeValueAsString(drive(JSON.readValue(line.substring(6), Drive.Order.class)));
    }
    if (line.startsWith("leases ")) {
      return "{\"bytes\":" + bytesOfLease(Integer.parseInt(line.substring(7))) + "}";
    }
    return "{\"bytes\":" + heap() + "}";
  }

  private void awaitCounts() {
    Limiter first = exact(List.of(LedgerLimiter.charge("warm-up", DAY, Limiter.MAX)));
    while (first
        .admit(0, Runnable::run)
        .handle((room, lost) -> lost != null)
        .toCompletableFuture()
        .join()) {
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private Drive.Outcome drive(Drive.Order order) {
    List<Limiter> each = limiters.computeIfAbsent(order.limiter(), this::open);
    long before = store.calls().sum();
    Drive.Outcome outcome = drive.run(order, each);
    return new Drive.Outcome(
        outcome.admitted(),
        outcome.refused(),
        outcome.failed(),
        outcome.nanos(),
        outcome.p50Micros(),
        outcome.p99Micros(),
        store.calls().sum() - before,
        outcome.failure());
  }

  private List<Limiter> open(String limiter) {
    return switch (limiter) {
      case LEASED -> each(() -> leased(LedgerLimiter.charge(LEASED, DAY, Limiter.MAX)));
      case LEASED_MINUTE -> each(() -> leased(LedgerLimiter.charge(LEASED, 60, 100_000)));
      case EXACT -> each(() -> exact(List.of(LedgerLimiter.charge(EXACT, DAY, Limiter.MAX))));
      case EXACT_ONCE ->
          each(
              () ->
                  new LedgerLimiter(
                      new Ledger(store, 1, Clock.systemUTC()),
                      List.of(LedgerLimiter.charge(EXACT, DAY, Limiter.MAX)),
                      false));
      case EXACT_DECISION ->
          // Of a second, so that what is never settled is forgotten soon.
          each(
              () ->
                  new LedgerLimiter(
                      new Ledger(store, 1, Clock.systemUTC()),
                      List.of(LedgerLimiter.charge("decision", 1, Limiter.MAX)),
                      false));
      case EXACT_THREE ->
          each(
              () ->
                  exact(
                      List.of(
                          LedgerLimiter.charge("first", DAY, Limiter.MAX),
                          LedgerLimiter.charge("second", DAY, Limiter.MAX),
                          LedgerLimiter.charge("third", DAY, Limiter.MAX))));
      case BUCKET ->
          each(() -> new BucketLimiter(Hazelcast.getAllHazelcastInstances().iterator().next()));
      case REDIS -> each(() -> new RedisLimiter(port(REDIS)));
      case GUBERNATOR -> each(() -> GrpcLimiter.gubernator(port(GUBERNATOR)));
      case ENVOY -> each(() -> GrpcLimiter.envoy(port(ENVOY)));
      default -> throw new IllegalArgumentException("no limiter " + limiter);
    };
  }

  private int port(String name) {
    return Integer.parseInt(ports.get(name));
  }

  private List<Limiter> each(Supplier<Limiter> one) {
    List<Limiter> all = new ArrayList<>();
    for (int i = 0; i < loops; i++) {
      all.add(one.get());
    }
    return all;
  }

  private Limiter leased(Charge charge) {
    LeasingCounterStore leases = new LeasingCounterStore(store);
    leasing.add(leases);
    tidying.scheduleWithFixedDelay(leases::tidy, 100, 100, TimeUnit.MILLISECONDS);
    return new LedgerLimiter(new Ledger(leases, 1, Clock.systemUTC()), List.of(charge));
  }

  /** Straight at the cluster's store, however large the limit is. */
  private Limiter exact(List<Charge> charges) {
    CounterStore asked = store;
    return new LedgerLimiter(new Ledger(asked, 1, Clock.systemUTC()), charges);
  }

  /** What a counter takes in a process that has leased of it, which it does while it is used. */
  private long bytesOfLease(int counters) {
    LeasingCounterStore leases = new LeasingCounterStore(store);
    Limiter limiter =
        new LedgerLimiter(
            new Ledger(leases, 1, Clock.systemUTC()),
            List.of(LedgerLimiter.charge("held", DAY, Limiter.MAX)));
    long before = heap();
    try (Drive one = new Drive(1)) {
      one.run(new Drive.Order("held", 0, counters, 64, 0, 0), List.of(limiter));
    }
    long after = heap();
    long bytes = (after - before) / Math.max(1, leases.size());
    leases.close();
    return bytes;
  }

  private static long heap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
