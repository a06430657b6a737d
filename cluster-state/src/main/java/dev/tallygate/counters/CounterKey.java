package dev.tallygate.counters;

import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Scope;
import java.util.Objects;

/**
 * A counter's identity. The policy is not part of it: two policies that name one counter count
 * together, each against its own maximum.
 *
 * @param scope who shares the counter
 * @param subject grant id, session id or server name; empty for {@link Scope#CLUSTER}
 * @param counter the counter's name
 * @param windowSeconds length of the window, from 1 to {@link #LONGEST_WINDOW_SECONDS}
 * @param algorithm how the window moves
 */
public record CounterKey(
    Scope scope, String subject, String counter, long windowSeconds, Algorithm algorithm) {
  /** A hundred years: beyond it, instants times sub-windows leave the range of a long. */
  public static final long LONGEST_WINDOW_SECONDS = 100L * 366 * 24 * 3600;

  public CounterKey {
    Objects.requireNonNull(scope, "scope");
    Objects.requireNonNull(subject, "subject");
    Objects.requireNonNull(counter, "counter");
    Objects.requireNonNull(algorithm, "algorithm");
    if (windowSeconds < 1 || windowSeconds > LONGEST_WINDOW_SECONDS) {
      throw new IllegalArgumentException(
          "counter \""
              + counter
              + "\": a window lasts 1 to "
              + LONGEST_WINDOW_SECONDS
              + " seconds, not "
              + windowSeconds);
    }
  }
}
