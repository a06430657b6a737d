package dev.tallygate.load.accuracy;

import dev.tallygate.policy.Algorithm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What happens to a cluster while calls are made on all of its nodes. */
enum Scenario {
  CALM("calm"),
  BURST("burst of 3x at the start of each window") {
    @Override
    boolean isBurst() {
      return true;
    }

    @Override
    double demand() {
      return 3;
    }
  },
  SKEW("demand of 80/15/5") {
    @Override
    double[] shares(int nodes) {
      double[] shares = new double[nodes];
      double[] uneven = nodes == 1 ? new double[] {1} : new double[] {0.80, 0.15, 0.05};
      System.arraycopy(uneven, 0, shares, 0, Math.min(nodes, uneven.length));
      return shares;
    }
  },
  KILL_ONE("kill -9 of an owner", 3) {
    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(1.4);
      cluster.kill(1);
    }
  },
  KILL_TWO("kill -9 of two at once", 5) {
    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(1.4);
      cluster.kill(1);
      cluster.kill(2);
    }
  },
  ROLLING("rolling restart", 3) {
    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(0.4);
      for (int number : cluster.numbers()) {
        cluster.leave(number);
        cluster.start(number, "MEMBER");
        clock.load(cluster, number);
      }
    }
  },
  SCALE("gateways come and go under load", 3) {
    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(0.4);
      cluster.start(10, "GATEWAY");
      cluster.start(11, "GATEWAY");
      clock.load(cluster, 10);
      clock.load(cluster, 11);
      clock.awaitWindows(2.2);
      cluster.leave(10);
      cluster.kill(11);
    }
  },
  PARTITION("one node cut off, then healed", 3) {
    @Override
    boolean needsNetwork() {
      return true;
    }

    @Override
    double windows() {
      return 6;
    }

    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(1.3);
      cluster.network().cutOff(OLDEST);
      clock.awaitWindows(3.6);
      cluster.network().heal(OLDEST);
    }
  },
  ONE_WAY("one node heard by nobody, then healed", 3) {
    @Override
    boolean needsNetwork() {
      return true;
    }

    @Override
    double windows() {
      return 6;
    }

    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      List<Integer> others = new ArrayList<>(cluster.numbers());
      others.remove(Integer.valueOf(OLDEST));
      clock.awaitWindows(1.3);
      cluster.network().mute(OLDEST, others);
      clock.awaitWindows(3.6);
      cluster.network().unmute(OLDEST, others);
    }
  },
  FROZEN("one process frozen for 20 s", 3) {
    @Override
    double windows() {
      return 6;
    }

    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(1.3);
      cluster.signal(OLDEST, "STOP");
      clock.awaitSeconds(20);
      cluster.signal(OLDEST, "CONT");
    }
  },
  CLOCK_AHEAD("clock 5 s ahead; then that process is killed", 3) {
    @Override
    long skewMillis(int number) {
      return number == OLDEST ? MOST_SKEW_MILLIS : 0;
    }

    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(2.4);
      cluster.kill(OLDEST);
    }
  },
  CLOCK_BEHIND("clock 5 s behind; then that process is killed", 3) {
    @Override
    long skewMillis(int number) {
      return number == OLDEST ? -MOST_SKEW_MILLIS : 0;
    }

    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(2.4);
      cluster.kill(OLDEST);
    }
  },
  CLOCK_JUMPS("clock jumps 60 s ahead, then back") {
    @Override
    double windows() {
      return 6;
    }

    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(1.3);
      cluster.setClock(OLDEST, 60_000);
      clock.awaitWindows(3.6);
      cluster.setClock(OLDEST, 0);
    }
  },
  COLD_RESTART("kill -9 of all, and start again, with durability strict") {
    @Override
    boolean needsDatabase() {
      return true;
    }

    @Override
    double windows() {
      return 2;
    }

    /** More than enough: the first window is nearly used up at the end, and asked for after. */
    @Override
    double demand() {
      return 3;
    }

    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(0.25);
      List<Integer> all = cluster.numbers();
      for (int number : all) {
        cluster.kill(number);
      }
      cluster.start();
      for (int number : all) {
        clock.load(cluster, number);
      }
    }
  },
  DATABASE_AWAY("database cut off, then back, with durability strict") {
    @Override
    boolean needsDatabase() {
      return true;
    }

    @Override
    double windows() {
      return 2;
    }

    @Override
    void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {
      clock.awaitWindows(0.3);
      cluster.database().cut();
      clock.awaitWindows(1.3);
      cluster.database().heal();
    }
  };

  /** As a rule the first to start; the oldest member notices its losses one by one. */
  private static final int OLDEST = 0;

  private static final long MOST_SKEW_MILLIS = 5_000;

  /** Long enough for a cluster to end and to be back within it; short ones are not written. */
  private static final int DURABLE_WINDOW_SECONDS = 60;

  private static final double DEMAND = 1.2;

  /** Where a node fails, so that the others still ask for all there is. */
  private static final double DEMAND_WITH_FAULTS = 1.8;

  private final String title;
  private final int leastNodes;

  Scenario(String title) {
    this(title, 1);
  }

  Scenario(String title, int leastNodes) {
    this.title = title;
    this.leastNodes = leastNodes;
  }

  String title() {
    return title;
  }

  int leastNodes() {
    return leastNodes;
  }

  boolean isBurst() {
    return false;
  }

  /** Whether processes need networks of their own. */
  boolean needsNetwork() {
    return false;
  }

  /** Whether counts are written to a database, each before the call that it is for goes on. */
  boolean needsDatabase() {
    return false;
  }

  int windowSeconds(int usual) {
    return needsDatabase() ? DURABLE_WINDOW_SECONDS : usual;
  }

  /** Calls offered for each unit of room. */
  double demand() {
    return isWithoutFaults() ? DEMAND : DEMAND_WITH_FAULTS;
  }

  /** How far the clock of a process is off when it starts. */
  long skewMillis(int number) {
    return 0;
  }

  /** How far the time that windows go by may be from the machine's. */
  long mostSkewMillis() {
    return switch (this) {
      case CLOCK_AHEAD, CLOCK_BEHIND, CLOCK_JUMPS -> MOST_SKEW_MILLIS;
      default -> 0;
    };
  }

  /** How many windows the calls go on. */
  double windows() {
    return 4;
  }

  /** Whether all nodes are there for all of the time. */
  private boolean isWithoutFaults() {
    return this == CALM || this == BURST || this == SKEW;
  }

  /** Whether nothing is in the way of a limit's use. */
  boolean usesInFull(Algorithm algorithm) {
    // A burst a window after another is refused early, by a sub-window.
    return isWithoutFaults() && !(isBurst() && algorithm == Algorithm.SLIDING);
  }

  /** Which part of the calls comes to each node. */
  double[] shares(int nodes) {
    double[] shares = new double[nodes];
    java.util.Arrays.fill(shares, 1.0 / nodes);
    return shares;
  }

  void happen(LedgerCluster cluster, Clock clock) throws IOException, InterruptedException {}

  /** The time of a run, from the beginning of its first window. */
  interface Clock {
    /** Waits for so many windows since the beginning. */
    void awaitWindows(double windows) throws InterruptedException;

    void awaitSeconds(double seconds) throws InterruptedException;

    /** Lets a node that came later make calls too. */
    void load(LedgerCluster cluster, int number) throws IOException;
  }
}
