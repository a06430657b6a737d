package dev.tallygate.policy;

import java.util.Optional;

/**
 * Why a call was stopped.
 *
 * @param reason the kind of rule that stopped it
 * @param rule JSON Pointer into the policy, or {@code (no policy)}, {@code (hidden)}, {@code
 *     (default deny)}
 * @param name the entry's {@code name} or the limit's {@code counter}
 * @param message what the agent is told: the author's words where there are any
 */
public record Denial(Reason reason, String rule, Optional<String> name, String message) {
  /** The kinds of rule that stop a call, in the order in which they are asked. */
  public enum Reason {
    NO_POLICY,
    HIDDEN,
    DEFAULT_DENY,
    ACTION,
    REQUIRE,
    DENY_IF,
    APPROVAL,
    /** The call's cost could not be read from its arguments. */
    COST,
    /** A limit has no room. Not decided here: the counters say it. */
    LIMIT,
    /** The shared count could not be had, and the limit says deny. */
    STORE_LOSS
  }
}
