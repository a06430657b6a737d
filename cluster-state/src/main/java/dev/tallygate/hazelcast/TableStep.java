package dev.tallygate.hazelcast;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import java.util.List;

/**
 * One step on the counters of one subject, as {@link CounterTable} has it.
 *
 * @param <R> what the caller is answered
 */
sealed interface TableStep<R> {
  /** Takes the step on the table, at the clock's time in milliseconds since the epoch. */
  R apply(CounterTable table, long clockMillis);

  /** Whether a step with this answer changed the table. */
  boolean changed(R answer);

  /** Holds units, all claims or none. */
  record Reserve(String id, List<Claim> claims) implements TableStep<ReserveResult> {
    @Override
    public ReserveResult apply(CounterTable table, long clockMillis) {
      return table.reserve(id, claims, clockMillis);
    }

    @Override
    public boolean changed(ReserveResult answer) {
      return answer instanceof Reserved;
    }
  }

  /** Ends a reservation, and gives back what it holds beyond that; answers whether this did. */
  record Settle(String id, List<Reservation.Hold> most) implements TableStep<Boolean> {
    @Override
    public Boolean apply(CounterTable table, long clockMillis) {
      return table.settle(id, most, clockMillis);
    }

    @Override
    public boolean changed(Boolean ended) {
      return ended;
    }
  }

  /**
   * Gives back what a reservation that goes on holds beyond that; answers whether there was any.
   */
  record Shrink(String id, List<Reservation.Hold> most) implements TableStep<Boolean> {
    @Override
    public Boolean apply(CounterTable table, long clockMillis) {
      return table.shrink(id, most, clockMillis);
    }

    @Override
    public boolean changed(Boolean shrunk) {
      return shrunk;
    }
  }

  /**
   * Gives a reservation back whole, and keeps one that is still under way from holding anything.
   */
  record Cancel(String id) implements TableStep<Boolean> {
    @Override
    public Boolean apply(CounterTable table, long clockMillis) {
      table.cancel(id, clockMillis);
      return true;
    }

    @Override
    public boolean changed(Boolean cancelled) {
      return true;
    }
  }
}
