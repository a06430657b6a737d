package dev.tallygate.node.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of one log: the one that is written, such as {@code audit.jsonl}, and the rotated ones,
 * {@code audit-000000000001.jsonl}, each named by the number of its first record.
 */
final class LogFiles {
  private final Path current;
  private final Path directory;
  private final String stem;
  private final String suffix;
  private final Pattern rotated;

  LogFiles(Path file) {
    this.current = file.toAbsolutePath().normalize();
    this.directory = current.getParent();
    String name = current.getFileName().toString();
    int dot = name.lastIndexOf('.');
    this.stem = dot > 0 ? name.substring(0, dot) : name;
    this.suffix = dot > 0 ? name.substring(dot) : "";
    this.rotated = Pattern.compile(Pattern.quote(stem) + "-([0-9]{12,18})" + Pattern.quote(suffix));
  }

  Path current() {
    return current;
  }

  Path directory() {
    return directory;
  }

  /** The name that the current file gets once it is rotated. */
  Path rotated(long firstSeq) {
    return directory.resolve(stem + "-" + String.format("%012d", firstSeq) + suffix);
  }

  /** Rotated files by the number in their name, oldest first. */
  SortedMap<Long, Path> rotated() throws IOException {
    SortedMap<Long, Path> found = new TreeMap<>();
    List<Path> all;
    try (Stream<Path> entries = Files.list(directory)) {
      all = entries.toList();
    }
    for (Path path : all) {
      Matcher matcher = rotated.matcher(path.getFileName().toString());
      if (matcher.matches()) {
        found.put(Long.parseLong(matcher.group(1)), path);
      }
    }
    return found;
  }
}
