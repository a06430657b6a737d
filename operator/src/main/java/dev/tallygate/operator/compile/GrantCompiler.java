package dev.tallygate.operator.compile;

import static dev.tallygate.operator.compile.Condition.Type.ACCEPTED;
import static dev.tallygate.operator.compile.Condition.Type.RESOLVED_REFS;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.compile.Accepting.Accepted;
import dev.tallygate.operator.compile.Compilation.SecretWanted;
import dev.tallygate.operator.compile.Verdict.Idle;
import dev.tallygate.operator.resources.Kind;
import dev.tallygate.operator.resources.Ref;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.operator.resources.Resources;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Token;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A Grant is a grant in the registry, with the hash of its token. One without its server or its
 * token, or that is suspended, is not there, and so refused; one without its policy is there and
 * denied every call. Grants are to be compiled from the oldest on: it keeps what they claim.
 */
final class GrantCompiler {
  private static final int FINGERPRINT_DIGITS = 12;

  private final Resources resources;
  private final Map<Ref, Verdict> others;
  private final Accepting accepting;
  private final Published published;
  private final Instant now;
  private final Map<String, String> labels = new HashMap<>();
  private final Map<String, String> tokens = new HashMap<>();
  private final Map<Ref, SecretWanted> wanted = new TreeMap<>();

  /**
   * @param others verdicts of servers and policies
   */
  GrantCompiler(
      Resources resources,
      Map<Ref, Verdict> others,
      Accepting accepting,
      Published published,
      Instant now) {
    this.resources = resources;
    this.others = others;
    this.accepting = accepting;
    this.published = published;
    this.now = now;
  }

  Map<Ref, SecretWanted> wanted() {
    return wanted;
  }

  Verdict compile(Resource grant) {
    JsonNode spec = grant.spec();
    String server = spec.path("serverRef").path("name").asText();
    String policy = spec.path("policyRef").path("name").asText();
    String label = spec.path("label").asText(grant.name());
    ObjectNode facts = Verdict.noFacts().put("path", "/mcp/" + server);
    Optional<String> otherHasLabel = Optional.ofNullable(labels.putIfAbsent(label, grant.name()));

    Optional<Condition> unresolved = server(server).or(() -> policy(policy));
    boolean hasServer = server(server).isEmpty();
    boolean hasPolicy = policy(policy).isEmpty();
    Found token = token(grant);
    if (unresolved.isEmpty()) {
      unresolved = token.unresolved();
    }
    Condition resolved =
        unresolved.orElse(
            Condition.yes(RESOLVED_REFS, "ResolvedRefs", "everything that it refers to is there"));
    if (token.hash().isEmpty()) {
      return verdict(grant, Optional.empty(), inOrder(), resolved, Optional.empty(), facts);
    }
    String hash = token.hash().get().hex();
    facts.put("tokenFingerprint", hash.substring(0, FINGERPRINT_DIGITS));
    Optional<String> otherHasToken = Optional.ofNullable(tokens.putIfAbsent(hash, grant.name()));
    boolean suspended = spec.path("suspend").asBoolean();
    if (otherHasLabel.isPresent() && !suspended) {
      return verdict(
          grant,
          Optional.empty(),
          taken("DuplicateLabel", "the label " + label, otherHasLabel.get()),
          resolved,
          Optional.empty(),
          facts);
    }
    if (otherHasToken.isPresent()) {
      return verdict(
          grant,
          Optional.empty(),
          taken("DuplicateToken", "its token", otherHasToken.get()),
          resolved,
          Optional.empty(),
          facts);
    }
    Optional<Idle> idle = idle(spec, hash);
    if (!hasServer || suspended) {
      return verdict(grant, Optional.empty(), inOrder(), resolved, idle, facts);
    }
    ObjectNode content =
        Verdict.noFacts()
            .put("label", label)
            .put("id", server + "/" + grant.name())
            .put("server", server)
            .put("tokenSha256", hash);
    if (hasPolicy) {
      content.put("policy", policy);
    }
    expiry(spec).ifPresent(expires -> content.put("expires", expires.toString()));
    Accepted accepted = accepting.decide(grant.ref(), new Content(content));
    return verdict(grant, accepted.content(), accepted.condition(), resolved, idle, facts);
  }

  private static Condition inOrder() {
    return Condition.yes(ACCEPTED, "Accepted", "it is in order");
  }

  private static Condition taken(String reason, String what, String by) {
    return Condition.no(
        ACCEPTED, reason, what + " is that of the older Grant " + by + "; give it another");
  }

  private static Verdict verdict(
      Resource grant,
      Optional<Content> content,
      Condition accepted,
      Condition resolved,
      Optional<Idle> idle,
      ObjectNode facts) {
    return new Verdict(grant, content, accepted, Optional.of(resolved), idle, facts);
  }

  /** Why there is no such server; empty if there is. */
  private Optional<Condition> server(String name) {
    Verdict server = others.get(new Ref(Kind.SERVER, name));
    if (server == null) {
      return Optional.of(unresolved("ServerNotFound", "there is no McpServer " + name));
    }
    return server.content().isPresent()
        ? Optional.empty()
        : Optional.of(
            unresolved("ServerNotAccepted", "the McpServer " + name + " is not accepted"));
  }

  private Optional<Condition> policy(String name) {
    Verdict policy = others.get(new Ref(Kind.POLICY, name));
    if (policy == null) {
      return Optional.of(
          unresolved("PolicyNotFound", "there is no Policy " + name + "; every call is denied"));
    }
    return policy.content().isPresent()
        ? Optional.empty()
        : Optional.of(
            unresolved(
                "PolicyNotAccepted",
                "the Policy " + name + " was never accepted; every call is denied"));
  }

  private static Condition unresolved(String reason, String message) {
    return Condition.no(RESOLVED_REFS, reason, message);
  }

  /** The hash of a token, or why there is none. */
  private record Found(Optional<Sha256> hash, Optional<Condition> unresolved) {
    static Found not(String reason, String message) {
      return new Found(Optional.empty(), Optional.of(GrantCompiler.unresolved(reason, message)));
    }
  }

  private Found token(Resource grant) {
    JsonNode token = grant.spec().path("token");
    String name = token.path("secretRef").path("name").asText();
    String key = token.path("secretRef").path("key").asText("token");
    Map<String, String> secret = resources.secrets().get(name);
    if (secret == null) {
      if (!token.path("generate").asBoolean()) {
        return Found.not(
            "SecretNotFound",
            "there is no Secret " + name + "; create it, or say token.generate: true");
      }
      wanted.put(grant.ref(), new SecretWanted(name, key));
      return Found.not("SecretNotFound", "the Secret " + name + " is being made");
    }
    String madeFor = resources.madeFor().getOrDefault(name, grant.uid());
    if (token.path("generate").asBoolean() && !madeFor.equals(grant.uid())) {
      // One of this name that was deleted a moment ago: its token is to end with it.
      return Found.not(
          "SecretNotFound",
          "the Secret " + name + " was made for another Grant, and goes with that one");
    }
    if (!secret.containsKey(key)) {
      return Found.not("KeyNotFound", "the Secret " + name + " has no key " + key);
    }
    String text = secret.get(key).strip();
    return Token.isWellFormed(text)
        ? new Found(Optional.of(Sha256.of(text)), Optional.empty())
        : Found.not(
            "TokenMalformed",
            "the key "
                + key
                + " of the Secret "
                + name
                + " does not hold a token: tg_ and 32 random bytes in base64url");
  }

  private Optional<Idle> idle(JsonNode spec, String hash) {
    if (spec.path("suspend").asBoolean()) {
      return Optional.of(new Idle("Suspended", "its token is refused while suspend is true"));
    }
    String since = published.revoked().get(hash);
    if (since != null) {
      return Optional.of(
          new Idle(
              "Revoked",
              "its token was revoked at " + since + " and stays refused; give it a new one"));
    }
    return expiry(spec)
        .filter(expires -> !now.isBefore(expires))
        .map(
            past ->
                new Idle(
                    "Expired", "its token is refused since " + spec.get("expiresAt").asText()));
  }

  private static Optional<Instant> expiry(JsonNode spec) {
    return spec.hasNonNull("expiresAt")
        ? Optional.of(OffsetDateTime.parse(spec.get("expiresAt").asText()).toInstant())
        : Optional.empty();
  }
}
