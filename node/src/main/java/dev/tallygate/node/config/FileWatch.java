package dev.tallygate.node.config;

import dev.tallygate.registry.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Notices that files hold something else than what was read from them.
 *
 * <p>Each look compares the files' attributes, links followed, and reads them again when one
 * differs: so it sees writes, replaced files and swapped links alike. Attributes alone could miss a
 * second write within the clock's grain, so for some looks after a change, and now and then
 * besides, the contents are compared whatever the attributes say (Git's index calls such entries
 * "racily clean"). A change is reported once two looks in a row saw the same contents, so that a
 * file is not read half written. Not thread-safe.
 */
final class FileWatch {
  /** What a look has seen. */
  enum Look {
    SAME,
    /** Something is being written: look again soon. */
    SETTLING,
    CHANGED
  }

  private static final int LOOKS_AFTER_CHANGE = 10;
  private static final int LOOKS_BETWEEN_READS = 20;
  private static final int MOST_LOOKS_TO_SETTLE = 20;

  private record Attributes(long size, FileTime modified, Object key) {}

  private Map<Path, Optional<Sha256>> known = Map.of();
  private Map<Path, Optional<Sha256>> pending = Map.of();
  private Map<Path, Optional<Attributes>> attributes = Map.of();
  private int settling;
  private int readsDue;
  private int looksSinceRead;

  /** From now on these files are compared with what was read from them. */
  void expect(Map<Path, Optional<Sha256>> read) {
    known = Map.copyOf(read);
    settling = 0;
    readsDue = LOOKS_AFTER_CHANGE;
  }

  Look look() {
    Map<Path, Optional<Attributes>> now = new HashMap<>();
    known.keySet().forEach(file -> now.put(file, attributes(file)));
    if (!now.equals(attributes)) {
      readsDue = LOOKS_AFTER_CHANGE;
    }
    attributes = now;
    if (readsDue == 0 && settling == 0 && ++looksSinceRead < LOOKS_BETWEEN_READS) {
      return Look.SAME;
    }
    looksSinceRead = 0;
    readsDue = Math.max(0, readsDue - 1);
    Map<Path, Optional<Sha256>> contents = new HashMap<>();
    known.keySet().forEach(file -> contents.put(file, Surroundings.digest(file)));
    if (contents.equals(known)) {
      settling = 0;
      return Look.SAME;
    }
    boolean settled = settling > 0 && contents.equals(pending);
    if (settled || settling == MOST_LOOKS_TO_SETTLE) {
      return Look.CHANGED;
    }
    pending = contents;
    settling++;
    return Look.SETTLING;
  }

  private static Optional<Attributes> attributes(Path file) {
    try {
      BasicFileAttributes read = Files.readAttributes(file, BasicFileAttributes.class);
      return Optional.of(new Attributes(read.size(), read.lastModifiedTime(), key(read)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Object key(BasicFileAttributes read) {
    return read.fileKey() == null ? "" : read.fileKey();
  }
}
