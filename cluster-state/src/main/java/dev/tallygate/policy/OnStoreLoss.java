package dev.tallygate.policy;

/** What happens while the shared count cannot be had. Ordered from the strictest. */
public enum OnStoreLoss {
  DENY,
  /** Each node admits its share of the limit from its own count. */
  DEGRADE,
  ALLOW
}
