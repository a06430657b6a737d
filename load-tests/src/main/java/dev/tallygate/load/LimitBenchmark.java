package dev.tallygate.load;

import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.InMemoryCounterStore;
import dev.tallygate.counters.Ledger;
import dev.tallygate.counters.LedgerResult;
import dev.tallygate.counters.Outcome;
import dev.tallygate.counters.Subjects;
import dev.tallygate.hazelcast.EmbeddedHazelcast;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Decision;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A limit reserved and settled, as one call after the other would. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    jvmArgsAppend = {
      "-Xmx2g",
      "-Djava.util.concurrent.ForkJoinPool.common.parallelism=4",
      "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
      "--add-opens=java.base/java.lang=ALL-UNNAMED",
      "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
      "--add-opens=java.management/sun.management=ALL-UNNAMED",
      "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED"
    })
public class LimitBenchmark {
  /** The store that counts. */
  @Param({"memory", "hazelcast"})
  public String store;

  private final AtomicLong calls = new AtomicLong();
  private EmbeddedHazelcast hazelcast;
  private Ledger ledger;
  private List<Charge> charges;
  private final Subjects subjects = new Subjects("target/load", Optional.empty(), "target");

  /** Starts the store. */
  @Setup
  public void start() {
    CounterStore counts;
    if (store.equals("hazelcast")) {
      hazelcast = EmbeddedHazelcast.standalone();
      counts = hazelcast.counterStore();
    } else {
      // A millisecond a call: reservations are remembered for 10 s, and a tight loop is not a load.
      long start = System.currentTimeMillis();
      counts = new InMemoryCounterStore(() -> Instant.ofEpochMilli(start + calls.get()));
    }
    ledger = new Ledger(counts, 1, Clock.systemUTC());
    Decision decision = Samples.policy(1).decide(SampleCall.TOOL, Samples.arguments(false));
    charges = ((Decision.Allow) decision).charges();
  }

  /** Ends the store. */
  @TearDown
  public void end() {
    if (hazelcast != null) {
      hazelcast.close();
    }
  }

  /** Reserves, waits, settles, waits. */
  @Benchmark
  public List<String> reserveAndSettle() {
    calls.incrementAndGet();
    LedgerResult result = ledger.reserve(charges, subjects).toCompletableFuture().join();
    return ledger.settle((LedgerResult.Held) result, Outcome.OK).toCompletableFuture().join();
  }
}
