package dev.tallygate.counters;

import dev.tallygate.counters.Lease.Taken;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.strategy.stress.StressOptions;
import org.junit.jupiter.api.Test;

/**
 * Whatever threads do at once with what is leased of a counter, they could have done one after the
 * other: no unit is taken twice, and none is lost.
 */
public class LeasedCounterLincheckTest {
  private static final int LEASED = 3;

  private final CounterKey key = new CounterKey(Scope.GRANT, "alice", "calls", 60, Algorithm.FIXED);
  private final Claim one =
      new Claim(key, BigDecimal.ONE, BigDecimal.valueOf(LEASED), OnStoreLoss.DENY);
  private final AtomicInteger ids = new AtomicInteger();
  private final Taken first;
  private final Taken second;
  private final LeasedCounter counter;

  /** A counter all of whose units are leased, and two of them spent. */
  public LeasedCounterLincheckTest() {
    ManualClock clock = new ManualClock(Instant.parse("2026-03-01T12:00:00Z"));
    counter =
        new LeasedCounter(
            key,
            one.max(),
            new InMemoryCounterStore(clock),
            () -> "lease-" + ids.incrementAndGet(),
            Runnable::run,
            () -> 0L);
    Claim all = new Claim(key, one.max(), one.max(), OnStoreLoss.DENY);
    LeasedCounter.Answer.Given given = (LeasedCounter.Answer.Given) counter.await(all).join();
    counter.callEnded(given.taken(), one.max());
    first = counter.take(one).orElseThrow();
    second = counter.take(one).orElseThrow();
  }

  /** Takes a unit for a call. */
  @Operation
  public boolean take() {
    return counter.take(one).isPresent();
  }

  /** Ends a call that did not run. */
  @Operation(runOnce = true)
  public void endFirst() {
    counter.callEnded(first, BigDecimal.ONE);
  }

  /** Ends another. */
  @Operation(runOnce = true)
  public void endSecond() {
    counter.callEnded(second, BigDecimal.ONE);
  }

  /** Units that are not spent. */
  @Operation
  public int unspent() {
    return counter.unspent().intValueExact();
  }

  @Test
  void takingIsLinearizable() {
    LinChecker.check(
        LeasedCounterLincheckTest.class,
        new StressOptions()
            .iterations(6)
            .invocationsPerIteration(300)
            .threads(3)
            .actorsPerThread(3)
            .sequentialSpecification(OneAfterTheOther.class));
  }

  /** What is right where nothing happens at once. */
  public static final class OneAfterTheOther {
    private int left = LEASED - 2;

    /** Takes a unit for a call. */
    public boolean take() {
      boolean taken = left > 0;
      left -= taken ? 1 : 0;
      return taken;
    }

    /** Ends a call that did not run. */
    public void endFirst() {
      left++;
    }

    /** Ends another. */
    public void endSecond() {
      left++;
    }

    /** Units that are not spent. */
    public int unspent() {
      return left;
    }
  }
}
