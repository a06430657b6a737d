package dev.tallygate.registry;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals secrets that travel in the registry, so that only who has the cluster's secret can read
 * them.
 *
 * <p>AES-256-GCM whose nonce is a MAC of the text and its place, as in SIV (RFC 5297): what is
 * sealed again is the same text, so that nothing is published anew, and one nonce never serves two
 * texts. Both keys are derived from the cluster's secret by HMAC-SHA-256. Thread-safe.
 */
public final class Sealing {
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BYTES = 16;

  private final SecretKeySpec encryption;
  private final SecretKeySpec nonces;

  /**
   * @param clusterSecret what every node of the cluster knows and nobody else
   */
  public Sealing(String clusterSecret) {
    byte[] secret = clusterSecret.getBytes(StandardCharsets.UTF_8);
    encryption = new SecretKeySpec(mac(secret, "tallygate sealing encryption"), "AES");
    nonces = new SecretKeySpec(mac(secret, "tallygate sealing nonces"), "HmacSHA256");
  }

  /**
   * Seals a text.
   *
   * @param place where it stands; it can be opened as what stands there only
   * @return letters, digits, {@code -} and {@code _}
   */
  public String seal(String place, String text) {
    byte[] plain = text.getBytes(StandardCharsets.UTF_8);
    byte[] nonce = nonce(place, plain);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, place).doFinal(plain);
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(
              ByteBuffer.allocate(NONCE_BYTES + sealed.length).put(nonce).put(sealed).array());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has AES-GCM", e);
    }
  }

  /** The text; empty if it was sealed by another secret, for another place, or was changed. */
  public Optional<String> open(String place, String sealed) {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(sealed);
      if (bytes.length < NONCE_BYTES + TAG_BYTES) {
        return Optional.empty();
      }
      byte[] nonce = Arrays.copyOf(bytes, NONCE_BYTES);
      byte[] plain =
          cipher(Cipher.DECRYPT_MODE, nonce, place)
              .doFinal(bytes, NONCE_BYTES, bytes.length - NONCE_BYTES);
      return Optional.of(new String(plain, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException | GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private Cipher cipher(int mode, byte[] nonce, String place) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, encryption, new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce));
    cipher.updateAAD(place.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private byte[] nonce(String place, byte[] plain) {
    byte[] where = place.getBytes(StandardCharsets.UTF_8);
    ByteBuffer both = ByteBuffer.allocate(Integer.BYTES + where.length + plain.length);
    both.putInt(where.length).put(where).put(plain);
    return Arrays.copyOf(mac(nonces, both.array()), NONCE_BYTES);
  }

  private static byte[] mac(byte[] key, String text) {
    return mac(new SecretKeySpec(key, "HmacSHA256"), text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] mac(SecretKeySpec key, byte[] text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac.doFinal(text);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }
}
