package dev.tallygate.node.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What went wrong with a file, in words: Java's own messages are often the file's name alone. */
final class Reasons {
  private Reasons() {}

  /**
   * Reads a file whole.
   *
   * @throws IOException whose {@link #of reason} names the file
   */
  static byte[] read(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + ": is a folder");
    }
    return Files.readAllBytes(file);
  }

  static String of(IOException e) {
    if (e instanceof NoSuchFileException) {
      return e.getMessage() + ": there is no such file";
    }
    if (e instanceof AccessDeniedException) {
      return e.getMessage() + ": may not be read or written";
    }
    if (e instanceof FileAlreadyExistsException) {
      return e.getMessage() + ": is there already";
    }
    return e.getMessage();
  }
}
