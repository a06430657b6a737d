package dev.tallygate.registry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code registry.json} in the data folder of a data member, and {@code registry-promise.json}
 * beside it, held by one process at a time. Each is replaced as a whole and durably, so that it has
 * the old content or the new.
 */
public final class KeptFile implements VoteStore, AutoCloseable {
  private static final Pattern HEAD =
      Pattern.compile(
          "\\{\"tallygateRegistry\":1,\"ballot\":(\\d{1,18}),\"proposer\":\"([^\"\\\\]*)\","
              + "\"revision\":(\\d{1,18}),\"sha256\":\"([0-9a-f]{64})\",\"document\":");

  private static final Pattern PROMISE =
      Pattern.compile(
          "\\{\"tallygatePromise\":1,\"ballot\":(\\d{1,18}),\"proposer\":\"([^\"\\\\]*)\","
              + "\"sha256\":\"([0-9a-f]{64})\"\\}\n");

  private static final String TAIL = "}\n";

  private final Path file;
  private final Path promiseFile;
  private final FileChannel lockFile;
  private final FileLock lock;

  private KeptFile(Path file, FileChannel lockFile, FileLock lock) {
    this.file = file;
    this.promiseFile = file.resolveSibling("registry-promise.json");
    this.lockFile = lockFile;
    this.lock = lock;
  }

  /**
   * Takes a data folder, which is made if it is not there.
   *
   * @throws IOException if it cannot be written, or another process has it
   */
  public static KeptFile in(Path folder) throws IOException {
    FileChannel channel = null;
    try {
      Files.createDirectories(folder);
      channel =
          FileChannel.open(
              folder.resolve("registry.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return new KeptFile(folder.resolve("registry.json"), channel, lock);
      }
      channel.close();
    } catch (OverlappingFileLockException e) {
      channel.close();
    } catch (IOException e) {
      throw new IOException(
          "the data folder " + folder + " cannot be used: it must be writable by this user", e);
    }
    throw new IOException(
        "the data folder " + folder + " is in use by another node; give each node its own");
  }

  /**
   * What was written last; empty if nothing was.
   *
   * @throws RegistryDamaged if the file is not as it was written
   */
  @Override
  public Optional<Vote> read() throws IOException {
    Optional<String> found = textOf(file);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    String text = found.get();
    Matcher head = HEAD.matcher(text);
    if (!head.lookingAt() || !text.endsWith(TAIL) || text.length() < head.end() + TAIL.length()) {
      throw new RegistryDamaged(file, "it is not a registry of version 1, or not all of one");
    }
    Vote vote =
        new Vote(
            new Ballot(Long.parseLong(head.group(1)), head.group(2)),
            new Edition(
                Long.parseLong(head.group(3)),
                text.substring(head.end(), text.length() - TAIL.length())));
    if (!digest(vote).hex().equals(head.group(4))) {
      throw new RegistryDamaged(file, "its content does not have its checksum");
    }
    return Optional.of(vote);
  }

  /**
   * Replaces what is there. When this returns it outlasts a loss of power.
   *
   * @throws IOException if it could not be done; what was there is there still
   */
  @Override
  public void write(Vote vote) throws IOException {
    String text =
        "{\"tallygateRegistry\":1,\"ballot\":"
            + vote.ballot().number()
            + ",\"proposer\":\""
            + vote.ballot().proposer()
            + "\",\"revision\":"
            + vote.edition().revision()
            + ",\"sha256\":\""
            + digest(vote)
            + "\",\"document\":"
            + vote.edition().document()
            + TAIL;
    replace(file, text);
  }

  /**
   * @throws RegistryDamaged if the file is not as it was written
   */
  @Override
  public Ballot promised() throws IOException {
    Optional<String> text = textOf(promiseFile);
    if (text.isEmpty()) {
      return Ballot.NONE;
    }
    Matcher promise = PROMISE.matcher(text.get());
    if (promise.matches()) {
      Ballot ballot = new Ballot(Long.parseLong(promise.group(1)), promise.group(2));
      if (digest(ballot).hex().equals(promise.group(3))) {
        return ballot;
      }
    }
    throw new RegistryDamaged(
        promiseFile,
        "it is not what was written; " + file.getFileName() + " beside it cannot stay");
  }

  /**
   * @throws IOException if it could not be done; what was promised is promised still
   */
  @Override
  public void promise(Ballot ballot) throws IOException {
    replace(
        promiseFile,
        "{\"tallygatePromise\":1,\"ballot\":"
            + ballot.number()
            + ",\"proposer\":\""
            + ballot.proposer()
            + "\",\"sha256\":\""
            + digest(ballot)
            + "\"}\n");
  }

  private static Optional<String> textOf(Path file) throws IOException {
    try {
      return Optional.of(Files.readString(file, StandardCharsets.UTF_8));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (CharacterCodingException e) {
      throw new RegistryDamaged(file, "it is not UTF-8");
    }
  }

  private void replace(Path file, String text) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try (FileChannel out =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    forceFolder();
  }

  private void forceFolder() throws IOException {
    FileChannel folder;
    try {
      folder = FileChannel.open(file.getParent(), StandardOpenOption.READ);
    } catch (IOException e) {
      return; // some systems cannot open folders; the rename itself has happened
    }
    try (folder) {
      folder.force(true);
    }
  }

  private static Sha256 digest(Ballot ballot) {
    return Sha256.of(ballot.number() + "\n" + ballot.proposer());
  }

  private static Sha256 digest(Vote vote) {
    return Sha256.of(
        vote.ballot().number()
            + "\n"
            + vote.ballot().proposer()
            + "\n"
            + vote.edition().revision()
            + "\n"
            + vote.edition().document());
  }

  /** Lets another process take the folder. */
  @Override
  public void close() throws IOException {
    lock.release();
    lockFile.close();
  }
}
