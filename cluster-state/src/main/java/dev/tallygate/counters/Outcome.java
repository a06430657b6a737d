package dev.tallygate.counters;

import dev.tallygate.policy.Refund;

/** What became of a call, as far as refunds care. */
public enum Outcome {
  /** The server certainly did not run it. */
  NOT_RUN,
  /** The server answered with an error. */
  ERROR,
  OK,
  /**
   * It may have run: a time-out, a broken stream, a client that went away. Nothing is given back.
   */
  UNKNOWN;

  /** Whether any charge is given back after it. */
  public boolean mayRefund() {
    return this == NOT_RUN || this == ERROR;
  }

  boolean refunds(Refund refund) {
    return switch (refund) {
      case NEVER -> false;
      case NOT_RUN -> this == NOT_RUN;
      case ERROR -> this == NOT_RUN || this == ERROR;
    };
  }
}
