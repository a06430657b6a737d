package dev.tallygate.load.accuracy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Units of one process by the window that they were charged to, in a mapped file: what is written
 * there is there for others even if the process is killed in the next moment. Thread-safe.
 */
final class UnitLog {
  private static final int RECORD = 24;
  private static final int MOST = 2_000_000;

  /**
   * Units of one subject.
   *
   * @param window number of the window, or sub-window, that they were charged to
   * @param units fewer than none where they were given back
   */
  record Entry(int column, int subject, long window, long units) {
    Entry negated() {
      return new Entry(column, subject, window, -units);
    }
  }

  private final MappedByteBuffer records;
  private final AtomicInteger count = new AtomicInteger();

  private UnitLog(MappedByteBuffer records) {
    this.records = records;
  }

  /** Where a process keeps those that calls went by. */
  static Path admitted(String log) {
    return Path.of(log + ".admitted");
  }

  /** Where a process keeps those that the owner charged, and those that it got back. */
  static Path charged(String log) {
    return Path.of(log + ".charged");
  }

  static UnitLog create(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      return new UnitLog(channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) RECORD * MOST));
    }
  }

  void add(Entry entry) {
    int index = count.getAndIncrement();
    if (index >= MOST) {
      throw new IllegalStateException("more than " + MOST + " entries");
    }
    int at = index * RECORD;
    // Units come last: without them nothing was let through yet.
    records.putInt(at, entry.column()).putInt(at + 4, entry.subject());
    records.putLong(at + 8, entry.window()).putLong(at + 16, entry.units());
  }

  static List<Entry> read(Path file) throws IOException {
    ByteBuffer records = ByteBuffer.wrap(Files.readAllBytes(file));
    List<Entry> all = new ArrayList<>();
    for (int at = 0; at < records.capacity(); at += RECORD) {
      long window = records.getLong(at + 8);
      long units = records.getLong(at + 16);
      if (units != 0) {
        all.add(new Entry(records.getInt(at), records.getInt(at + 4), window, units));
      } else if (window == 0) {
        return all;
      }
    }
    return all;
  }
}
