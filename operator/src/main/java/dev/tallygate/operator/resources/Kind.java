package dev.tallygate.operator.resources;

/** The kinds of resources in the group {@code tallygate.dev}. */
public enum Kind {
  POLICY("Policy", "policies"),
  SERVER("McpServer", "mcpservers"),
  GRANT("Grant", "grants");

  private final String singular;
  private final String plural;

  Kind(String singular, String plural) {
    this.singular = singular;
    this.plural = plural;
  }

  /** As {@code kind} says it. */
  public String singular() {
    return singular;
  }

  /** As a URL of the API says it. */
  public String plural() {
    return plural;
  }
}
