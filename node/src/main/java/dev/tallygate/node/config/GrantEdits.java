package dev.tallygate.node.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.CanonicalJson;
import dev.tallygate.node.config.ConfigEditor.NewGrant;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Sha256;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Changes of single grants in a registry's document. What they make is declared by {@link
 * RegistryDocument#ADMIN}; what another source declares can be revoked, and not changed otherwise.
 */
public final class GrantEdits {
  private GrantEdits() {}

  /**
   * Adds a grant.
   *
   * @param token SHA-256 of its token
   */
  public static RegistryDocument mint(
      RegistryDocument document, NewGrant grant, Sha256 token, Instant now) throws EditRefused {
    if (!GrantReader.LABEL.matcher(grant.label()).matches()) {
      throw new EditRefused("a label has 1 to 100 letters, digits and . _ @ + -");
    }
    requireKnown(document, "servers", "server", grant.server());
    if (grant.policy().isPresent()) {
      requireKnown(document, "policies", "policy", grant.policy().get());
    }
    if (grant.expires().isPresent() && !now.isBefore(grant.expires().get())) {
      throw new EditRefused("the grant would expire at once, at " + grant.expires().get());
    }
    if (find(document, grant.label()).isPresent()) {
      throw new EditRefused(
          "a grant labelled `"
              + grant.label()
              + "` is there already; give another label, rotate that grant or revoke it");
    }
    requireUnused(document, token);
    Grant made =
        new Grant(
            grant.server() + "/" + grant.label(),
            grant.label(),
            grant.server(),
            grant.policy(),
            List.of(new Grant.TokenHash(token, Optional.empty())),
            grant.expires(),
            Optional.empty());
    return document.adding(Declared.json(made), RegistryDocument.ADMIN);
  }

  /**
   * Gives a grant another token. The old one is accepted for {@code overlap} from now; with none,
   * every older token ends at once and for good.
   *
   * @param grant its label or id
   * @param token SHA-256 of the new token
   */
  public static RegistryDocument rotate(
      RegistryDocument document, String grant, Sha256 token, Duration overlap, Instant now)
      throws EditRefused {
    int index = require(document, grant);
    ObjectNode changed = grants(document).get(index).deepCopy();
    if (!RegistryDocument.isOf(changed, RegistryDocument.ADMIN)) {
      throw new EditRefused(
          "`"
              + grant
              + "` is declared by `"
              + changed.path("source").asText()
              + "`; change it there, or revoke it here");
    }
    if (changed.has("expires") && !now.isBefore(Instant.parse(changed.get("expires").asText()))) {
      throw new EditRefused(
          "`" + grant + "` expired at " + changed.get("expires").asText() + "; mint another");
    }
    requireUnused(document, token);
    List<String> ended = new ArrayList<>(RegistryDocument.tokensOf(changed));
    ArrayNode previous = changed.arrayNode();
    if (!overlap.isZero()) {
      for (JsonNode old : changed.path("previous")) {
        if (now.isBefore(Instant.parse(old.path("until").asText()))) {
          previous.add(old);
        }
      }
      previous
          .addObject()
          .put("tokenSha256", changed.path("tokenSha256").asText())
          .put("until", now.plus(overlap).truncatedTo(ChronoUnit.SECONDS).toString());
      previous.forEach(old -> ended.remove(old.path("tokenSha256").asText()));
    }
    if (previous.size() > GrantReader.MAX_PREVIOUS) {
      throw new EditRefused(
          "`"
              + grant
              + "` still accepts "
              + GrantReader.MAX_PREVIOUS
              + " older tokens; rotate it without --overlap to end them");
    }
    changed.put("tokenSha256", token.hex()).remove("previous");
    if (!previous.isEmpty()) {
      changed.set("previous", previous);
    }
    return document.changing(index, changed, ended, now);
  }

  /**
   * Revokes a grant, whoever declares it: its tokens are refused for good.
   *
   * @param grant its label or id
   */
  public static RegistryDocument revoke(RegistryDocument document, String grant, Instant now)
      throws EditRefused {
    int index = require(document, grant);
    ObjectNode changed = grants(document).get(index).deepCopy();
    List<String> ended = RegistryDocument.tokensOf(changed);
    if (RegistryDocument.isOf(changed, RegistryDocument.ADMIN)) {
      changed.put("revoked", now.truncatedTo(ChronoUnit.SECONDS).toString());
    }
    return document.changing(index, changed, ended, now);
  }

  private static JsonNode grants(RegistryDocument document) {
    return document.json().get("grants");
  }

  private static void requireKnown(RegistryDocument document, String key, String kind, String name)
      throws EditRefused {
    List<String> known = CanonicalJson.sortedKeys(document.json().get(key));
    if (!known.contains(name)) {
      throw new EditRefused(
          "there is no "
              + kind
              + " `"
              + name
              + "`; "
              + (known.isEmpty() ? "publish it first" : "there are " + String.join(", ", known)));
    }
  }

  private static void requireUnused(RegistryDocument document, Sha256 token) throws EditRefused {
    boolean used = document.json().get("revoked").has(token.hex());
    for (JsonNode grant : grants(document)) {
      used |= RegistryDocument.tokensOf(grant).contains(token.hex());
    }
    if (used) {
      throw new EditRefused("this token was given already; mint another");
    }
  }

  private static boolean isLive(RegistryDocument document, JsonNode grant) {
    return !grant.has("revoked")
        && !document.json().get("revoked").has(grant.path("tokenSha256").asText());
  }

  /** The index of the grant that a label or an id means: the one that is not revoked. */
  private static Optional<Integer> find(RegistryDocument document, String name) {
    JsonNode grants = grants(document);
    for (int i = 0; i < grants.size(); i++) {
      JsonNode grant = grants.get(i);
      if (isLive(document, grant) && isNamed(grant, name)) {
        return Optional.of(i);
      }
    }
    return Optional.empty();
  }

  private static boolean isNamed(JsonNode grant, String name) {
    return grant.path("label").asText().equals(name) || grant.path("id").asText().equals(name);
  }

  private static int require(RegistryDocument document, String name) throws EditRefused {
    Optional<Integer> found = find(document, name);
    if (found.isPresent()) {
      return found.get();
    }
    Set<String> labels = new LinkedHashSet<>();
    for (JsonNode grant : grants(document)) {
      if (isNamed(grant, name)) {
        String since =
            grant
                .path("revoked")
                .asText(
                    document
                        .json()
                        .get("revoked")
                        .path(grant.path("tokenSha256").asText())
                        .asText());
        throw new EditRefused("`" + name + "` is revoked since " + since);
      }
      labels.add(grant.path("label").asText());
    }
    throw new EditRefused(
        "there is no grant labelled `"
            + name
            + "`; "
            + Findings.nearest(name, labels)
                .map(near -> "did you mean `" + near + "`?")
                .orElse("`grant list` shows them"));
  }
}
