package dev.tallygate.counters;

import java.math.BigDecimal;
import java.util.List;

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
  public record Hold(CounterKey key, BigDecimal amount, long window) {}

  public Reservation {
    holds = List.copyOf(holds);
  }
}
