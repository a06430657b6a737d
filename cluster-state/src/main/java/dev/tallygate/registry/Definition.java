package dev.tallygate.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.CanonicalJson;

/**
 * A tool or prompt as a server shows it, whole, or its instructions as a text.
 *
 * @param digest SHA-256 of the canonical value, RFC 8785; two definitions are equal if these are
 * @param value never changed once it is here
 * @param length of the canonical value in bytes
 */
public record Definition(Sha256 digest, JsonNode value, int length) {
  /**
   * @throws IllegalArgumentException if the value has no canonical form
   */
  public static Definition of(JsonNode value) {
    byte[] canonical = CanonicalJson.bytes(value);
    return new Definition(Sha256.of(canonical), value, canonical.length);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Definition that && digest.equals(that.digest);
  }

  @Override
  public int hashCode() {
    return digest.hashCode();
  }

  @Override
  public String toString() {
    return "Definition[" + digest + "]";
  }
}
