package dev.tallygate.policy;

/** Who shares a counter. */
public enum Scope {
  /** One client: each grant counts for itself. */
  GRANT,
  /** One MCP session; counts by grant where the client's era has no sessions. */
  SESSION,
  /** All grants of one server. */
  SERVER,
  /** Everything that this cluster guards. */
  CLUSTER
}
