package dev.tallygate.policy;

import java.util.List;
import java.util.Optional;

/**
 * What came of reading a policy: the policy, unless there was an error, and everything found.
 *
 * @param policy present exactly when no finding is an error
 * @param findings errors and warnings, in the order of the document
 */
public record PolicyReading(Optional<Policy> policy, List<Finding> findings) {
  public PolicyReading {
    findings = List.copyOf(findings);
  }
}
