package dev.tallygate.sessions;

import java.util.Set;

/**
 * What is settled when a session is opened, and never changes after.
 *
 * @param grantId the grant that opened it
 * @param declared what the client said that it can be asked
 */
public record Opening(String grantId, Set<String> declared) {
  public Opening {
    declared = Set.copyOf(declared);
  }
}
