package dev.tallygate.registry;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** A SHA-256 digest; equality takes the same time wherever the first difference stands. */
public final class Sha256 {
  private final byte[] digest;

  private Sha256(byte[] digest) {
    this.digest = digest;
  }

  /** The digest of a text's UTF-8 bytes. */
  public static Sha256 of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The digest of these bytes. */
  public static Sha256 of(byte[] bytes) {
    try {
      return new Sha256(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Reads 64 hexadecimal digits.
   *
   * @throws IllegalArgumentException if they are not
   */
  public static Sha256 ofHex(String hex) {
    byte[] digest = HexFormat.of().parseHex(hex);
    if (digest.length != 32) {
      throw new IllegalArgumentException("a SHA-256 digest has 64 hexadecimal digits");
    }
    return new Sha256(digest);
  }

  public String hex() {
    return HexFormat.of().formatHex(digest);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Sha256 that && MessageDigest.isEqual(digest, that.digest);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(digest);
  }

  @Override
  public String toString() {
    return hex();
  }
}
