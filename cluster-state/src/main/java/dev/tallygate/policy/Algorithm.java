package dev.tallygate.policy;

/** How a limit's window moves. */
public enum Algorithm {
  /** Windows aligned to UTC; the count starts again with each. */
  FIXED,
  /** No interval of the window's length ever holds more than the maximum. */
  SLIDING
}
