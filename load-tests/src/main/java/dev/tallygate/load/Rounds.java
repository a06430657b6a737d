package dev.tallygate.load;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Sums up rounds. On a machine that others use too, a run is compared with the run without a proxy
 * of its own round, a few seconds away, and the median over the rounds is taken.
 */
public final class Rounds {
  private Rounds() {}

  /** The middle value; of an even number, the mean of the two in the middle. */
  public static double median(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("no rounds");
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** Median of one figure of each round. */
  public static <T> double median(List<T> rounds, ToDoubleFunction<T> figure) {
    return median(rounds.stream().mapToDouble(figure).toArray());
  }

  /** Median of the differences of each round. */
  static <T> double medianAdded(List<T> rounds, List<T> baseline, ToDoubleFunction<T> figure) {
    double[] added = new double[rounds.size()];
    for (int i = 0; i < added.length; i++) {
      added[i] = figure.applyAsDouble(rounds.get(i)) - figure.applyAsDouble(baseline.get(i));
    }
    return median(added);
  }

  /** Median of the ratios of each round. */
  public static <T> double medianRatio(
      List<T> rounds, List<T> baseline, ToDoubleFunction<T> figure) {
    double[] ratios = new double[rounds.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = figure.applyAsDouble(rounds.get(i)) / figure.applyAsDouble(baseline.get(i));
    }
    return median(ratios);
  }
}
