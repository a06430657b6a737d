package dev.tallygate.node.config;

import dev.tallygate.registry.Sealing;
import dev.tallygate.registry.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** What a configuration refers to outside itself; remembers every file that was asked for. */
final class Surroundings {
  private final Path directory;
  private final UnaryOperator<String> environment;
  private final boolean followed;
  private final Optional<Sealing> sealing;
  private final Map<Path, Optional<Sha256>> files = new LinkedHashMap<>();

  /**
   * @param followed whether references are followed; where not, only their form is checked
   */
  Surroundings(Path directory, UnaryOperator<String> environment, boolean followed) {
    this(directory, environment, followed, Optional.empty());
  }

  /**
   * @param sealing opens what is sealed; without it nothing may be
   */
  Surroundings(
      Path directory,
      UnaryOperator<String> environment,
      boolean followed,
      Optional<Sealing> sealing) {
    this.directory = directory;
    this.environment = environment;
    this.followed = followed;
    this.sealing = sealing;
  }

  boolean followed() {
    return followed;
  }

  Map<Path, Optional<Sha256>> files() {
    return files;
  }

  Optional<String> variable(String name) {
    return Optional.ofNullable(environment.apply(name));
  }

  /** What opens sealed values here. */
  Optional<Sealing> sealing() {
    return sealing;
  }

  /** A path as the configuration writes it: relative ones start at the configuration's folder. */
  Path path(String written) throws IOException {
    try {
      return directory.resolve(written).normalize();
    } catch (InvalidPathException e) {
      throw new IOException("is not a path: " + e.getReason(), e);
    }
  }

  /**
   * Reads a file.
   *
   * @throws IOException whose message says why not, to follow the file's name
   */
  byte[] read(Path file, int maxBytes) throws IOException {
    files.put(file, Optional.empty());
    byte[] bytes = bytes(file, maxBytes);
    files.put(file, Optional.of(Sha256.of(bytes)));
    return bytes;
  }

  private static byte[] bytes(Path file, int maxBytes) throws IOException {
    // Reading a pipe or a device could wait for ever.
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException("is not a regular file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new IOException("is larger than " + Units.text(maxBytes));
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new IOException("does not exist", e);
    } catch (AccessDeniedException e) {
      throw new IOException("may not be read by this user", e);
    } catch (FileSystemException e) {
      throw new IOException("cannot be read: " + e.getReason(), e);
    }
  }

  /**
   * Reads a configuration file whole.
   *
   * @throws IOException whose message names the file and says why not
   */
  static byte[] contents(Path file) throws IOException {
    try {
      return bytes(file, YamlReader.MAX_BYTES);
    } catch (IOException e) {
      throw new IOException(file + " " + e.getMessage(), e);
    }
  }

  /** The digest of what a file now holds; empty where it cannot be read. */
  static Optional<Sha256> digest(Path file) {
    try {
      return Optional.of(Sha256.of(bytes(file, YamlReader.MAX_BYTES)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
