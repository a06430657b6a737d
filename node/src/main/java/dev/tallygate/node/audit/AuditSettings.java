package dev.tallygate.node.audit;

import java.nio.file.Path;
import java.util.Objects;

/**
 * How and where a node keeps its audit log.
 *
 * @param file the file that is written; rotated files stand beside it
 * @param keyFile the key of the chain; made when it is missing and the log is new
 * @param strict whether a record counts as kept only once it is forced to disk
 * @param onFailure what becomes of calls that cannot be recorded
 * @param maxBytes size at which the file is rotated; 0 for never. One record may go beyond it
 * @param keepFiles rotated files that are kept; 0 for all
 * @param node name of this node in each record
 * @param maxQueued records that may wait to be written
 * @param maxQueuedBytes memory that waiting records may take, in bytes, by estimate
 */
public record AuditSettings(
    Path file,
    Path keyFile,
    boolean strict,
    OnFailure onFailure,
    long maxBytes,
    int keepFiles,
    String node,
    int maxQueued,
    long maxQueuedBytes) {

  /** What becomes of a call while its record cannot be kept. */
  public enum OnFailure {
    /** The call is denied. */
    DENY,
    /** The call runs; records that find no room are counted, and the log says how many. */
    ALLOW
  }

  /** The smallest size at which a file may be rotated, in bytes. */
  public static final long SMALLEST_MAX_BYTES = 1024;

  public AuditSettings {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(keyFile, "keyFile");
    Objects.requireNonNull(onFailure, "onFailure");
    Objects.requireNonNull(node, "node");
    if (maxBytes != 0 && maxBytes < SMALLEST_MAX_BYTES) {
      throw new IllegalArgumentException(
          "maxBytes is " + maxBytes + "; it must be 0 (never) or at least " + SMALLEST_MAX_BYTES);
    }
    if (keepFiles < 0) {
      throw new IllegalArgumentException("keepFiles must not be negative; 0 keeps all");
    }
    if (maxQueued < 4 || maxQueuedBytes < 4096) {
      throw new IllegalArgumentException("the queue must hold 4 records and 4096 bytes at least");
    }
  }

  /** The defaults: not strict, deny on failure, rotated at 100 MiB, every file kept. */
  public static AuditSettings of(Path file, String node) {
    return new AuditSettings(
        file, defaultKeyFile(file), false, OnFailure.DENY, 100L << 20, 0, node, 65_536, 64L << 20);
  }

  /** {@code FILE.key}, beside the log. */
  public static Path defaultKeyFile(Path file) {
    return file.resolveSibling(file.getFileName() + ".key");
  }

  public AuditSettings withKeyFile(Path path) {
    return new AuditSettings(
        file, path, strict, onFailure, maxBytes, keepFiles, node, maxQueued, maxQueuedBytes);
  }

  public AuditSettings withStrict(boolean on) {
    return new AuditSettings(
        file, keyFile, on, onFailure, maxBytes, keepFiles, node, maxQueued, maxQueuedBytes);
  }

  public AuditSettings withOnFailure(OnFailure choice) {
    return new AuditSettings(
        file, keyFile, strict, choice, maxBytes, keepFiles, node, maxQueued, maxQueuedBytes);
  }

  /** Rotates at {@code bytes} (0: never) and keeps {@code files} rotated files (0: all). */
  public AuditSettings withRotation(long bytes, int files) {
    return new AuditSettings(
        file, keyFile, strict, onFailure, bytes, files, node, maxQueued, maxQueuedBytes);
  }

  public AuditSettings withQueue(int records, long bytes) {
    return new AuditSettings(
        file, keyFile, strict, onFailure, maxBytes, keepFiles, node, records, bytes);
  }
}
