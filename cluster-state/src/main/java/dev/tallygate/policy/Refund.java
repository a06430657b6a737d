package dev.tallygate.policy;

/**
 * When a reservation is given back after the call. Ordered from the least given back to the most.
 */
public enum Refund {
  NEVER,
  /** Only when the call certainly did not run. */
  NOT_RUN,
  /** Also when the server answered with an error or {@code isError}. */
  ERROR
}
