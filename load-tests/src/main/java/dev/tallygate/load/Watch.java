package dev.tallygate.load;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a node and this machine do meanwhile: looked at twice a second, and through a probe. */
final class Watch implements AutoCloseable {
  private static final Pattern PAUSE = Pattern.compile("Pause.* ([0-9.]+)ms");
  private static final Pattern BUCKET =
      Pattern.compile("tallygate_event_loop_(lag|busy)_seconds_bucket\\{le=\"([^\"]+)\",?} (\\S+)");
  private static final long PROBE_NANOS = 5_000_000;

  private final BoundsNode node;
  private final Scraper scraper;
  private final Thread probe;
  private final Thread looks;
  private volatile double maxStall;
  private volatile double maxHeap;
  private volatile double maxResident;
  private volatile boolean ended;

  /**
   * The longest of many times, as far as a histogram tells: more than one bound and no more than
   * the next, in milliseconds.
   *
   * @param over50 how many were more than 50 ms
   */
  record Longest(double moreThan, double atMost, long over50) {
    static final Longest UNKNOWN = new Longest(0, Double.POSITIVE_INFINITY, 0);

    @Override
    public String toString() {
      return this.equals(UNKNOWN)
          ? "?"
          : (Double.isInfinite(atMost) ? "> 2500" : Long.toString(Math.round(atMost)))
              + (over50 == 0 ? "" : " (" + over50 + ")");
    }
  }

  /**
   * A period.
   *
   * @param lag how late an event loop came to what waited
   * @param busy how much CPU time it used meanwhile
   * @param pause the longest of the collector, milliseconds
   * @param stall the longest time that a sleeping thread of this process was late, milliseconds
   * @param heapMib most that was used
   * @param residentMib most that was resident
   */
  record Period(
      Longest lag, Longest busy, double pause, double stall, double heapMib, double residentMib) {

    /** Whether an event loop worked without a break for longer than that. */
    boolean holdsALoop(double millis) {
      return busy.moreThan() >= millis;
    }
  }

  private Map<Double, Double> lags;
  private Map<Double, Double> busies;
  private int collections;

  Watch(BoundsNode node, Scraper scraper) throws IOException {
    this.node = node;
    this.scraper = scraper;
    String exposition = scraper.scrape();
    this.lags = times("lag", exposition);
    this.busies = times("busy", exposition);
    this.collections = node.collections().size();
    probe = daemon(this::probe);
    looks = daemon(this::look);
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "watch");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void probe() {
    while (!ended) {
      long due = System.nanoTime() + PROBE_NANOS;
      LockSupport.parkNanos(PROBE_NANOS);
      maxStall = Math.max(maxStall, (System.nanoTime() - due) / 1e6);
    }
  }

  private void look() {
    while (!ended) {
      try {
        maxHeap = Math.max(maxHeap, heapMib(scraper.scrape()));
        maxResident =
            Math.max(maxResident, node.process().residentBytes(false).orElse(0) / 1048576.0);
      } catch (LoadFailure | IOException e) {
        // Told where the period is taken.
      }
      LockSupport.parkNanos(500_000_000);
    }
  }

  static double heapMib(String exposition) {
    return Scraper.sum(exposition, "jvm_memory_bytes_used{area=\"heap\",}") / 1048576;
  }

  private static Map<Double, Double> times(String which, String exposition) {
    Map<Double, Double> times = new TreeMap<>();
    Matcher bucket = BUCKET.matcher(exposition);
    while (bucket.find()) {
      if (bucket.group(1).equals(which)) {
        double bound =
            bucket.group(2).equals("+Inf")
                ? Double.POSITIVE_INFINITY
                : Double.parseDouble(bucket.group(2)) * 1e3;
        times.put(bound, Double.parseDouble(bucket.group(3)));
      }
    }
    return times;
  }

  private static Longest longest(Map<Double, Double> before, Map<Double, Double> now) {
    double all = 0;
    double below = 0;
    double moreThan = 0;
    double atMost = 0;
    double within50 = 0;
    for (Map.Entry<Double, Double> bucket : now.entrySet()) {
      double count = bucket.getValue() - before.getOrDefault(bucket.getKey(), 0.0);
      if (count > all) {
        atMost = bucket.getKey();
        moreThan = below;
      }
      within50 = bucket.getKey() <= 50.001 ? count : within50;
      all = Math.max(all, count);
      below = bucket.getKey();
    }
    return new Longest(moreThan, atMost, Math.round(all - within50));
  }

  /** What there was since the last time; lag and busy are unknown of a node that does not tell. */
  Period taken() throws IOException {
    Longest lag = Longest.UNKNOWN;
    Longest busy = Longest.UNKNOWN;
    try {
      String exposition = scraper.scrape();
      lag = longest(lags, times("lag", exposition));
      busy = longest(busies, times("busy", exposition));
      lags = times("lag", exposition);
      busies = times("busy", exposition);
    } catch (LoadFailure e) {
      // That it did not recover is told where the attack is.
    }
    double pause = 0;
    List<String> log = node.collections();
    for (String line : log.subList(Math.min(collections, log.size()), log.size())) {
      Matcher paused = PAUSE.matcher(line);
      if (paused.find()) {
        pause = Math.max(pause, Double.parseDouble(paused.group(1)));
      }
    }
    collections = log.size();
    Period period = new Period(lag, busy, pause, maxStall, maxHeap, maxResident);
    maxStall = 0;
    maxHeap = 0;
    maxResident = 0;
    return period;
  }

  static String text(Period period) {
    return String.format(
        Locale.ROOT,
        "lag %s ms, busy %s ms, pause %.1f ms, stall %.1f ms, heap %.0f MiB, RSS %.0f MiB",
        period.lag(),
        period.busy(),
        period.pause(),
        period.stall(),
        period.heapMib(),
        period.residentMib());
  }

  @Override
  public void close() {
    ended = true;
    LockSupport.unpark(probe);
    LockSupport.unpark(looks);
  }
}
