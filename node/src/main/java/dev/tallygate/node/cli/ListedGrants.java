package dev.tallygate.node.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Grant.TokenHash;
import dev.tallygate.registry.Sha256;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the grants that an admin address lists, which come without the hashes of their tokens. */
final class ListedGrants {
  private static final Sha256 UNKNOWN = Sha256.of("");

  private ListedGrants() {}

  static List<Grant> of(JsonNode answer) {
    List<Grant> grants = new ArrayList<>();
    for (JsonNode listed : answer.path("grants")) {
      List<TokenHash> tokens = new ArrayList<>();
      for (JsonNode until : listed.path("previousUntil")) {
        tokens.add(new TokenHash(UNKNOWN, Optional.of(Instant.parse(until.asText()))));
      }
      grants.add(
          new Grant(
              listed.path("id").asText(),
              listed.path("label").asText(),
              listed.path("server").asText(),
              Optional.ofNullable(listed.path("policy").textValue()),
              tokens,
              instant(listed.path("expires")),
              instant(listed.path("revoked"))));
    }
    return grants;
  }

  private static Optional<Instant> instant(JsonNode value) {
    return Optional.ofNullable(value.textValue()).map(Instant::parse);
  }
}
