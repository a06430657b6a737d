package dev.tallygate.durability;

import dev.tallygate.counters.CounterTable.Contents;

/** What is written down of a subject. */
public sealed interface KeptCounts {
  /** These were written last. */
  record Found(Contents contents) implements KeptCounts {}

  /** Nothing is written that counts. */
  record None() implements KeptCounts {}

  /** Nobody can tell, since the database cannot be had. */
  record Unknown() implements KeptCounts {}
}
