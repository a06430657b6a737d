package dev.tallygate.counters;

import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

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
 * <p>A table may know nothing of what was charged before some time, because those who kept it were
 * lost. Of a counter whose window began before that, it does not say that there is room.
 *
 * <p>Not thread-safe: the store that owns the table lets one thread in at a time.
 */
public final class CounterTable {
  /** How long a reservation is known by its id at the least, be it settled or cancelled. */
  public static final Duration REMEMBERED = Duration.ofSeconds(10);

  private static final int FIRST_SWEEP = 64;

  /** Who asks for more than one call gets at most one part in so many of what is left. */
  private static final BigDecimal SHARE_OF_ROOM = BigDecimal.valueOf(3);

  private static final int SHARE_SCALE = 9;

  private static final int CHANGES_PER_MILLI_BITS = 10;

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
   * @param change number of the last change of what is charged: of two states of one subject the
   *     one with the higher number is the newer; 0 where nothing was ever charged
   * @param blindBefore of what was charged before it nothing is known, in milliseconds since the
   *     epoch; empty where all is known
   * @param reservations those that have ended in the order in which they are forgotten
   */
  public record Contents(
      long latest,
      long change,
      OptionalLong blindBefore,
      Map<CounterKey, List<Charged>> charged,
      List<Remembered> reservations) {

    /**
     * What is charged of counters with longer windows, and no reservations: enough to go on from,
     * since what is held stays charged until its window ends.
     */
    public Contents lastingLongerThan(Duration window) {
      Map<CounterKey, List<Charged>> lasting = new HashMap<>(charged);
      lasting.keySet().removeIf(key -> key.windowSeconds() <= window.toSeconds());
      return new Contents(latest, change, blindBefore, lasting, List.of());
    }

    /** When the last of what is charged will have ended, in milliseconds since the epoch. */
    public long endsAt() {
      long end = latest;
      for (Map.Entry<CounterKey, List<Charged>> count : charged.entrySet()) {
        List<Charged> slots = count.getValue();
        long last = slots.get(slots.size() - 1).slot();
        end = Math.max(end, Slots.of(count.getKey()).endOfCharge(last));
      }
      return end;
    }
  }

  private final Map<CounterKey, Count> counts = new HashMap<>();
  private final Map<String, Remembered> reservations = new HashMap<>();

  /**
   * Settled or cancelled; the first to be forgotten comes first, since time never steps back. What
   * came to be known anew is in it twice.
   */
  private final Deque<Remembered> ended = new ArrayDeque<>();

  private final OptionalLong blindBefore;
  private long latest;

  /** When the last of all that was ever charged ends. */
  private long lastEnd = Long.MIN_VALUE;

  private long change;

  /** The change that was last written down by this table's owner. */
  private long keptChange;

  /** What steps have touched since {@link #noteChanges}, where that was asked for. */
  private Optional<Touched> touched = Optional.empty();

  /** Few, so that a look through all of them costs less than a set would. */
  private record Touched(List<Count> counts, List<Remembered> reservations) {
    void count(Count count) {
      if (!counts.contains(count)) {
        counts.add(count);
      }
    }
  }

  private int sweepAbove = FIRST_SWEEP;

  /** An empty table, before which nothing was charged. */
  public CounterTable() {
    this(OptionalLong.empty());
  }

  /**
   * An empty table.
   *
   * @param blindBefore of what was charged before it nothing is known, in milliseconds since the
   *     epoch
   */
  public CounterTable(OptionalLong blindBefore) {
    this.blindBefore = blindBefore;
    latest = Long.MIN_VALUE;
  }

  /** A table as it was when its contents were taken. */
  public CounterTable(Contents contents) {
    latest = contents.latest();
    change = contents.change();
    blindBefore = contents.blindBefore();
    contents.charged().forEach(this::put);
    contents.reservations().forEach(this::takeOver);
    sweepAbove = nextSweep();
  }

  /** A copy of all that the table holds. */
  public Contents contents() {
    Map<CounterKey, List<Charged>> charged = new HashMap<>();
    counts.forEach((key, count) -> charged.put(key, count.charged()));
    List<Remembered> all = new ArrayList<>(reservations.values());
    all.removeIf(one -> one.state() != State.HELD);
    ended.stream().filter(one -> reservations.get(one.id()) == one).forEach(all::add);
    return new Contents(latest, change, blindBefore, charged, all);
  }

  /**
   * Numbers are at least the time in 1024ths of a millisecond. So a table that began anew, since
   * nobody could tell it of its predecessor, is still the newer of the two.
   */
  private long nextChange() {
    return Math.max(change + 1, latest << CHANGES_PER_MILLI_BITS);
  }

  /** Whether something was charged or given back since this was asked last. */
  public boolean takeChanged() {
    boolean changed = change != keptChange;
    keptChange = change;
    return changed;
  }

  /** Begins to note what steps change, for {@link #changes}. */
  public void noteChanges() {
    touched = Optional.of(new Touched(new ArrayList<>(2), new ArrayList<>(2)));
  }

  /**
   * What has changed since {@link #noteChanges}: as it is now, not by how much it changed. A copy
   * of the table, as it was then, is as this one once it {@linkplain #apply applied} them.
   */
  public Contents changes() {
    Touched since = touched.orElseThrow();
    touched = Optional.empty();
    if (!since.counts().isEmpty()) {
      change = nextChange();
    }
    Map<CounterKey, List<Charged>> charged = new HashMap<>();
    for (Count count : since.counts()) {
      charged.put(count.key(), count.charged());
    }
    return new Contents(latest, change, blindBefore, charged, since.reservations());
  }

  /** Takes over what has changed elsewhere. */
  public void apply(Contents changes) {
    latest = Math.max(latest, changes.latest());
    change = Math.max(change, changes.change());
    changes.charged().forEach(this::put);
    changes.reservations().forEach(this::takeOver);
    forget(latest);
  }

  /**
   * Holds every claim or none. A claim that wants more than its amount gets a multiple of it: a
   * share of the room that is left, so that others find some too.
   *
   * @param clockMillis the clock's time in milliseconds since the epoch
   * @return {@link Unavailable} only where the reservation was cancelled before it arrived, or the
   *     table does not know all of a claim's window
   */
  public ReserveResult reserve(String id, List<Claim> claims, long clockMillis) {
    if (claims.isEmpty()) {
      throw new IllegalArgumentException("a reservation needs a claim");
    }
    Claim.requireDistinct(claims);
    long now = tell(clockMillis);
    Remembered earlier = remembered(id, now);
    if (earlier != null) {
      noteAgain(earlier);
      return earlier.state() == State.CANCELLED
          ? new Unavailable(claims.get(0).key(), "the reservation was cancelled")
          : reserved(id, earlier.holds(), now);
    }
    Optional<Exceeded> refusal = longestRefusal(claims, now, clockMillis);
    if (refusal.isPresent()) {
      return refusal.get();
    }
    Optional<CounterKey> unknown = unknown(claims, now);
    if (unknown.isPresent()) {
      return new Unavailable(unknown.get(), "what was counted in its window was lost");
    }
    List<Reservation.Hold> holds = new ArrayList<>(claims.size());
    long windowsEnd = now + REMEMBERED.toMillis();
    for (Claim claim : claims) {
      BigDecimal amount = amountFor(claim, now);
      Count count = charge(claim.key(), amount, now);
      holds.add(new Reservation.Hold(count.key(), amount, count.lastSlot(now)));
      windowsEnd = Math.max(windowsEnd, count.end());
    }
    remember(new Remembered(id, State.HELD, holds, windowsEnd));
    forget(now);
    return reserved(id, holds, now);
  }

  private static Reserved reserved(String id, List<Reservation.Hold> holds, long now) {
    long until = Long.MAX_VALUE;
    for (Reservation.Hold hold : holds) {
      until = Math.min(until, Slots.of(hold.key()).end(hold.window()));
    }
    return new Reserved(new Reservation(id, holds), Duration.ofMillis(Math.max(0, until - now)));
  }

  private BigDecimal amountFor(Claim claim, long now) {
    if (claim.wanted().compareTo(claim.amount()) == 0) {
      return claim.amount();
    }
    BigDecimal room = claim.max().subtract(used(claim.key(), now));
    BigDecimal share =
        claim.wanted().min(room.divide(SHARE_OF_ROOM, SHARE_SCALE, RoundingMode.DOWN));
    if (claim.amount().signum() == 0) {
      return share;
    }
    BigDecimal calls = share.divideToIntegralValue(claim.amount()).max(BigDecimal.ONE);
    return claim.amount().multiply(calls);
  }

  /**
   * Ends a reservation and gives back what it holds beyond {@code most}, to the slots that were
   * charged, where they are still charged.
   *
   * @return whether this call ended it: false where it is unknown, ended, or forgotten
   */
  public boolean settle(String id, List<Reservation.Hold> most, long clockMillis) {
    long now = tell(clockMillis);
    Remembered reservation = remembered(id, now);
    if (reservation == null || reservation.state() != State.HELD) {
      return false;
    }
    giveBackBeyond(most, reservation, now);
    end(id, State.SETTLED, reservation.holds(), now);
    return true;
  }

  /**
   * As {@link #settle}, and keeps it held.
   *
   * @return whether anything was given back
   */
  public boolean shrink(String id, List<Reservation.Hold> most, long clockMillis) {
    long now = tell(clockMillis);
    Remembered reservation = remembered(id, now);
    if (reservation == null || reservation.state() != State.HELD) {
      return false;
    }
    List<Reservation.Hold> kept = giveBackBeyond(most, reservation, now);
    remember(new Remembered(id, State.HELD, kept, reservation.forgetAt()));
    return !kept.equals(reservation.holds());
  }

  private List<Reservation.Hold> giveBackBeyond(
      List<Reservation.Hold> most, Remembered reservation, long now) {
    if (most.isEmpty()) {
      return reservation.holds();
    }
    Map<CounterKey, BigDecimal> bounds = new HashMap<>();
    most.forEach(hold -> bounds.put(hold.key(), hold.amount()));
    List<Reservation.Hold> kept = new ArrayList<>();
    for (Reservation.Hold hold : reservation.holds()) {
      BigDecimal bound = bounds.getOrDefault(hold.key(), hold.amount());
      BigDecimal back = hold.amount().subtract(bound).max(BigDecimal.ZERO);
      if (back.signum() > 0) {
        giveBack(hold, back, now);
      }
      kept.add(new Reservation.Hold(hold.key(), hold.amount().subtract(back), hold.window()));
    }
    return kept;
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
      reservation.holds().forEach(hold -> giveBack(hold, hold.amount(), now));
      end(id, State.CANCELLED, reservation.holds(), now);
    }
  }

  /** What is in use of a counter. Changes nothing. */
  public CounterStore.Usage usage(CounterKey key, long clockMillis) {
    long now = Math.max(latest, clockMillis);
    Slots slots = Slots.of(key);
    long lastCharged = slots.at(now);
    if (slots.charged() > 1) {
      Count count = counts.get(key);
      if (count == null || count.end() <= now) {
        return new CounterStore.Usage(BigDecimal.ZERO, Duration.ZERO);
      }
      lastCharged = count.lastSlot(now);
    }
    return new CounterStore.Usage(
        used(key, now), Duration.ofMillis(slots.endOfCharge(lastCharged) - clockMillis));
  }

  /** Counters and reservations in memory. */
  public int size() {
    return counts.size() + reservations.size();
  }

  /** The latest time that it was told, in milliseconds since the epoch. */
  public long latest() {
    return latest;
  }

  /** When the last of what the table holds now will have ended, in milliseconds since the epoch. */
  public long endsAt() {
    return Math.max(latest, lastEnd);
  }

  /** Whether it is known what is charged of a counter now. */
  public boolean knows(CounterKey key, long clockMillis) {
    long now = Math.max(latest, clockMillis);
    Slots slots = Slots.of(key);
    return blindBefore.isEmpty() || !slots.isCharged(slots.at(blindBefore.getAsLong()), now);
  }

  /** A counter that gives no room without its count, before one that may. */
  private Optional<CounterKey> unknown(List<Claim> claims, long now) {
    return claims.stream()
        .filter(claim -> !knows(claim.key(), now))
        .min(Comparator.comparing(Claim::onStoreLoss))
        .map(Claim::key);
  }

  /**
   * This table and an older one of the same subject as one, such as that of a part of the cluster
   * that was cut off: of each slot the larger count, since neither need know of all that was
   * charged. As blind as this one. What only the other still holds stays charged and can no longer
   * be given back: where this one has the larger count, it may not be in it.
   */
  public CounterTable mergedWith(CounterTable other) {
    Map<CounterKey, List<Charged>> charged = new HashMap<>();
    Map<String, Remembered> byId = new HashMap<>();
    for (CounterTable each : List.of(this, other)) {
      each.counts.forEach(
          (key, count) -> charged.merge(key, count.charged(), CounterTable::largerOfEach));
    }
    byId.putAll(reservations);
    for (Remembered one : other.reservations.values()) {
      // What one part has ended has ended.
      if (one.state() != State.HELD) {
        byId.put(one.id(), one);
      }
    }
    List<Remembered> inOrder =
        byId.values().stream().sorted(Comparator.comparingLong(Remembered::forgetAt)).toList();
    return new CounterTable(
        new Contents(
            Math.max(latest, other.latest),
            Math.max(change, other.change) + 1,
            blindBefore,
            charged,
            inOrder));
  }

  private static List<Charged> largerOfEach(List<Charged> one, List<Charged> other) {
    TreeMap<Long, BigDecimal> bySlot = new TreeMap<>();
    one.forEach(each -> bySlot.merge(each.slot(), each.units(), BigDecimal::max));
    other.forEach(each -> bySlot.merge(each.slot(), each.units(), BigDecimal::max));
    List<Charged> merged = new ArrayList<>(bySlot.size());
    bySlot.forEach((slot, units) -> merged.add(new Charged(slot, units)));
    return merged;
  }

  private long tell(long clockMillis) {
    latest = Math.max(latest, clockMillis);
    return latest;
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
    return counts.get(claim.key()).freeAt(used.add(claim.amount()).subtract(claim.max()), now);
  }

  private BigDecimal used(CounterKey key, long now) {
    Count count = counts.get(key);
    return count == null ? BigDecimal.ZERO : count.used(now);
  }

  private Count charge(CounterKey key, BigDecimal amount, long now) {
    Count count = counts.get(key);
    if (count == null) {
      count = new Count(key);
      counts.put(key, count);
    }
    count.charge(amount, now);
    lastEnd = Math.max(lastEnd, count.end());
    note(count);
    return count;
  }

  private void giveBack(Reservation.Hold hold, BigDecimal units, long now) {
    Count count = counts.get(hold.key());
    if (count != null && count.giveBack(hold.window(), units, now)) {
      note(count);
    }
  }

  /** Takes over a reservation as it is elsewhere; thousands of one counter share its key. */
  private void takeOver(Remembered one) {
    List<Reservation.Hold> holds = new ArrayList<>(one.holds().size());
    for (Reservation.Hold hold : one.holds()) {
      Count count = counts.get(hold.key());
      holds.add(
          count == null ? hold : new Reservation.Hold(count.key(), hold.amount(), hold.window()));
    }
    remember(new Remembered(one.id(), one.state(), holds, one.forgetAt()));
  }

  /** Takes over a counter as it is elsewhere. */
  private void put(CounterKey key, List<Charged> charged) {
    Count before = counts.get(key);
    Count count = new Count(before == null ? key : before.key(), charged);
    counts.put(count.key(), count);
    lastEnd = Math.max(lastEnd, count.end());
  }

  private void note(Count count) {
    touched.ifPresent(since -> since.count(count));
  }

  private void remember(Remembered reservation) {
    reservations.put(reservation.id(), reservation);
    if (reservation.state() != State.HELD) {
      ended.addLast(reservation);
    }
    touched.ifPresent(since -> since.reservations().add(reservation));
  }

  /** Who missed the first request's change, since that one failed on its way, is told now. */
  private void noteAgain(Remembered reservation) {
    touched.ifPresent(
        since -> {
          since.reservations().add(reservation);
          for (Reservation.Hold hold : reservation.holds()) {
            Optional.ofNullable(counts.get(hold.key())).ifPresent(since::count);
          }
        });
  }

  private Remembered remembered(String id, long now) {
    Remembered found = reservations.get(id);
    return found == null || found.forgetAt() <= now ? null : found;
  }

  private void end(String id, State state, List<Reservation.Hold> holds, long now) {
    remember(new Remembered(id, state, holds, now + REMEMBERED.toMillis()));
    forget(now);
  }

  private void forget(long now) {
    while (!ended.isEmpty() && ended.getFirst().forgetAt() <= now) {
      Remembered oldest = ended.removeFirst();
      reservations.remove(oldest.id(), oldest);
    }
    if (lasting() > sweepAbove) {
      reservations.values().removeIf(one -> one.state() == State.HELD && one.forgetAt() <= now);
      counts.values().removeIf(count -> count.end() <= now);
      sweepAbove = nextSweep();
    }
  }

  private int nextSweep() {
    return Math.max(FIRST_SWEEP, 2 * lasting());
  }

  /** How much is here that no order says when to forget. */
  private int lasting() {
    return counts.size() + reservations.size() - ended.size();
  }
}
