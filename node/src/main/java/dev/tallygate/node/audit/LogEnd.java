package dev.tallygate.node.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where an existing log ends, so that it can be continued.
 *
 * <p>A crash can leave the beginning of a record after the last newline. It was never answered for,
 * so it is cut off, and the next record, which is in the chain, keeps what it was. A piece that is
 * complete but does not verify was not torn but edited, and like every other end that does not
 * verify it is refused.
 *
 * @param seq number of the last record; 0 for a new log
 * @param head its code
 * @param size bytes of the current file up to the end of the last whole record
 * @param firstSeq number of the first record in the current file
 * @param follows the rotated file that an empty current file goes on from
 * @param lacksNewline whether the last record is whole but for its newline
 * @param torn what a crash left after the last record
 */
record LogEnd(
    long seq,
    byte[] head,
    long size,
    long firstSeq,
    Optional<Path> follows,
    boolean lacksNewline,
    Optional<Torn> torn) {

  /**
   * The beginning of a record that was being written.
   *
   * @param bytes its length
   * @param sha256 its digest, hex
   * @param start its first bytes, 4096 at most
   */
  record Torn(long bytes, String sha256, byte[] start) {}

  private static final int KEPT = 4096;

  static LogEnd of(LogFiles files, AuditKey key) throws IOException {
    Path current = files.current();
    SortedMap<Long, Path> rotated = files.rotated();
    if (Files.exists(current) && Files.size(current) > 0) {
      return ofFile(current, key, rotated);
    }
    return before(rotated, key);
  }

  /** The end of the rotated files: what the first record of the current file goes on from. */
  private static LogEnd before(SortedMap<Long, Path> rotated, AuditKey key) throws IOException {
    if (rotated.isEmpty()) {
      return new LogEnd(0, key.genesis(), 0, 1, Optional.empty(), false, Optional.empty());
    }
    Path last = rotated.get(rotated.lastKey());
    LogEnd end = ofFile(last, key, new TreeMap<>());
    if (end.torn.isPresent() || end.lacksNewline || end.seq == 0) {
      throw refused(last);
    }
    return new LogEnd(
        end.seq, end.head, 0, end.seq + 1, Optional.of(last), false, Optional.empty());
  }

  private static LogEnd ofFile(Path file, AuditKey key, SortedMap<Long, Path> older)
      throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      long length = in.size();
      long rest = lineStart(in, length);
      AuditKey.Chain chain = key.chain();
      if (rest < length && length - rest <= RecordLine.MAX_BYTES) {
        Optional<ReadLine> whole = ReadLine.parse(read(in, rest, length));
        if (whole.isPresent()) {
          verify(file, in, rest, whole.get(), chain);
          return new LogEnd(
              whole.get().seq(),
              whole.get().mac(),
              length,
              firstSeq(file, in),
              Optional.empty(),
              true,
              Optional.empty());
        }
      }
      Optional<Torn> torn = rest < length ? Optional.of(torn(in, rest, length)) : Optional.empty();
      if (rest == 0) {
        LogEnd before = before(older, key);
        return new LogEnd(before.seq, before.head, 0, before.seq + 1, before.follows, false, torn);
      }
      long from = lineStart(in, rest - 1);
      if (rest - from > RecordLine.MAX_BYTES) {
        throw refused(file);
      }
      ReadLine last = ReadLine.parse(read(in, from, rest - 1)).orElseThrow(() -> refused(file));
      verify(file, in, from, last, chain);
      return new LogEnd(
          last.seq(), last.mac(), rest, firstSeq(file, in), Optional.empty(), false, torn);
    }
  }

  private static void verify(
      Path file, FileChannel in, long from, ReadLine line, AuditKey.Chain chain)
      throws IOException {
    Optional<byte[]> head = line.linked();
    if (head.isEmpty() && from > 0) {
      long start = lineStart(in, from - 1);
      if (from - start <= RecordLine.MAX_BYTES) {
        head = ReadLine.parse(read(in, start, from - 1)).map(ReadLine::mac);
      }
    }
    if (head.isEmpty() || !line.follows(head.get(), chain)) {
      throw refused(file);
    }
  }

  private static IOException refused(Path file) {
    return new IOException(
        file
            + ": the end of the audit log does not verify with its key; run `tallygate audit verify"
            + " "
            + file
            + "` to see what was changed, then move the log's files away, which begins a new one");
  }

  private static long firstSeq(Path file, FileChannel in) throws IOException {
    byte[] start = read(in, 0, Math.min(in.size(), 32));
    long seq = 0;
    for (int i = "{\"seq\":".length(); i < start.length && start[i] != ','; i++) {
      seq = seq * 10 + start[i] - '0';
    }
    if (seq < 1 || seq > 999_999_999_999_999_999L) {
      throw refused(file);
    }
    return seq;
  }

  /** Where the line begins that ends before {@code end}, which is no part of it. */
  private static long lineStart(FileChannel in, long end) throws IOException {
    long at = end;
    while (at > 0) {
      long from = Math.max(0, at - (1 << 16));
      byte[] block = read(in, from, at);
      for (int i = block.length - 1; i >= 0; i--) {
        if (block[i] == '\n') {
          return from + i + 1;
        }
      }
      at = from;
    }
    return 0;
  }

  private static Torn torn(FileChannel in, long from, long to) throws IOException {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      for (long at = from; at < to; at += 1 << 16) {
        sha256.update(read(in, at, Math.min(to, at + (1 << 16))));
      }
      return new Torn(
          to - from,
          HexFormat.of().formatHex(sha256.digest()),
          read(in, from, Math.min(to, from + KEPT)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static byte[] read(FileChannel in, long from, long to) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) (to - from));
    while (buffer.hasRemaining()) {
      if (in.read(buffer, from + buffer.position()) < 0) {
        throw new IOException("the audit log became shorter while it was read");
      }
    }
    return buffer.array();
  }
}
