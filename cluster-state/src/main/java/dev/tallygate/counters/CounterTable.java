package dev.tallygate.counters;

import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Counters and the reservations that hold units of them: the rules of {@link CounterStore} as a
 * plain, mutable table. Every store keeps its counts in such tables, so the rules are written once.
 *
 * <p>Each method is told the clock's time; the table goes by the latest time it was ever told, so
 * its windows never go backwards. Refusals change nothing but that time.
 *
 * <p>Memory: counts go once their windows have ended. A reservation is remembered until it is
 * settled or its windows have ended, and in any case for {@link #REMEMBERED}, so that a request
 * repeated after a lost answer finds it. Those that are settled or cancelled are forgotten in the
 * order in which they ended, as soon as their time is over; what else has ended is swept when the
 * table has doubled since the last sweep.
 *
 * <p>Not thread-safe: the store that owns the table lets one thread in at a time.
 */
public final class CounterTable {
  /** How long a reservation is known by its id at the least, be it settled or cancelled. */
  public static final Duration REMEMBERED = Duration.ofSeconds(10);

  private static final int FIRST_SWEEP = 64;

  /** Units charged in one slot of a counter. */
  public record Charged(long slot, BigDecimal units) {}

  /** What has become of a reservation. */
  public enum State {
    HELD,
    SETTLED,
    /** Given back whole; a request to reserve that arrives late finds this and holds nothing. */
    CANCELLED
  }

  /**
   * A reservation as the table remembers it.
   *
   * @param forgetAt milliseconds since the epoch
   */
  public record Remembered(String id, State state, List<Reservation.Hold> holds, long forgetAt) {
    public Remembered {
      holds = List.copyOf(holds);
    }
  }

  /**
   * All that a table holds, for storage and transport.
   *
   * @param latest the latest time the table was told, in milliseconds since the epoch
   * @param reservations those that have ended in the order in which they are forgotten
   */
  public record Contents(
      long latest, Map<CounterKey, List<Charged>> charged, List<Remembered> reservations) {}

  private final Map<CounterKey, Deque<Charged>> counts = new HashMap<>();
  private final Map<String, Remembered> held = new HashMap<>();

  /** Settled or cancelled; the first to be forgotten comes first, since time never steps back. */
  private final Map<String, Remembered> ended = new LinkedHashMap<>();

  private long latest;
  private int sweepAbove = FIRST_SWEEP;

  /** An empty table. */
  public CounterTable() {
    latest = Long.MIN_VALUE;
  }

  /** A table as it was when its contents were taken. */
  public CounterTable(Contents contents) {
    latest = contents.latest();
    contents.charged().forEach((key, charged) -> counts.put(key, new ArrayDeque<>(charged)));
    contents
        .reservations()
        .forEach(one -> (one.state() == State.HELD ? held : ended).put(one.id(), one));
    sweepAbove = nextSweep();
  }

  /** A copy of all that the table holds. */
  public Contents contents() {
    Map<CounterKey, List<Charged>> charged = new HashMap<>();
    counts.forEach((key, slots) -> charged.put(key, List.copyOf(slots)));
    List<Remembered> reservations = new ArrayList<>(held.values());
    reservations.addAll(ended.values());
    return new Contents(latest, charged, reservations);
  }

  /**
   * Holds every claim or none.
   *
   * @param clockMillis the clock's time in milliseconds since the epoch
   * @return {@link Unavailable} only where the reservation was cancelled before it arrived
   */
  public ReserveResult reserve(String id, List<Claim> claims, long clockMillis) {
    requireDistinct(claims);
    long now = tell(clockMillis);
    Remembered earlier = remembered(id, now);
    if (earlier != null) {
      return earlier.state() == State.CANCELLED
          ? new Unavailable(claims.get(0).key(), "the reservation was cancelled")
          : new Reserved(new Reservation(id, earlier.holds()));
    }
    Optional<Exceeded> refusal = longestRefusal(claims, now, clockMillis);
    if (refusal.isPresent()) {
      return refusal.get();
    }
    List<Reservation.Hold> holds = new ArrayList<>(claims.size());
    long windowsEnd = now + REMEMBERED.toMillis();
    for (Claim claim : claims) {
      Slots slots = Slots.of(claim.key());
      long slot = slots.at(now);
      charge(claim.key(), slot, claim.amount(), now);
      holds.add(new Reservation.Hold(claim.key(), claim.amount(), slot));
      windowsEnd = Math.max(windowsEnd, slots.endOfCharge(slot));
    }
    held.put(id, new Remembered(id, State.HELD, holds, windowsEnd));
    forget(now);
    return new Reserved(new Reservation(id, holds));
  }

  /**
   * Ends a reservation and gives back the units of {@code refunded} counters, each to the slot that
   * was charged, where that is still charged.
   *
   * @return whether this call ended it: false where it is unknown, ended, or forgotten
   */
  public boolean settle(String id, Set<CounterKey> refunded, long clockMillis) {
    long now = tell(clockMillis);
    Remembered reservation = remembered(id, now);
    if (reservation == null || reservation.state() != State.HELD) {
      return false;
    }
    for (Reservation.Hold hold : reservation.holds()) {
      if (refunded.contains(hold.key())) {
        giveBack(hold, now);
      }
    }
    end(id, State.SETTLED, reservation.holds(), now);
    return true;
  }

  /**
   * Gives a reservation back whole. One that is not here yet will hold nothing when it arrives; one
   * that was settled stays as it is.
   */
  public void cancel(String id, long clockMillis) {
    long now = tell(clockMillis);
    Remembered reservation = remembered(id, now);
    if (reservation == null) {
      end(id, State.CANCELLED, List.of(), now);
    } else if (reservation.state() == State.HELD) {
      reservation.holds().forEach(hold -> giveBack(hold, now));
      end(id, State.CANCELLED, reservation.holds(), now);
    }
  }

  /** What is in use of a counter. Changes nothing. */
  public CounterStore.Usage usage(CounterKey key, long clockMillis) {
    long now = Math.max(latest, clockMillis);
    Slots slots = Slots.of(key);
    long lastCharged = slots.at(now);
    if (slots.charged() > 1) {
      Deque<Charged> charged = counts.get(key);
      if (charged == null || !slots.isCharged(charged.getLast().slot(), now)) {
        return new CounterStore.Usage(BigDecimal.ZERO, Duration.ZERO);
      }
      lastCharged = charged.getLast().slot();
    }
    return new CounterStore.Usage(
        used(key, now), Duration.ofMillis(slots.endOfCharge(lastCharged) - clockMillis));
  }

  /** Counters and reservations in memory. */
  public int size() {
    return counts.size() + held.size() + ended.size();
  }

  /** When the last of what the table holds now will have ended, in milliseconds since the epoch. */
  public long endsAt() {
    long end = latest;
    for (Map.Entry<CounterKey, Deque<Charged>> count : counts.entrySet()) {
      end = Math.max(end, endOfCharge(count.getKey(), count.getValue()));
    }
    return end;
  }

  private long tell(long clockMillis) {
    latest = Math.max(latest, clockMillis);
    return latest;
  }

  private static void requireDistinct(List<Claim> claims) {
    if (claims.isEmpty()) {
      throw new IllegalArgumentException("a reservation needs a claim");
    }
    Set<CounterKey> keys = new HashSet<>();
    for (Claim claim : claims) {
      if (!keys.add(claim.key())) {
        throw new IllegalArgumentException("two claims of one counter: " + claim.key());
      }
    }
  }

  private Optional<Exceeded> longestRefusal(List<Claim> claims, long now, long clockMillis) {
    Exceeded longest = null;
    for (Claim claim : claims) {
      BigDecimal used = used(claim.key(), now);
      if (used.add(claim.amount()).compareTo(claim.max()) <= 0) {
        continue;
      }
      if (claim.amount().compareTo(claim.max()) > 0) {
        return Optional.of(new Exceeded(claim.key(), used, Optional.empty()));
      }
      Duration wait = Duration.ofMillis(roomAt(claim, used, now) - clockMillis);
      if (longest == null || wait.compareTo(longest.retryAfter().orElseThrow()) > 0) {
        longest = new Exceeded(claim.key(), used, Optional.of(wait));
      }
    }
    return Optional.ofNullable(longest);
  }

  private long roomAt(Claim claim, BigDecimal used, long now) {
    Slots slots = Slots.of(claim.key());
    BigDecimal excess = used.add(claim.amount()).subtract(claim.max());
    for (Charged charged : counts.get(claim.key())) {
      if (slots.isCharged(charged.slot(), now)) {
        excess = excess.subtract(charged.units());
        if (excess.signum() <= 0) {
          return slots.endOfCharge(charged.slot());
        }
      }
    }
    throw new IllegalStateException("no slot of " + claim.key() + " makes room");
  }

  private BigDecimal used(CounterKey key, long now) {
    BigDecimal used = BigDecimal.ZERO;
    Deque<Charged> slots = counts.get(key);
    if (slots != null) {
      Slots shape = Slots.of(key);
      for (Charged charged : slots) {
        if (shape.isCharged(charged.slot(), now)) {
          used = used.add(charged.units());
        }
      }
    }
    return used;
  }

  private void charge(CounterKey key, long slot, BigDecimal amount, long now) {
    Deque<Charged> slots = counts.computeIfAbsent(key, unused -> new ArrayDeque<>(2));
    Slots shape = Slots.of(key);
    while (!slots.isEmpty() && !shape.isCharged(slots.getFirst().slot(), now)) {
      slots.removeFirst();
    }
    BigDecimal before = BigDecimal.ZERO;
    if (!slots.isEmpty() && slots.getLast().slot() == slot) {
      before = slots.removeLast().units();
    }
    slots.addLast(new Charged(slot, before.add(amount)));
  }

  private void giveBack(Reservation.Hold hold, long now) {
    Deque<Charged> slots = counts.get(hold.key());
    if (slots == null || !Slots.of(hold.key()).isCharged(hold.window(), now)) {
      return;
    }
    // Rotated once around, so that the order of the slots stays.
    for (int left = slots.size(); left > 0; left--) {
      Charged charged = slots.removeFirst();
      slots.addLast(
          charged.slot() == hold.window()
              ? new Charged(charged.slot(), charged.units().subtract(hold.amount()))
              : charged);
    }
  }

  private Remembered remembered(String id, long now) {
    Remembered found = held.getOrDefault(id, ended.get(id));
    return found == null || found.forgetAt() <= now ? null : found;
  }

  private void end(String id, State state, List<Reservation.Hold> holds, long now) {
    held.remove(id);
    ended.remove(id); // put anew, so that it comes last
    ended.put(id, new Remembered(id, state, holds, now + REMEMBERED.toMillis()));
    forget(now);
  }

  private void forget(long now) {
    Iterator<Remembered> oldest = ended.values().iterator();
    while (oldest.hasNext() && oldest.next().forgetAt() <= now) {
      oldest.remove();
    }
    if (counts.size() + held.size() > sweepAbove) {
      held.values().removeIf(one -> one.forgetAt() <= now);
      counts.entrySet().removeIf(count -> endOfCharge(count.getKey(), count.getValue()) <= now);
      sweepAbove = nextSweep();
    }
  }

  private int nextSweep() {
    return Math.max(FIRST_SWEEP, 2 * (counts.size() + held.size()));
  }

  private static long endOfCharge(CounterKey key, Deque<Charged> slots) {
    return Slots.of(key).endOfCharge(slots.getLast().slot());
  }
}
