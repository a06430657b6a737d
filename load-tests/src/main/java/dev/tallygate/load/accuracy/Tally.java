package dev.tallygate.load.accuracy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What became of the calls of one process, by column, in a mapped file: what was counted is there
 * for others even if the process is killed in the next moment. Thread-safe.
 */
final class Tally {
  private static final int MOST_COLUMNS = 16;

  /** What is counted. */
  enum Count {
    REFUSED,
    FAILED,
    LONGEST_NANOS
  }

  private final ByteBuffer counts;

  private Tally(ByteBuffer counts) {
    this.counts = counts;
  }

  /** Where a process keeps it. */
  static Path file(String log) {
    return Path.of(log + ".tally");
  }

  static Tally create(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      MappedByteBuffer mapped =
          channel.map(
              FileChannel.MapMode.READ_WRITE,
              0,
              (long) MOST_COLUMNS * Count.values().length * Long.BYTES);
      return new Tally(mapped);
    }
  }

  static Tally read(Path file) throws IOException {
    return new Tally(ByteBuffer.wrap(Files.readAllBytes(file)));
  }

  synchronized void add(int column, Count count, long more) {
    int at = index(column, count);
    counts.putLong(at, counts.getLong(at) + more);
  }

  synchronized void longest(int column, long nanos) {
    int at = index(column, Count.LONGEST_NANOS);
    counts.putLong(at, Math.max(counts.getLong(at), nanos));
  }

  synchronized long get(int column, Count count) {
    return counts.getLong(index(column, count));
  }

  private static int index(int column, Count count) {
    return (column * Count.values().length + count.ordinal()) * Long.BYTES;
  }
}
