package dev.tallygate.node.config;

import dev.tallygate.policy.Finding;
import java.nio.file.Path;
import java.util.Locale;

/**
 * One thing that is wrong, or odd, in the configuration or in a policy file that it names.
 *
 * @param file the file to correct
 */
public record ConfigFinding(Path file, Finding finding) {
  public boolean isError() {
    return finding.severity() == Finding.Severity.ERROR;
  }

  /** As compilers print it, so that editors and terminals can jump to the place. */
  @Override
  public String toString() {
    return file
        + ":"
        + finding.position()
        + ": "
        + finding.severity().name().toLowerCase(Locale.ROOT)
        + ": "
        + finding.message()
        + (finding.pointer().isEmpty() ? "" : " (at " + finding.pointer() + ")");
  }
}
