package dev.tallygate.registry;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * A grant's token in clear: {@code tg_} and 32 random bytes in base64url, 46 characters in all.
 * Prints without its secret.
 */
public final class Token {
  // 32 bytes leave two bits of the last character unused; RFC 4648 3.5 wants them zero.
  private static final Pattern WELL_FORMED =
      Pattern.compile("tg_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]");

  private static final SecureRandom RANDOM = new SecureRandom();

  private final String text;

  private Token(String text) {
    this.text = text;
  }

  /** A new token of 256 random bits. */
  public static Token random() {
    byte[] secret = new byte[32];
    RANDOM.nextBytes(secret);
    return new Token("tg_" + Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
  }

  /** Whether a text has the form of a token. */
  public static boolean isWellFormed(String text) {
    return WELL_FORMED.matcher(text).matches();
  }

  /** The secret itself, to be shown once. */
  public String reveal() {
    return text;
  }

  public Sha256 sha256() {
    return Sha256.of(text);
  }

  @Override
  public String toString() {
    return "tg_...";
  }
}
