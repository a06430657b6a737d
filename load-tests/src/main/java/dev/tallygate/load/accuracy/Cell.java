package dev.tallygate.load.accuracy;

import dev.tallygate.policy.Algorithm;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was found of one column in one run.
 *
 * @param admitted calls that were let through
 * @param refused calls that found no room
 * @param failed calls that were refused because the count could not be had
 * @param over calls that were let through beyond the maximum, in all windows of all subjects
 * @param lost units charged to windows that lay wholly in the run, and that no call went by
 * @param used the part that was used of windows that lay wholly in the run
 * @param longestMillis the longest that a call waited for its answer
 */
record Cell(
    long admitted,
    long refused,
    long failed,
    long over,
    long lost,
    double used,
    double longestMillis) {
  private static final int SUB_WINDOWS = 60;

  /**
   * Time in which windows lay wholly in a run, by the clock that they go by.
   *
   * @param fromMillis when it began
   * @param untilMillis when it ended
   */
  record Span(int windowSeconds, long fromMillis, long untilMillis) {}

  /** What became of calls that were not let through. */
  record Rest(long refused, long failed, double longestMillis) {}

  /**
   * Counts, by the window that each call was charged to.
   *
   * @param admitted what calls went by
   * @param charged what the owner charged
   */
  static Cell of(
      Column column,
      List<UnitLog.Entry> admitted,
      List<UnitLog.Entry> charged,
      Span span,
      Rest rest) {
    boolean sliding = column.algorithm() == Algorithm.SLIDING;
    Map<Integer, TreeMap<Long, Long>> bySubject = bySubject(admitted);
    Map<Integer, TreeMap<Long, Long>> chargedBySubject = bySubject(charged);
    long over = 0;
    long lost = 0;
    long unused = 0;
    long room = 0;
    double slotMillis = span.windowSeconds() * 1000.0 / (sliding ? SUB_WINDOWS : 1);
    for (int subject = 0; subject < column.subjects(); subject++) {
      TreeMap<Long, Long> slots = bySubject.getOrDefault(subject, new TreeMap<>());
      over += sliding ? overSliding(slots, column.max()) : overFixed(slots, column.max());
      long first = (long) Math.ceil(span.fromMillis() / slotMillis);
      long last = (long) Math.floor(span.untilMillis() / slotMillis);
      TreeMap<Long, Long> chargedSlots = chargedBySubject.getOrDefault(subject, new TreeMap<>());
      lost += Math.max(0, sum(chargedSlots, first, last - 1) - sum(slots, first, last - 1));
      for (long slot = first; slot < last; slot += sliding ? SUB_WINDOWS + 1 : 1) {
        if (sliding && slot + SUB_WINDOWS >= last) {
          break;
        }
        long used = sliding ? sum(slots, slot, slot + SUB_WINDOWS) : slots.getOrDefault(slot, 0L);
        room += column.max();
        unused += Math.max(0, column.max() - used);
      }
    }
    return new Cell(
        admitted.size(),
        rest.refused(),
        rest.failed(),
        over,
        lost,
        room == 0 ? Double.NaN : 1 - (double) unused / room,
        rest.longestMillis());
  }

  private static Map<Integer, TreeMap<Long, Long>> bySubject(List<UnitLog.Entry> entries) {
    Map<Integer, TreeMap<Long, Long>> bySubject = new HashMap<>();
    for (UnitLog.Entry one : entries) {
      bySubject
          .computeIfAbsent(one.subject(), first -> new TreeMap<>())
          .merge(one.window(), one.units(), Long::sum);
    }
    return bySubject;
  }

  private static long overFixed(TreeMap<Long, Long> windows, int max) {
    return windows.values().stream().mapToLong(units -> Math.max(0, units - max)).sum();
  }

  /** The most by which any interval of 61 sub-windows is over. */
  private static long overSliding(TreeMap<Long, Long> slots, int max) {
    long over = 0;
    List<Long> starts = new ArrayList<>(slots.keySet());
    for (long start : starts) {
      over = Math.max(over, sum(slots, start, start + SUB_WINDOWS) - max);
    }
    return over;
  }

  private static long sum(TreeMap<Long, Long> slots, long from, long to) {
    return to < from
        ? 0
        : slots.subMap(from, true, to, true).values().stream().mapToLong(units -> units).sum();
  }
}
