package dev.tallygate.policy;

import java.util.List;

/** What a policy says of one call, before any counter is asked. */
public sealed interface Decision {
  /** The call may run if every charge finds room. */
  record Allow(List<Charge> charges) implements Decision {
    public Allow {
      charges = List.copyOf(charges);
    }
  }

  /** The call is stopped. */
  record Deny(Denial denial) implements Decision {}
}
