package dev.tallygate.hazelcast;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import java.util.List;
import java.util.Optional;

/**
 * One step on the counters of one subject, as {@link CounterTable} has it.
 *
 * @param <R> what the caller is answered; null where it is of no use to say
 */
sealed interface TableStep<R> {
  /** Takes the step on the table, at the clock's time in milliseconds since the epoch. */
  R apply(CounterTable table, long clockMillis);

  /** Whether a step with this answer changed the table. */
  boolean changed(R answer);

  /** What is answered where there is no table. */
  R withoutTable();

  /** Of a subject that has no table yet; empty where the step needs one that is there. */
  default Optional<Birth> birth() {
    return Optional.empty();
  }

  /**
   * Holds units, all claims or none. Answers null where there is no table and no birth was given.
   */
  record Reserve(String id, List<Claim> claims, Optional<Birth> birth)
      implements TableStep<ReserveResult> {
    @Override
    public ReserveResult apply(CounterTable table, long clockMillis) {
      return table.reserve(id, claims, clockMillis);
    }

    @Override
    public boolean changed(ReserveResult answer) {
      return answer instanceof Reserved;
    }

    @Override
    public ReserveResult withoutTable() {
      return null;
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

    @Override
    public Boolean withoutTable() {
      return false;
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

    @Override
    public Boolean withoutTable() {
      return false;
    }
  }

  /**
   * Gives a reservation back whole, and keeps one that is still under way from holding anything.
   *
   * @param birth that of the reservation, which may come to a subject without a table after this
   */
  record Cancel(String id, Optional<Birth> birth) implements TableStep<Boolean> {
    @Override
    public Boolean apply(CounterTable table, long clockMillis) {
      table.cancel(id, clockMillis);
      return true;
    }

    @Override
    public boolean changed(Boolean cancelled) {
      return true;
    }

    @Override
    public Boolean withoutTable() {
      return false;
    }
  }
}
