package dev.tallygate.counters;

import dev.tallygate.counters.CounterTable.Charged;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** One counter of a {@link CounterTable}: what is charged in its slots, the oldest first. */
final class Count {
  private final CounterKey key;
  private final Slots shape;
  private final Deque<Charged> slots;

  /** With nothing charged. */
  Count(CounterKey key) {
    this(key, new ArrayDeque<>(2));
  }

  /** As it was when {@link #charged} was asked. */
  Count(CounterKey key, List<Charged> charged) {
    this(key, new ArrayDeque<>(charged));
  }

  private Count(CounterKey key, Deque<Charged> slots) {
    this.key = key;
    this.shape = Slots.of(key);
    this.slots = slots;
  }

  /** The one object for its key: what is remembered of the counter need not keep another. */
  CounterKey key() {
    return key;
  }

  List<Charged> charged() {
    return List.copyOf(slots);
  }

  /** Where nothing was charged yet, the slot that holds {@code now}. */
  long lastSlot(long now) {
    return slots.isEmpty() ? shape.at(now) : slots.getLast().slot();
  }

  BigDecimal used(long now) {
    BigDecimal used = BigDecimal.ZERO;
    for (Charged each : slots) {
      if (shape.isCharged(each.slot(), now)) {
        used = used.add(each.units());
      }
    }
    return used;
  }

  /** When so much of what is in use now will be charged no more, in milliseconds. */
  long freeAt(BigDecimal units, long now) {
    BigDecimal missing = units;
    for (Charged each : slots) {
      if (shape.isCharged(each.slot(), now)) {
        missing = missing.subtract(each.units());
        if (missing.signum() <= 0) {
          return shape.endOfCharge(each.slot());
        }
      }
    }
    throw new IllegalStateException("no slot of " + key + " makes room");
  }

  /** Charges the slot that holds {@code now}, and drops those that are charged no more. */
  void charge(BigDecimal units, long now) {
    while (!slots.isEmpty() && !shape.isCharged(slots.getFirst().slot(), now)) {
      slots.removeFirst();
    }
    long slot = shape.at(now);
    BigDecimal before = BigDecimal.ZERO;
    if (!slots.isEmpty() && slots.getLast().slot() == slot) {
      before = slots.removeLast().units();
    }
    slots.addLast(new Charged(slot, before.add(units)));
  }

  /** Takes units out of the slot that was charged, unless that is charged no more. */
  boolean giveBack(long slot, BigDecimal units, long now) {
    if (!shape.isCharged(slot, now)) {
      return false;
    }
    // Rotated once around, so that the order of the slots stays.
    for (int left = slots.size(); left > 0; left--) {
      Charged each = slots.removeFirst();
      slots.addLast(each.slot() == slot ? new Charged(slot, each.units().subtract(units)) : each);
    }
    return true;
  }

  /** The first millisecond at which nothing is charged any more. */
  long end() {
    return shape.endOfCharge(slots.getLast().slot());
  }
}
