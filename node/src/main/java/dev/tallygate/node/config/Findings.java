package dev.tallygate.node.config;

import dev.tallygate.json.Position;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Finding.Severity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What one reading finds wrong, collected so that all of it is told at once. */
final class Findings {
  private final Path file;
  // A part that is read for two purposes has its errors once.
  private final Set<ConfigFinding> found = new LinkedHashSet<>();

  Findings(Path file) {
    this.file = file;
  }

  void error(String pointer, YamlNode place, String message) {
    error(pointer, place.span().position(), message);
  }

  void error(String pointer, Position place, String message) {
    add(file, new Finding(Severity.ERROR, pointer, place, message));
  }

  void warning(String pointer, YamlNode place, String message) {
    add(file, new Finding(Severity.WARNING, pointer, place.span().position(), message));
  }

  void add(Path inFile, Finding finding) {
    found.add(new ConfigFinding(inFile, finding));
  }

  boolean hasErrors() {
    return found.stream().anyMatch(ConfigFinding::isError);
  }

  /** In the order of the file; those of other files follow. */
  List<ConfigFinding> all() {
    List<ConfigFinding> sorted = new ArrayList<>(found);
    sorted.sort(
        Comparator.comparing((ConfigFinding finding) -> !finding.file().equals(file))
            .thenComparing(ConfigFinding::file)
            .thenComparingInt(finding -> finding.finding().position().line())
            .thenComparingInt(finding -> finding.finding().position().column()));
    return sorted;
  }

  /** The known name that a mistyped or shortened one most likely meant. */
  static Optional<String> nearest(String name, Collection<String> known) {
    if (name.length() > 200) {
      return Optional.empty(); // the table below grows with the length
    }
    int bound = Math.max(1, Math.min(3, name.length() / 3));
    return known.stream()
        .filter(
            candidate ->
                distance(name, candidate) <= bound
                    || name.length() >= 3 && candidate.startsWith(name))
        .min(Comparator.comparingInt(candidate -> distance(name, candidate)));
  }

  /**
   * Edits between two names, ignoring case: insertions, deletions, replacements and swaps of
   * neighbours (optimal string alignment distance).
   */
  private static int distance(String left, String right) {
    String from = left.toLowerCase(Locale.ROOT);
    String to = right.toLowerCase(Locale.ROOT);
    int[][] edits = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          edits[i][j] = i + j;
          continue;
        }
        boolean same = from.charAt(i - 1) == to.charAt(j - 1);
        int least = edits[i - 1][j - 1] + (same ? 0 : 1);
        least = Math.min(least, Math.min(edits[i - 1][j], edits[i][j - 1]) + 1);
        boolean swapped =
            i > 1
                && j > 1
                && from.charAt(i - 1) == to.charAt(j - 2)
                && from.charAt(i - 2) == to.charAt(j - 1);
        edits[i][j] = swapped ? Math.min(least, edits[i - 2][j - 2] + 1) : least;
      }
    }
    return edits[from.length()][to.length()];
  }
}
