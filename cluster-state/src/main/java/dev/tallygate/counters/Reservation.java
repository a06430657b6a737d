package dev.tallygate.counters;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Units held for one call until it is settled.
 *
 * @param id unique for ever; a reservation is settled at most once by it
 * @param holds what is held, and in which window of each counter
 */
public record Reservation(String id, List<Hold> holds) {
  /**
   * Units held of one counter.
   *
   * @param window number of the window (or sub-window) that was charged; a refund goes there only
   */
  public record Hold(CounterKey key, BigDecimal amount, long window) {
    /** Holds whose window ends latest first, then by scope and subject. */
    public static final Comparator<Hold> LATEST_END_FIRST =
        Comparator.comparingLong(Hold::windowEndMillis)
            .reversed()
            .thenComparing(hold -> hold.key().scope())
            .thenComparing(hold -> hold.key().subject());

    /** When the units are charged no more, in milliseconds since the epoch. */
    public long windowEndMillis() {
      return Slots.of(key).endOfCharge(window);
    }
  }

  public Reservation {
    holds = List.copyOf(holds);
  }

  /** All that is held of these counters. */
  public Map<CounterKey, BigDecimal> unitsOf(Set<CounterKey> keys) {
    Map<CounterKey, BigDecimal> units = new HashMap<>();
    for (Hold hold : holds) {
      if (keys.contains(hold.key())) {
        units.put(hold.key(), hold.amount());
      }
    }
    return units;
  }

  /** What it still holds of counters that something is given back of. */
  public List<Hold> holdsAfter(Map<CounterKey, BigDecimal> givenBack) {
    List<Hold> smaller = new ArrayList<>(givenBack.size());
    for (Hold hold : holds) {
      BigDecimal back = givenBack.get(hold.key());
      if (back != null) {
        BigDecimal left = hold.amount().subtract(back).max(BigDecimal.ZERO);
        smaller.add(new Hold(hold.key(), left, hold.window()));
      }
    }
    return smaller;
  }
}
