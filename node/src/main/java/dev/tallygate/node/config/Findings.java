package dev.tallygate.node.config;

import dev.tallygate.json.Position;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Finding.Severity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What one reading finds wrong, collected so that all of it is told at once. */
final class Findings {
  private final Path file;
  private final List<ConfigFinding> found = new ArrayList<>();

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

  /** The known name that a mistyped one most likely meant. */
  static Optional<String> nearest(String name, Collection<String> known) {
    int bound = Math.max(1, Math.min(3, name.length() / 3));
    return known.stream()
        .filter(candidate -> distance(name, candidate) <= bound)
        .min(Comparator.comparingInt(candidate -> distance(name, candidate)));
  }

  /** Edits between two names, ignoring case: Levenshtein's distance. */
  private static int distance(String left, String right) {
    int[] row = new int[right.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= left.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        boolean same =
            Character.toLowerCase(left.charAt(i - 1)) == Character.toLowerCase(right.charAt(j - 1));
        int replaced = diagonal + (same ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[right.length()];
  }
}
