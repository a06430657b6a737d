package dev.tallygate.node.audit;

import dev.tallygate.node.audit.AuditSettings.OnFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An audit log in a file, chained with a key (see {@link RecordLine}) and written by one thread.
 *
 * <p>Records wait in a bounded queue. The writer takes all that wait, writes them at once, and
 * where the log is strict forces them with one call before any of their stages completes (group
 * commit). Otherwise it lets records gather for two milliseconds before it writes them, and forces
 * twice a second.
 *
 * <p>Two rules hold through every failure. A record whose stage failed is never written, so the log
 * never says that a call ran which was denied. A record whose stage completed is kept until it is
 * written; only {@link OnFailure#ALLOW} gives that up, and counts what it loses. After a write that
 * failed, the file is cut back to its last whole record and the writer tries again until it
 * succeeds; then a {@code gap} record says what was refused or lost meanwhile.
 */
public final class FileAuditLog implements AuditLog {
  private static final Logger LOG = LoggerFactory.getLogger(FileAuditLog.class);

  private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);
  private static final int MAX_CHUNK = 1 << 20;
  private static final Duration FORCE_EVERY = Duration.ofMillis(500);
  private static final Duration LINGER = Duration.ofMillis(2);
  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(10);

  /** Files that this process writes: the operating system's locks do not tell its threads apart. */
  private static final Set<Path> OPEN_HERE = ConcurrentHashMap.newKeySet();

  private final AuditSettings settings;
  private final AuditKey key;
  private final LogFiles files;
  private final AppendFile.Opener opener;
  private final Duration retryEvery;
  private final Path lockedPath;
  private final FileChannel lockFile;
  private final Thread writer;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  // Guarded by the lock.
  private final Deque<Entry> waiting = new ArrayDeque<>();
  private int queued;
  private long queuedBytes;
  private Gap gap = Gap.NONE;
  private long refusedInAll;
  private long lostInAll;
  private String failure;
  private boolean closed;

  /** Whether the writer waits for a record, rather than for more of them. */
  private boolean idle;

  // The writer's own.
  private final Deque<Entry> pending = new ArrayDeque<>();
  private final Deque<Note> notes = new ArrayDeque<>();
  private final RecordLine lines;
  private AppendFile file;
  private long size;
  private long firstSeq;
  private long seq;
  private byte[] head;
  private boolean mayHoldMore;
  private boolean lacksNewline;
  private boolean unforced;
  private long forceAt;
  private long rotateAt;
  private List<Path> toPrune = List.of();
  private boolean stopped;

  /** What the log says of itself. */
  private interface Note {
    void write(RecordLine lines);
  }

  private record Entry(AuditRecord record, long bytes, CompletableFuture<Void> stage) {
    boolean isCompletion() {
      return record instanceof AuditRecord.Completion;
    }
  }

  private record Gap(Instant since, long refused, long lost, String reason) {
    static final Gap NONE = new Gap(null, 0, 0, null);

    boolean isOpen() {
      return since != null;
    }

    Gap plus(long moreRefused, long moreLost, String why) {
      return isOpen()
          ? new Gap(since, refused + moreRefused, lost + moreLost, reason)
          : new Gap(Instant.now(), moreRefused, moreLost, why);
    }

    /** What came after {@code written}, an earlier state of this gap, was put down. */
    Gap minus(Gap written) {
      long restRefused = refused - written.refused;
      long restLost = lost - written.lost;
      return restRefused + restLost == 0
          ? NONE
          : new Gap(Instant.now(), restRefused, restLost, reason);
    }
  }

  /**
   * Opens the log, continuing the one that is there.
   *
   * @throws IOException if the file or key cannot be used, another process writes the file, or its
   *     end does not verify; the message names the file and the cure
   */
  public static FileAuditLog open(AuditSettings settings) throws IOException {
    return open(settings, AppendFile::open, Duration.ofMillis(250));
  }

  private static void makeFolder(Path folder) throws IOException {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new IOException(
          folder
              + ": the folder of the audit log is not there and cannot be made; make it, or name"
              + " another",
          e);
    }
  }

  static FileAuditLog open(AuditSettings settings, AppendFile.Opener opener, Duration retryEvery)
      throws IOException {
    LogFiles files = new LogFiles(settings.file());
    makeFolder(files.directory());
    Path locked = files.directory().toRealPath().resolve(files.current().getFileName());
    if (!OPEN_HERE.add(locked)) {
      throw inUse(settings.file());
    }
    FileChannel lockFile = null;
    try {
      lockFile =
          FileChannel.open(
              locked.resolveSibling(locked.getFileName() + ".lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE);
      FileLock held = lockFile.tryLock();
      if (held == null) {
        throw inUse(settings.file());
      }
      AuditKey key = key(settings, files);
      return new FileAuditLog(settings, key, files, opener, retryEvery, locked, lockFile);
    } catch (IOException | RuntimeException e) {
      if (lockFile != null) {
        lockFile.close();
      }
      OPEN_HERE.remove(locked);
      throw e;
    }
  }

  private static IOException inUse(Path file) {
    return new IOException(
        file + ": another node writes this audit log; give each node a file of its own");
  }

  private static AuditKey key(AuditSettings settings, LogFiles files) throws IOException {
    Path keyFile = settings.keyFile();
    if (Files.exists(keyFile)) {
      return AuditKey.read(keyFile);
    }
    boolean hasRecords =
        !files.rotated().isEmpty()
            || (Files.exists(files.current()) && Files.size(files.current()) > 0);
    if (hasRecords) {
      throw new IOException(
          keyFile
              + ": the audit log "
              + settings.file()
              + " has records but its key is missing; restore the key, or move the log's files"
              + " away, which begins a new one");
    }
    Path directory = keyFile.toAbsolutePath().getParent();
    makeFolder(directory);
    AuditKey made = AuditKey.create(keyFile);
    forceDirectory(directory);
    return made;
  }

  private FileAuditLog(
      AuditSettings settings,
      AuditKey key,
      LogFiles files,
      AppendFile.Opener opener,
      Duration retryEvery,
      Path lockedPath,
      FileChannel lockFile)
      throws IOException {
    this.settings = settings;
    this.key = key;
    this.files = files;
    this.opener = opener;
    this.retryEvery = retryEvery;
    this.lockedPath = lockedPath;
    this.lockFile = lockFile;
    LogEnd end = LogEnd.of(files, key);
    this.seq = end.seq();
    this.head = end.head();
    this.size = end.size();
    this.firstSeq = end.firstSeq();
    this.lacksNewline = end.lacksNewline();
    this.mayHoldMore = end.torn().isPresent();
    this.rotateAt = settings.maxBytes() == 0 ? Long.MAX_VALUE : settings.maxBytes();
    this.lines = new RecordLine(settings.node(), key, seq, head);
    this.file = opener.open(files.current());
    forceDirectory(files.directory());
    end.follows().ifPresent(this::noteRotation);
    end.torn()
        .ifPresent(
            torn ->
                LOG.warn(
                    "{}: {} bytes of an unfinished record follow record {}, left by a crash;"
                        + " the next record keeps them",
                    settings.file(),
                    torn.bytes(),
                    seq));
    notes.add(l -> l.addStart(Instant.now(), end.torn()));
    logHead("opened");
    this.writer = new Thread(this::run, "audit-writer");
    writer.setDaemon(true);
    writer.start();
  }

  /**
   * {@inheritDoc} Stages complete on the writer's thread: what depends on them must not block. The
   * outcome of a call that was allowed finds room where a new call finds none.
   */
  @Override
  public CompletionStage<Void> append(AuditRecord record) {
    Entry entry =
        new Entry(record, weight(record), settings.strict() ? new CompletableFuture<>() : null);
    boolean allow = settings.onFailure() == OnFailure.ALLOW;
    lock.lock();
    try {
      String refusal = refusal(entry, allow);
      if (refusal == null) {
        boolean waits = entry.stage != null && !(allow && failure != null);
        waiting.add(waits ? entry : new Entry(record, entry.bytes, null));
        queued++;
        queuedBytes += entry.bytes;
        if (idle || entry.stage != null || queuedBytes > MAX_CHUNK) {
          work.signal();
        }
        return waits ? entry.stage : DONE;
      }
      if (allow) {
        gap = gap.plus(0, 1, refusal);
        lostInAll++;
        return DONE;
      }
      gap = gap.plus(1, 0, refusal);
      refusedInAll++;
      return CompletableFuture.failedStage(new AuditUnavailable(refusal));
    } finally {
      lock.unlock();
    }
  }

  private String refusal(Entry entry, boolean allow) {
    if (closed) {
      return "the audit log is closed";
    }
    if (failure != null && !allow && !entry.isCompletion()) {
      return failure;
    }
    // The last quarter is kept for outcomes of calls that were let through before.
    long share = entry.isCompletion() ? 4 : 3;
    if (queued >= settings.maxQueued() * share / 4
        || queuedBytes + entry.bytes > settings.maxQueuedBytes() * share / 4) {
      return failure != null ? failure : "the audit log's queue is full";
    }
    return null;
  }

  private static long weight(AuditRecord record) {
    long units = 0;
    if (record instanceof AuditRecord.Decision d) {
      units += d.message().map(String::length).orElse(0) + d.tool().map(String::length).orElse(0);
      units += d.method().length();
      for (String argumentKey : d.argumentKeys()) {
        units += argumentKey.length() + 24;
      }
    } else if (record instanceof AuditRecord.Completion c) {
      units += c.method().length() + c.tool().map(String::length).orElse(0);
      for (String refunded : c.refunded()) {
        units += refunded.length() + 24;
      }
    } else if (record instanceof AuditRecord.Pin p) {
      for (String place : p.changed()) {
        units += place.length() + 24;
      }
      units += p.name().length();
    } else if (record instanceof AuditRecord.Rejection r) {
      units += r.message().length() + r.server().map(String::length).orElse(0);
    }
    return 512 + 2 * units;
  }

  @Override
  public String digest(byte[] secret) {
    return key.digest(secret);
  }

  @Override
  public int queued() {
    return locked(() -> queued);
  }

  /** Why records cannot be written now, if they cannot. */
  public Optional<String> failure() {
    return locked(() -> Optional.ofNullable(failure));
  }

  /** Records refused since the log was opened; the calls were denied. */
  public long refused() {
    return locked(() -> refusedInAll);
  }

  /** Records lost since the log was opened, where calls run unrecorded rather than be denied. */
  public long lost() {
    return locked(() -> lostInAll);
  }

  private <T> T locked(Supplier<T> reading) {
    lock.lock();
    try {
      return reading.get();
    } finally {
      lock.unlock();
    }
  }

  /** Writes what waits, forces it, and lets the file go; gives up after ten seconds. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      work.signal();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    try {
      writer.join(CLOSE_WITHIN.toMillis());
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (writer.isAlive()) {
      LOG.error("{}: the disk does not answer; records may be lost", settings.file());
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (true) {
        boolean last = takeWork();
        try {
          if (unforced && failure().isPresent()) {
            force();
          }
          write(last);
          if (unforced && (last || System.nanoTime() - forceAt >= 0)) {
            force();
          }
          recovered();
          if (last) {
            logHead("closed");
            return;
          }
        } catch (IOException | RuntimeException e) {
          failed(e);
          if (last) {
            return;
          }
          waitToRetry();
        }
      }
    } finally {
      abandon();
    }
  }

  /** Waits for something to do; true once the log is closed, so that nothing else will come. */
  private boolean takeWork() {
    lock.lock();
    try {
      idle = true;
      while (pending.isEmpty()
          && waiting.isEmpty()
          && notes.isEmpty()
          && !gap.isOpen()
          && !closed
          && failure == null) {
        if (!unforced) {
          work.awaitUninterruptibly();
        } else if (awaitUntilForce() <= 0) {
          break;
        }
      }
      idle = false;
      linger();
      if (pending.isEmpty() || closed) {
        pending.addAll(waiting);
        waiting.clear();
      }
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Lets more records come, so that a busy log wakes its writer hundreds of times a second. */
  private void linger() {
    if (settings.strict() || waiting.isEmpty()) {
      return;
    }
    long left = LINGER.toNanos();
    try {
      while (left > 0 && !closed && queuedBytes <= MAX_CHUNK) {
        left = work.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      LOG.debug("nobody has a reason to interrupt the writer; it writes at once");
    }
  }

  private long awaitUntilForce() {
    try {
      return work.awaitNanos(forceAt - System.nanoTime());
    } catch (InterruptedException e) {
      return 0;
    }
  }

  private void write(boolean last) throws IOException {
    do {
      if (mayHoldMore) {
        file.truncate(size);
        mayHoldMore = false;
      }
      if (size >= rotateAt) {
        rotate();
      }
      Gap noted = locked(() -> gap);
      lines.restart(seq, head);
      if (lacksNewline) {
        lines.lines().put('\n');
      }
      notes.forEach(note -> note.write(lines));
      if (noted.isOpen()) {
        lines.addGap(noted.since, Instant.now(), noted.refused, noted.lost, noted.reason);
      }
      int taken = 0;
      long room = Math.min(MAX_CHUNK, rotateAt - size);
      for (Iterator<Entry> next = pending.iterator();
          next.hasNext() && (taken == 0 || lines.lines().length() < room);
          taken++) {
        lines.add(next.next().record);
      }
      boolean stopping = last && !stopped && taken == pending.size();
      if (stopping) {
        lines.addStop(Instant.now());
      }
      if (lines.lines().length() > 0) {
        commit(taken, noted);
        stopped |= stopping;
      }
    } while (!pending.isEmpty());
  }

  private void commit(int taken, Gap noted) throws IOException {
    LineBuffer bytes = lines.lines();
    mayHoldMore = true;
    file.append(ByteBuffer.wrap(bytes.bytes(), 0, bytes.length()));
    if (settings.strict() || !toPrune.isEmpty()) {
      file.force();
      unforced = false;
    } else if (!unforced) {
      unforced = true;
      forceAt = System.nanoTime() + FORCE_EVERY.toNanos();
    }
    mayHoldMore = false;
    lacksNewline = false;
    size += bytes.length();
    seq = lines.seq();
    head = lines.head();
    notes.clear();
    prune();
    List<CompletableFuture<Void>> kept = new ArrayList<>();
    long weight = 0;
    for (int i = 0; i < taken; i++) {
      Entry entry = pending.remove();
      weight += entry.bytes;
      if (entry.stage != null) {
        kept.add(entry.stage);
      }
    }
    lock.lock();
    try {
      queued -= taken;
      queuedBytes -= weight;
      if (noted.isOpen()) {
        gap = gap.minus(noted);
      }
    } finally {
      lock.unlock();
    }
    kept.forEach(stage -> stage.complete(null));
  }

  private void force() throws IOException {
    file.force();
    unforced = false;
  }

  /**
   * Renames the full file and begins the next one. A crash in between leaves no current file, which
   * {@link LogEnd} knows to continue.
   */
  private void rotate() throws IOException {
    force();
    Path full = files.rotated(firstSeq);
    try {
      // It is gone already where the move was made before and opening the next file failed.
      if (Files.exists(files.current())) {
        Files.move(files.current(), full);
      }
    } catch (IOException e) {
      // Recording goes on in the file that is there; rotation is tried again later.
      rotateAt = size + Math.max(settings.maxBytes() / 8, 1);
      LOG.error("{}: cannot be rotated: {}", settings.file(), e.toString());
      return;
    }
    AppendFile next = opener.open(files.current());
    file.close();
    file = next;
    forceDirectory(files.directory());
    size = 0;
    firstSeq = seq + 1;
    rotateAt = settings.maxBytes();
    noteRotation(full);
    logHead("rotated");
  }

  private void noteRotation(Path full) {
    long prunedThrough = 0;
    List<Path> surplus = new ArrayList<>();
    if (settings.keepFiles() > 0) {
      try {
        List<Map.Entry<Long, Path>> own = ownRotated();
        int first = own.size() - settings.keepFiles();
        if (first > 0) {
          own.subList(0, first).forEach(e -> surplus.add(e.getValue()));
          prunedThrough = own.get(first).getKey() - 1;
        }
      } catch (IOException e) {
        LOG.warn("{}: old files are kept: {}", settings.file(), e.toString());
      }
    }
    toPrune = surplus;
    long through = prunedThrough;
    String name = full.getFileName().toString();
    notes.addFirst(l -> l.addRotation(Instant.now(), name, through));
  }

  /**
   * Rotated files whose first record bears out their name. A file that someone else put there must
   * not make the log delete one of its own, and attest to it.
   */
  private List<Map.Entry<Long, Path>> ownRotated() throws IOException {
    SortedMap<Long, Path> named = files.rotated();
    List<Map.Entry<Long, Path>> own = new ArrayList<>();
    AuditKey.Chain chain = key.chain();
    for (Map.Entry<Long, Path> entry : named.entrySet()) {
      try (LineSource in = LineSource.open(entry.getValue())) {
        LineSource.Line line = in.next();
        Optional<ReadLine> first = line == null ? Optional.empty() : ReadLine.parse(line.bytes());
        boolean genuine =
            first.isPresent()
                && first.get().seq() == entry.getKey()
                && (first.get().seq() == 1 || first.get().is("rotation"))
                && first.get().linked().filter(h -> first.get().follows(h, chain)).isPresent();
        if (genuine) {
          own.add(entry);
        } else {
          LOG.warn("{}: is not a file of this audit log", entry.getValue());
        }
      }
    }
    return own;
  }

  /** Old files go only after the record that says so is on the disk. */
  private void prune() {
    for (Path old : toPrune) {
      try {
        Files.deleteIfExists(old);
      } catch (IOException e) {
        LOG.warn("{}: cannot be deleted: {}", old, e.toString());
      }
    }
    toPrune = List.of();
  }

  private void failed(Exception e) {
    String why = "the audit log cannot be written: " + e.getMessage();
    List<Entry> failing = new ArrayList<>();
    boolean first;
    lock.lock();
    try {
      first = failure == null;
      failure = why;
      gap = gap.plus(0, 0, why);
      release(pending, failing);
      release(waiting, failing);
    } finally {
      lock.unlock();
    }
    if (first) {
      LOG.error("{}: {}", settings.file(), why, e);
    }
    AuditUnavailable unavailable = new AuditUnavailable(why);
    for (Entry entry : failing) {
      if (settings.onFailure() == OnFailure.DENY) {
        entry.stage.completeExceptionally(unavailable);
      } else {
        entry.stage.complete(null);
      }
    }
  }

  /**
   * Calls that wait for the disk are told now. Under {@code DENY} they are denied and their records
   * dropped; under {@code ALLOW} they run, and their records go on waiting.
   */
  private void release(Deque<Entry> entries, List<Entry> failing) {
    int count = entries.size();
    for (int i = 0; i < count; i++) {
      Entry entry = entries.remove();
      if (entry.stage == null || entry.isCompletion()) {
        entries.add(entry);
        continue;
      }
      failing.add(entry);
      if (settings.onFailure() == OnFailure.ALLOW) {
        entries.add(new Entry(entry.record, entry.bytes, null));
      } else {
        queued--;
        queuedBytes -= entry.bytes;
        gap = gap.plus(1, 0, failure);
        refusedInAll++;
      }
    }
  }

  private void recovered() {
    lock.lock();
    try {
      if (failure == null) {
        return;
      }
      failure = null;
    } finally {
      lock.unlock();
    }
    LOG.info("{}: the audit log is written again", settings.file());
  }

  private void waitToRetry() {
    lock.lock();
    try {
      long left = retryEvery.toNanos();
      while (left > 0 && !closed) {
        left = work.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      LOG.debug("nobody has a reason to interrupt the writer; it tries again at once");
    } finally {
      lock.unlock();
    }
  }

  private void abandon() {
    List<Entry> rest = new ArrayList<>(pending);
    lock.lock();
    try {
      closed = true;
      rest.addAll(waiting);
      waiting.clear();
      queued = 0;
      queuedBytes = 0;
    } finally {
      lock.unlock();
    }
    pending.clear();
    AuditUnavailable closing = new AuditUnavailable("the audit log is closed");
    rest.stream()
        .filter(entry -> entry.stage != null)
        .forEach(entry -> entry.stage.completeExceptionally(closing));
    if (!rest.isEmpty()) {
      LOG.error("{}: {} records could not be written", settings.file(), rest.size());
    }
    try {
      // What an earlier crash left stays until a record keeps it.
      if (mayHoldMore && notes.isEmpty()) {
        file.truncate(size);
      }
    } catch (IOException e) {
      LOG.warn("{}: an unfinished record is left at its end", settings.file());
    }
    try {
      file.close();
      lockFile.close();
    } catch (IOException e) {
      LOG.warn("{}: {}", settings.file(), e.toString());
    }
    OPEN_HERE.remove(lockedPath);
  }

  /** The service log goes elsewhere, so a head in it can later tell a cut tail. */
  private void logHead(String event) {
    LOG.info(
        "audit log {} {}: {} records, head {}",
        settings.file(),
        event,
        seq,
        HexFormat.of().formatHex(head));
  }

  private static void forceDirectory(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      LOG.debug("{}: directories cannot be forced here", directory);
    }
  }
}
