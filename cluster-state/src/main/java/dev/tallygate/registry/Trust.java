package dev.tallygate.registry;

/** How far a server is trusted to say what its tools are. */
public enum Trust {
  /** What it says is taken each time anew. */
  ANY,
  /** What it says first is pinned; what it says otherwise later is held back. */
  FIRST_USE,
  /** Only what is in the lock file passes. */
  PINNED
}
