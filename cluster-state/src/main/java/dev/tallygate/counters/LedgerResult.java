package dev.tallygate.counters;

import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Denial;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the ledger answers before a call. */
public sealed interface LedgerResult {
  /**
   * Every limit of the call found room, or goes uncounted as its policy allows. Settle it once the
   * call is over.
   *
   * @param shared what the shared store holds, if anything
   * @param local what this node holds of its own share while the shared count is away
   * @param charges the charge behind every counter that is held
   * @param uncounted names of counters that let the call through without counting it
   */
  record Held(
      Optional<Reservation> shared,
      Optional<Reservation> local,
      Map<CounterKey, Charge> charges,
      List<String> uncounted)
      implements LedgerResult {
    public Held {
      charges = Map.copyOf(charges);
      uncounted = List.copyOf(uncounted);
    }
  }

  /**
   * A limit has no room, or its count cannot be had; nothing is held.
   *
   * @param denial what the agent is told
   * @param retryAfter when the same call could find room; empty where that is never, or not known
   * @param charge the charge that stopped the call
   * @param cause why the count cannot be had, for the operator's log
   */
  record Refused(
      Denial denial, Optional<Duration> retryAfter, Charge charge, Optional<String> cause)
      implements LedgerResult {}
}
