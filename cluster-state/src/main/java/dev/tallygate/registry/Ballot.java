package dev.tallygate.registry;

import java.util.Comparator;

/**
 * The place of one attempt to write among all attempts.
 *
 * @param number grows with every attempt
 * @param proposer who attempts; tells two attempts of one number apart
 */
public record Ballot(long number, String proposer) implements Comparable<Ballot> {
  /** Before every attempt. */
  public static final Ballot NONE = new Ballot(0, "");

  private static final Comparator<Ballot> ORDER =
      Comparator.comparingLong(Ballot::number).thenComparing(Ballot::proposer);

  /** The first attempt of a proposer after this one. */
  public Ballot next(String nextProposer) {
    return new Ballot(number + 1, nextProposer);
  }

  public boolean isBefore(Ballot other) {
    return compareTo(other) < 0;
  }

  @Override
  public int compareTo(Ballot other) {
    return ORDER.compare(this, other);
  }
}
