package dev.tallygate.registry;

import java.util.Optional;

/**
 * What a keeper answers.
 *
 * @param agreed whether it did what it was asked
 * @param promised attempts before this one are refused
 * @param ballot of what it keeps; {@link Ballot#NONE} for a blank keeper, which keeps nothing
 * @param edition what it keeps; left out where the asker said that it has it
 */
public record Held(boolean agreed, Ballot promised, Ballot ballot, Optional<Edition> edition) {
  /** Whether nothing is kept: a new data member, or one that lost its disk. */
  public boolean isBlank() {
    return ballot.equals(Ballot.NONE);
  }
}
