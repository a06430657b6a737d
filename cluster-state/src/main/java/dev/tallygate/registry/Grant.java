package dev.tallygate.registry;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A labelled bearer token for one client, bound to one server.
 *
 * @param id the identity that counters and audit know; survives a rotation
 * @param label a name for people, such as {@code alice-laptop}
 * @param server the only server it opens
 * @param policy name of its policy; without one every call is denied
 * @param tokens what it accepts: one token, or two while a rotation overlaps
 * @param expires when it ends, if it does
 * @param revoked since when it is refused, if it is
 */
public record Grant(
    String id,
    String label,
    String server,
    Optional<String> policy,
    List<TokenHash> tokens,
    Optional<Instant> expires,
    Optional<Instant> revoked) {

  /**
   * A token, as far as the gate knows it.
   *
   * @param sha256 hash of the token's ASCII bytes
   * @param until when it stops being accepted, for the old token of a rotation
   */
  public record TokenHash(Sha256 sha256, Optional<Instant> until) {}

  public Grant {
    tokens = List.copyOf(tokens);
  }

  /** Whether the grant itself, whatever token is shown, is in force. */
  public boolean inForce(Instant now) {
    return revoked.isEmpty() && expires.map(now::isBefore).orElse(true);
  }
}
