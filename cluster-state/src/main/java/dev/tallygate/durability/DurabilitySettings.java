package dev.tallygate.durability;

import java.time.Duration;

/**
 * Whether and how counts are written down.
 *
 * @param shortestWindow counts of windows that are no longer are not written: they end before a
 *     process that was killed is back
 * @param answerWithin how long a step waits for the database, before limits go on without it
 */
public record DurabilitySettings(
    Mode mode, Duration shortestWindow, Duration answerWithin, DatabaseSettings database) {
  public static final Duration DEFAULT_SHORTEST_WINDOW = Duration.ofSeconds(10);
  public static final Duration DEFAULT_ANSWER_WITHIN = Duration.ofSeconds(1);
  public static final Duration LONGEST_SHORTEST_WINDOW = Duration.ofHours(1);

  /** When a count is written. */
  public enum Mode {
    /** Within about a second, many changes at once. */
    SECONDS,
    /** Before the step that changed it is answered. */
    STRICT
  }

  public DurabilitySettings {
    if (shortestWindow.isNegative() || shortestWindow.compareTo(LONGEST_SHORTEST_WINDOW) > 0) {
      throw new IllegalArgumentException(
          "windows from " + shortestWindow + " on are too long to be left out");
    }
  }
}
