package dev.tallygate.node.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret behind an audit log: 32 random bytes, kept in a file as 64 hexadecimal digits.
 *
 * <p>The bytes themselves key nothing but three derivations, {@code HMAC-SHA-256(secret, label)}:
 * the key of the chain, the key of digests, and the value that the first record follows. So a
 * digest that a client can provoke never tells anything about the chain. Thread-safe.
 */
public final class AuditKey {
  static final int BYTES = 32;

  private static final String CHAIN = "tallygate audit v1 chain";
  private static final String DIGEST = "tallygate audit v1 digest";
  private static final String GENESIS = "tallygate audit v1 genesis";

  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private final byte[] chain;
  private final byte[] digest;
  private final byte[] genesis;

  private AuditKey(byte[] secret) {
    this.chain = derive(secret, CHAIN);
    this.digest = derive(secret, DIGEST);
    this.genesis = derive(secret, GENESIS);
  }

  /**
   * Reads the key.
   *
   * @throws IOException if it cannot be read, is malformed, or can be read by others; the message
   *     names the file and the cure
   */
  public static AuditKey read(Path file) throws IOException {
    byte[] text;
    try {
      requirePrivate(file);
      // One byte more than a good file has is enough to see that it is too long.
      try (var in = Files.newInputStream(file)) {
        text = in.readNBytes(BYTES * 2 + 3);
      }
    } catch (NoSuchFileException e) {
      throw new NoSuchFileException(
          file.toString(), null, "the audit key is missing; name it with --key or restore it");
    }
    String hex = new String(text, StandardCharsets.ISO_8859_1).strip();
    if (hex.length() != BYTES * 2) {
      throw new IOException(
          file
              + ": an audit key has "
              + BYTES * 2
              + " hexadecimal digits, this file has "
              + (text.length > BYTES * 2 + 2 ? "more" : hex.length())
              + "; restore it from a copy");
    }
    try {
      return new AuditKey(HexFormat.of().parseHex(hex));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": an audit key has hexadecimal digits alone; restore it");
    }
  }

  /** Makes a new key in a file that must not exist; if another process was faster, reads its. */
  static AuditKey create(Path file) throws IOException {
    byte[] secret = new byte[BYTES];
    new SecureRandom().nextBytes(secret);
    byte[] text = (HexFormat.of().formatHex(secret) + "\n").getBytes(StandardCharsets.US_ASCII);
    Path whole = file.resolveSibling(file.getFileName() + ".new-" + ProcessHandle.current().pid());
    Files.deleteIfExists(whole);
    try {
      try (FileChannel out =
          FileChannel.open(
              whole,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              privately(whole))) {
        ByteBuffer rest = ByteBuffer.wrap(text);
        while (rest.hasRemaining()) {
          out.write(rest);
        }
        out.force(true);
      }
      // A link appears whole or not at all, and never over a key that is already there.
      Files.createLink(file, whole);
    } catch (FileAlreadyExistsException e) {
      return read(file);
    } catch (UnsupportedOperationException | FileSystemException e) {
      if (!Files.exists(whole)) {
        throw e;
      }
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(whole);
    }
    return new AuditKey(secret);
  }

  private static FileAttribute<?>[] privately(Path file) {
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
        : new FileAttribute<?>[0];
  }

  /**
   * PostgreSQL's rule for key files: the owner alone, or, where root owns it as it does a mounted
   * secret, a group that may read.
   */
  private static void requirePrivate(Path file) throws IOException {
    if (!file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return;
    }
    Set<PosixFilePermission> excess = EnumSet.noneOf(PosixFilePermission.class);
    excess.addAll(Files.getPosixFilePermissions(file));
    excess.removeAll(OWNER_ONLY);
    excess.remove(PosixFilePermission.OWNER_EXECUTE);
    if (Integer.valueOf(0).equals(Files.getAttribute(file, "unix:uid"))) {
      excess.remove(PosixFilePermission.GROUP_READ);
    }
    if (!excess.isEmpty()) {
      throw new IOException(
          file + ": others can reach the audit key; run `chmod 600 " + file + "` and start again");
    }
  }

  /** A new computation of chain codes; for one thread. */
  Chain chain() {
    return new Chain(mac(chain));
  }

  /** What the first record of a log follows. */
  byte[] genesis() {
    return genesis.clone();
  }

  /** Keyed digest of a text that must not be recorded, as 64 hexadecimal digits. */
  String digest(byte[] text) {
    return HexFormat.of().formatHex(mac(digest).doFinal(text));
  }

  /** Codes of records: {@code HMAC-SHA-256(chain key, code before, 32 bytes | text)}. */
  static final class Chain {
    private final Mac mac;

    private Chain(Mac mac) {
      this.mac = mac;
    }

    byte[] next(byte[] previous, byte[] text, int offset, int length) {
      mac.update(previous);
      mac.update(text, offset, length);
      return mac.doFinal();
    }
  }

  private static byte[] derive(byte[] secret, String label) {
    return mac(secret).doFinal(label.getBytes(StandardCharsets.US_ASCII));
  }

  private static Mac mac(byte[] key) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }
}
