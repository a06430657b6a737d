package dev.tallygate.node.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Checks the chain of a log over all its files, oldest first, in memory that does not grow with
 * them. A running node's log can be checked.
 *
 * <p>The first line that does not follow the one before it is a fault: a line is right only if its
 * code, made with the key, covers its bytes and the code before. What happened to it is then read
 * from the lines that come after; the place is certain, the explanation is the likeliest one.
 */
public final class AuditVerifier {
  /** What is wrong. */
  public enum Kind {
    /** The bytes of a record were changed. */
    EDITED,
    /** A line was put in. */
    INSERTED,
    /** Records, or a whole rotated file, are missing. */
    REMOVED,
    /** Records stand in another order. */
    REORDERED,
    /** From here on lines were made with another key, or the key given is not the log's. */
    REWRITTEN,
    /** The log ends before the head that was noted. */
    TRUNCATED,
    /** The last line is unfinished: a write torn by a crash, or a cut. */
    TORN
  }

  /**
   * The first thing that is wrong.
   *
   * @param line number of the line in the file, from 1
   */
  public record Fault(Path file, long line, Kind kind, String message) {
    @Override
    public String toString() {
      return file.getFileName() + ", line " + line + ": " + message;
    }
  }

  /**
   * What was found.
   *
   * @param records records that verified, up to the fault if there is one
   * @param head code of the last of them, hex: note it down elsewhere, to tell a cut tail later
   * @param notes what the log itself reports: torn writes, gaps; the first hundred
   * @param fault empty where all is well
   */
  public record Result(long records, String head, List<String> notes, Optional<Fault> fault) {
    public boolean isOk() {
      return fault.isEmpty();
    }
  }

  private static final int MAX_NOTES = 100;
  private static final int POLLS = 20;

  private final LogFiles files;
  private final AuditKey key;
  private final AuditKey.Chain chain;
  private final Optional<byte[]> expectedHead;
  private final Optional<byte[]> after;
  private final Duration patience;

  private final List<String> notes = new ArrayList<>();
  private byte[] head;
  private long seq;
  private long records;
  private long firstSeq;
  private long prunedThrough;
  private Path firstFile;
  private long currentLines;
  private boolean headSeen;

  private AuditVerifier(
      Path file,
      AuditKey key,
      Optional<String> expectedHead,
      Optional<String> after,
      Duration patience) {
    this.files = new LogFiles(file);
    this.key = key;
    this.chain = key.chain();
    this.expectedHead = expectedHead.map(AuditVerifier::parseHead);
    this.after = after.map(AuditVerifier::parseHead);
    this.patience = patience;
  }

  /**
   * Checks a log.
   *
   * @param file the current file; rotated files beside it belong to the log
   * @param expectedHead a head noted earlier, 64 hexadecimal digits, which the log must contain
   * @param after the head that the oldest file goes on from, where older files were moved to an
   *     archive
   * @throws IllegalArgumentException if a head is not 64 hexadecimal digits
   * @throws IOException if a file cannot be read
   */
  public static Result verify(
      Path file, AuditKey key, Optional<String> expectedHead, Optional<String> after)
      throws IOException {
    return verify(file, key, expectedHead, after, Duration.ofSeconds(1));
  }

  /** Waits up to {@code patience} for a line that a running node may be writing. */
  static Result verify(
      Path file,
      AuditKey key,
      Optional<String> expectedHead,
      Optional<String> after,
      Duration patience)
      throws IOException {
    AuditVerifier verifier = new AuditVerifier(file, key, expectedHead, after, patience);
    Optional<Fault> fault = verifier.run();
    return new Result(
        verifier.records,
        verifier.head == null ? "" : HexFormat.of().formatHex(verifier.head),
        List.copyOf(verifier.notes),
        fault);
  }

  private static byte[] parseHead(String hex) {
    try {
      byte[] bytes = HexFormat.of().parseHex(hex.strip());
      if (bytes.length == AuditKey.BYTES) {
        return bytes;
      }
    } catch (IllegalArgumentException e) {
      // The same answer as for a wrong length.
    }
    throw new IllegalArgumentException("a head has 64 hexadecimal digits: " + hex);
  }

  private Optional<Fault> run() throws IOException {
    long lastNumber = 0;
    int polls = 0;
    while (true) {
      // Opened before the rotated files are listed: a rotation in between shows as a new name.
      try (LineSource current = openCurrent()) {
        SortedMap<Long, Path> later = files.rotated().tailMap(lastNumber + 1);
        if (later.isEmpty()) {
          if (current != null) {
            return finish(current);
          }
          // Between the two steps of a rotation there is no current file for a moment.
          if (polls++ < POLLS && pause(patience)) {
            continue;
          }
          return Optional.of(missing());
        }
        lastNumber = later.firstKey();
        Path file = later.get(lastNumber);
        try (LineSource source = LineSource.open(file)) {
          Optional<Fault> fault = check(file, source, Duration.ZERO);
          if (fault.isPresent()) {
            return fault;
          }
        }
      }
    }
  }

  private LineSource openCurrent() throws IOException {
    try {
      return LineSource.open(files.current());
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** Waits a part of {@code patience}; false where there is none. */
  private static boolean pause(Duration patience) {
    try {
      Thread.sleep(patience.toMillis() / POLLS);
      return !patience.isZero();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Fault missing() {
    return new Fault(
        files.current(),
        1,
        Kind.REMOVED,
        "the file is missing: it was removed"
            + (seq > 0
                ? ", or the node stopped between two files; records from " + (seq + 1) + " on"
                : ""));
  }

  private Optional<Fault> finish(LineSource current) throws IOException {
    Optional<Fault> fault = check(files.current(), current, patience);
    if (fault.isPresent()) {
      return fault;
    }
    if (head == null) {
      return Optional.of(
          new Fault(files.current(), 1, Kind.REMOVED, "the log is empty: no record is left"));
    }
    if (firstSeq > 1 && firstSeq - 1 > prunedThrough && after.isEmpty()) {
      return Optional.of(
          new Fault(
              firstFile,
              1,
              Kind.REMOVED,
              "records "
                  + (prunedThrough + 1)
                  + " to "
                  + (firstSeq - 1)
                  + " are missing before this line, and the node did not delete them. If you moved"
                  + " older files to an archive, give the head that they end with as --after"));
    }
    if (expectedHead.isPresent() && !headSeen) {
      return Optional.of(
          new Fault(
              files.current(),
              currentLines + 1,
              Kind.TRUNCATED,
              "the head that was noted does not occur: the log was cut after record "
                  + seq
                  + ", or replaced by an older copy"));
    }
    return Optional.empty();
  }

  private Optional<Fault> check(Path file, LineSource source, Duration patience)
      throws IOException {
    currentLines = 0;
    while (true) {
      LineSource.Line line = source.next();
      if (line == null && source.hasRest()) {
        line = await(source, patience);
      }
      if (line == null) {
        return Optional.empty();
      }
      currentLines++;
      Optional<ReadLine> read = line.whole() ? ReadLine.parse(line.bytes()) : Optional.empty();
      if (head == null) {
        begin(file, read);
      }
      if (read.isEmpty() || !read.get().follows(head, chain)) {
        return Optional.of(explain(file, line, read, source));
      }
      accept(file, read.get());
    }
  }

  /** A piece without a newline may be on its way; after a while it is what is there. */
  private static LineSource.Line await(LineSource source, Duration patience) throws IOException {
    for (int i = 0; i < POLLS && pause(patience); i++) {
      LineSource.Line line = source.next();
      if (line != null) {
        return line;
      }
    }
    return source.rest();
  }

  /** Finds what the first line follows. */
  private void begin(Path file, Optional<ReadLine> first) {
    firstFile = file;
    head = after.orElseGet(key::genesis);
    if (after.isEmpty() && first.isPresent() && first.get().seq() > 1) {
      // Only the key's holder can make a line that follows the code it names.
      Optional<byte[]> linked = first.get().linked();
      if (linked.isPresent() && first.get().follows(linked.get(), chain)) {
        head = linked.get();
      }
    }
    seq = first.filter(f -> f.follows(head, chain)).map(f -> f.seq() - 1).orElse(0L);
    firstSeq = seq + 1;
    headSeen = expectedHead.isPresent() && MessageDigest.isEqual(head, expectedHead.get());
  }

  private void accept(Path file, ReadLine line) throws IOException {
    head = line.mac();
    seq = line.seq();
    records++;
    if (expectedHead.isPresent() && MessageDigest.isEqual(head, expectedHead.get())) {
      headSeen = true;
    }
    if (line.is("rotation")) {
      prunedThrough = Math.max(prunedThrough, line.json().path("prunedThrough").asLong(0));
    } else if (line.is("start") && line.json().has("torn")) {
      JsonNode torn = line.json().path("torn");
      note(
          file,
          "a crash tore a write; the "
              + torn.path("bytes").asLong()
              + " bytes of it were no record and are kept here");
    } else if (line.is("gap")) {
      JsonNode gap = line.json();
      note(
          file,
          "could not record from "
              + gap.path("since").asText()
              + " to "
              + gap.path("time").asText()
              + ": "
              + gap.path("refused").asLong()
              + " refused, "
              + gap.path("lost").asLong()
              + " lost ("
              + PlainText.shown(gap.path("reason").asText())
              + ")");
    }
  }

  private void note(Path file, String text) {
    if (notes.size() < MAX_NOTES) {
      notes.add(file.getFileName() + ", line " + currentLines + ": " + text);
    } else if (notes.size() == MAX_NOTES) {
      notes.add("more of the kind were left out");
    }
  }

  private Fault explain(Path file, LineSource.Line line, Optional<ReadLine> read, LineSource source)
      throws IOException {
    long at = currentLines;
    LineSource.Line next = source.next();
    boolean unfinished = !line.whole() && next == null;
    // A piece that is complete and still does not verify was edited: no crash leaves that.
    boolean plausible =
        ReadLine.parse(line.bytes()).map(whole -> whole.follows(head, chain)).orElse(true);
    if (unfinished && plausible) {
      return new Fault(
          file,
          at,
          Kind.TORN,
          "the last line is unfinished ("
              + line.bytes().length
              + " bytes): a crash tore the write, which the node notes when it is started again, or"
              + " the file was cut");
    }
    Rest rest = lookAhead(read, next, source);
    Kind kind = kind(read, rest);
    return new Fault(file, at, kind, message(kind, read, rest));
  }

  /**
   * What the lines after the faulty one tell.
   *
   * @param any whether there are any
   * @param continues whether a line follows the code that the faulty one claims or should have
   * @param nextSeq number that the next line claims; 0 for none
   * @param successorLines how many lines on the record stands that belongs here; 0 for nowhere
   * @param linked whether any line follows the code that the line before it claims
   */
  private record Rest(
      boolean any, boolean continues, long nextSeq, long successorLines, boolean linked) {}

  private Rest lookAhead(Optional<ReadLine> faulty, LineSource.Line next, LineSource source)
      throws IOException {
    boolean any = next != null;
    boolean continues = false;
    boolean linked = false;
    long nextSeq = 0;
    long successor = 0;
    Optional<ReadLine> before = faulty;
    long lines = 0;
    for (LineSource.Line line = next; line != null; line = source.next()) {
      lines++;
      Optional<ReadLine> read = ReadLine.parse(line.bytes());
      if (read.isPresent()) {
        if (lines == 1) {
          nextSeq = read.get().seq();
        }
        if (successor == 0 && read.get().follows(head, chain)) {
          successor = lines;
        }
        boolean follows = before.isPresent() && read.get().follows(before.get().mac(), chain);
        linked |= follows;
        if (lines == 1 && faulty.isPresent()) {
          continues = follows || read.get().follows(faulty.get().macAfter(head, chain), chain);
        }
      }
      before = read;
    }
    return new Rest(any, continues, nextSeq, successor, linked);
  }

  private Kind kind(Optional<ReadLine> faulty, Rest rest) {
    if (rest.successorLines == 1 && rest.nextSeq == seq + 1) {
      return faulty.filter(f -> f.seq() == seq + 2).isPresent() ? Kind.REORDERED : Kind.INSERTED;
    }
    if (rest.successorLines > 0) {
      return Kind.REORDERED;
    }
    if (faulty.isEmpty()) {
      return Kind.EDITED;
    }
    boolean numberKept = faulty.get().seq() == seq + 1;
    if (numberKept || rest.nextSeq == seq + 2) {
      return !rest.any || rest.continues || rest.linked ? Kind.EDITED : Kind.REWRITTEN;
    }
    return faulty.get().seq() > seq ? Kind.REMOVED : Kind.REORDERED;
  }

  private String message(Kind kind, Optional<ReadLine> faulty, Rest rest) {
    String expected = "record " + (seq + 1);
    long found = faulty.map(ReadLine::seq).orElse(0L);
    return switch (kind) {
      case EDITED ->
          rest.any
              ? "edited: the line is not " + expected + " as the node wrote it"
              : "edited or written with another key: the line is not "
                  + expected
                  + " as the node wrote it";
      case INSERTED -> "inserted: the node did not write this line here; the next is " + expected;
      case REMOVED ->
          found - 1 == seq + 1
              ? "removed: " + expected + " is missing before this line"
              : "removed: records "
                  + (seq + 1)
                  + " to "
                  + (found - 1)
                  + " are missing before this line";
      case REORDERED ->
          rest.successorLines > 0
              ? "reordered: "
                  + expected
                  + " stands "
                  + rest.successorLines
                  + (rest.successorLines == 1 ? " line" : " lines")
                  + " further on"
              : "reordered: record " + found + " stands where " + expected + " belongs";
      case REWRITTEN ->
          records == 0
              ? "no line fits the key: the log was rewritten, or this is not its key"
              : "rewritten: from here on no line fits the key, starting with " + expected;
      case TRUNCATED, TORN -> throw new IllegalStateException("explained where it is found");
    };
  }
}
