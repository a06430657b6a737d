package dev.tallygate.node.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A file that one command at a time reads and replaces. Commands take turns by a lock file beside
 * it, which the last one removes; the file itself is replaced by a rename, so that readers see the
 * old contents or the new, never a part.
 */
final class LockedFile implements AutoCloseable {
  // A file lock belongs to the process: threads take turns by this one.
  private static final ReentrantLock THREADS = new ReentrantLock();

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration RETRY = Duration.ofMillis(5);

  private final Path target;
  private final Path lockFile;
  private final FileChannel channel;
  private final FileLock lock;

  private LockedFile(Path target, Path lockFile, FileChannel channel, FileLock lock) {
    this.target = target;
    this.lockFile = lockFile;
    this.channel = channel;
    this.lock = lock;
  }

  /**
   * Waits until no other command holds the file. A symbolic link is followed: its target is locked
   * and replaced, the link stays.
   *
   * @throws IOException with the reason and the cure
   */
  static LockedFile open(Path file) throws IOException {
    Path target;
    try {
      target = file.toRealPath();
    } catch (NoSuchFileException e) {
      throw new IOException(file + " does not exist", e);
    } catch (FileSystemException e) {
      throw new IOException(
          file + " cannot be reached: " + Objects.requireNonNullElse(e.getReason(), "refused"), e);
    }
    if (!Files.isRegularFile(target)) {
      throw new IOException(file + " is not a regular file");
    }
    Path lockFile = target.resolveSibling("." + target.getFileName() + ".lock");
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    THREADS.lock();
    boolean locked = false;
    try {
      while (true) {
        FileChannel channel = open(lockFile, file);
        FileLock lock = channel.tryLock();
        if (lock != null && isStill(lockFile, channel)) {
          locked = true;
          return new LockedFile(target, lockFile, channel, lock);
        }
        channel.close();
        if (System.nanoTime() > deadline) {
          throw new IOException(
              "another command has been editing " + file + " for a while; try again");
        }
        LockSupport.parkNanos(RETRY.toNanos());
      }
    } finally {
      if (!locked) {
        THREADS.unlock();
      }
    }
  }

  private static FileChannel open(Path lockFile, Path file) throws IOException {
    try {
      return FileChannel.open(
          lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ);
    } catch (FileSystemException e) {
      throw new IOException(
          "cannot write beside "
              + file
              + "; run this where its folder is writable, by a user who may write there",
          e);
    }
  }

  /**
   * The holder before may have removed the lock file while this one waited for it: then the one at
   * its place, if any, is another. A random size marks the locked one and is compared with that at
   * the place. It must not be opened to compare, because closing it again would end the lock: a
   * process loses its POSIX locks on a file when it closes any descriptor of it.
   */
  private static boolean isStill(Path lockFile, FileChannel channel) throws IOException {
    long size = ThreadLocalRandom.current().nextLong(1, 1L << 30);
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(new byte[1]), size - 1); // leaves a hole, takes no space
    try {
      return Files.size(lockFile) == size;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  byte[] read() throws IOException {
    return Surroundings.contents(target);
  }

  /**
   * Replaces the contents, durably and as one.
   *
   * @param expected what was read; anything else means that somebody else wrote meanwhile
   * @throws IOException if it cannot be done; the file is then as it was
   */
  void replace(byte[] expected, byte[] contents) throws IOException {
    Path temporary = Files.createTempFile(target.getParent(), "." + target.getFileName(), ".tmp");
    try {
      try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        keepOwnerAndPermissions(temporary);
        ByteBuffer buffer = ByteBuffer.wrap(contents);
        while (buffer.hasRemaining()) {
          out.write(buffer);
        }
        out.force(true);
      }
      if (!Arrays.equals(Files.readAllBytes(target), expected)) {
        throw new IOException(target + " was changed by someone else meanwhile; try again");
      }
      try {
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (FileSystemException e) {
        throw new IOException(
            "cannot replace "
                + target
                + " ("
                + Objects.requireNonNullElse(e.getReason(), "refused")
                + "); a file mounted by itself must be edited where it comes from",
            e);
      }
      forceDirectory(target.getParent());
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private void keepOwnerAndPermissions(Path temporary) throws IOException {
    PosixFileAttributeView to = Files.getFileAttributeView(temporary, PosixFileAttributeView.class);
    if (to == null) {
      return;
    }
    PosixFileAttributes kept = Files.readAttributes(target, PosixFileAttributes.class);
    PosixFileAttributes given = to.readAttributes();
    try {
      if (!given.group().equals(kept.group())) {
        to.setGroup(kept.group());
      }
      if (!given.owner().equals(kept.owner())) {
        to.setOwner(kept.owner());
      }
    } catch (IOException e) {
      throw new IOException(
          target
              + " belongs to "
              + kept.owner().getName()
              + ":"
              + kept.group().getName()
              + ", which this user may not give to a new file; run this as that user",
          e);
    }
    to.setPermissions(kept.permissions());
  }

  private static void forceDirectory(Path directory) {
    try (FileChannel opened = FileChannel.open(directory, StandardOpenOption.READ)) {
      opened.force(true);
    } catch (IOException e) {
      // Some systems cannot open folders; the rename itself has happened.
      return;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      Files.deleteIfExists(lockFile);
      lock.release();
      channel.close();
    } finally {
      THREADS.unlock();
    }
  }
}
