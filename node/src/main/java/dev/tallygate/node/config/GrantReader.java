package dev.tallygate.node.config;

import dev.tallygate.json.JsonPointers;
import dev.tallygate.registry.Grant;
import dev.tallygate.registry.Grant.TokenHash;
import dev.tallygate.registry.Sha256;
import dev.tallygate.registry.Token;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads {@code grants}. */
final class GrantReader {
  static final List<String> KEYS =
      List.of(
          "label",
          "id",
          "server",
          "policy",
          "tokenSha256",
          "tokenFile",
          "previous",
          "expires",
          "revoked");

  /** Old tokens that a grant can go on accepting at one time. */
  static final int MAX_PREVIOUS = 8;

  static final Pattern LABEL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}");
  static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@+/-]{0,199}");
  private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{64}");
  private static final int MAX_TOKEN_FILE_BYTES = 4096;

  private final Findings findings;
  private final Surroundings surroundings;
  private final Set<String> servers;
  private final Set<String> policies;
  private final Map<String, YamlNode> labels = new HashMap<>();
  private final Map<String, YamlNode> ids = new HashMap<>();
  private final Map<Sha256, YamlNode> tokens = new HashMap<>();

  GrantReader(
      Findings findings, Surroundings surroundings, Set<String> servers, Set<String> policies) {
    this.findings = findings;
    this.surroundings = surroundings;
    this.servers = servers;
    this.policies = policies;
  }

  List<Grant> read(List<YamlNode> items) {
    List<Grant> grants = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      Fields.of(items.get(i), JsonPointers.child("/grants", i), findings, KEYS)
          .flatMap(this::grant)
          .ifPresent(grants::add);
    }
    return grants;
  }

  private Optional<Grant> grant(Fields fields) {
    Optional<String> label = fields.requiredText("label", "name the client: label: alice-laptop");
    if (label.isPresent() && !LABEL.matcher(label.get()).matches()) {
      fields.error("label", "must be 1 to 100 letters, digits and . _ @ + -");
    }
    Optional<String> server = fields.requiredText("server", "name the server that it opens");
    server.ifPresent(name -> requireKnown(fields, "server", name, servers));
    Optional<String> policy = fields.text("policy");
    policy.ifPresent(name -> requireKnown(fields, "policy", name, policies));
    Optional<String> written = fields.text("id");
    if (written.isPresent() && !ID.matcher(written.get()).matches()) {
      fields.error("id", "must be 1 to 200 letters, digits and . _ @ + / -");
    }
    Optional<Instant> expires = fields.instant("expires");
    Optional<Instant> revoked = fields.instant("revoked");
    List<TokenHash> accepted = tokens(fields);
    if (label.isEmpty() || server.isEmpty()) {
      return Optional.empty();
    }
    String id = written.orElse(server.get() + "/" + label.get());
    // A revoked label may be given again; which grant a live label means must be plain.
    if (fields.mapping().value("revoked").isEmpty()) {
      requireUnique(fields, "label", label.get(), labels);
      requireUnique(fields, "id", id, ids);
    }
    return Optional.of(
        new Grant(id, label.get(), server.get(), policy, accepted, expires, revoked));
  }

  private static void requireKnown(Fields fields, String key, String name, Set<String> known) {
    if (known.contains(name)) {
      return;
    }
    String cure =
        Findings.nearest(name, known)
            .map(near -> "did you mean `" + near + "`?")
            .orElse(
                known.isEmpty() ? "there is none yet" : "there are " + String.join(", ", known));
    fields.error(key, "names `" + name + "`, which does not exist; " + cure);
  }

  private static void requireUnique(
      Fields fields, String key, String name, Map<String, YamlNode> seen) {
    YamlNode first = seen.putIfAbsent(name, fields.mapping());
    if (first != null) {
      fields.error(
          key,
          "`"
              + name
              + "` is already that of the grant on line "
              + first.span().position().line()
              + "; give this one another or revoke that one");
    }
  }

  private List<TokenHash> tokens(Fields fields) {
    List<TokenHash> accepted = new ArrayList<>();
    Optional<String> file = fields.text("tokenFile");
    boolean hasHash = fields.mapping().value("tokenSha256").isPresent();
    if (hasHash && file.isPresent()) {
      fields.error("tokenFile", "cannot be used with `tokenSha256`; keep one of them");
    } else if (!hasHash && fields.mapping().value("tokenFile").isEmpty()) {
      findings.error(
          fields.pointer("tokenSha256"),
          fields.mapping(),
          "`tokenSha256` is missing; mint a token with `tallygate grant mint`, or name a"
              + " `tokenFile`");
    }
    if (file.isPresent() && surroundings.followed()) {
      tokenFile(fields, file.get())
          .ifPresent(hash -> accept(fields, "tokenFile", hash, Optional.empty(), accepted));
    }
    hash(fields).ifPresent(hash -> accept(fields, "tokenSha256", hash, Optional.empty(), accepted));
    List<YamlNode> previous = fields.items("previous");
    if (previous.size() > MAX_PREVIOUS) {
      fields.error("previous", "has more than " + MAX_PREVIOUS + " tokens; remove the oldest");
      return accepted;
    }
    for (int i = 0; i < previous.size(); i++) {
      String pointer = JsonPointers.child(fields.pointer("previous"), i);
      Fields.of(previous.get(i), pointer, findings, List.of("tokenSha256", "until"))
          .ifPresent(old -> previous(old, accepted));
    }
    return accepted;
  }

  private void previous(Fields old, List<TokenHash> accepted) {
    old.require("tokenSha256", "give the old token's SHA-256");
    old.require("until", "say until when the old token is accepted");
    Optional<Sha256> hash = hash(old);
    Optional<Instant> until = old.instant("until");
    if (hash.isPresent() && until.isPresent()) {
      accept(old, "tokenSha256", hash.get(), until, accepted);
    }
  }

  private void accept(
      Fields fields, String key, Sha256 hash, Optional<Instant> until, List<TokenHash> accepted) {
    YamlNode first = tokens.putIfAbsent(hash, fields.mapping());
    if (first != null) {
      fields.error(
          key,
          "is the token that the grant on line "
              + first.span().position().line()
              + " has too; mint one for each");
      return;
    }
    accepted.add(new TokenHash(hash, until));
  }

  private static Optional<Sha256> hash(Fields fields) {
    Optional<String> text = fields.text("tokenSha256");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (!HEX.matcher(text.get()).matches()) {
      fields.error(
          "tokenSha256",
          Token.isWellFormed(text.get())
              ? "holds the token itself; write its SHA-256 and mint a new token, this one was seen"
              : "must be 64 hexadecimal digits, the SHA-256 of the token");
      return Optional.empty();
    }
    return Optional.of(Sha256.ofHex(text.get()));
  }

  private Optional<Sha256> tokenFile(Fields fields, String written) {
    try {
      Path file = surroundings.path(written);
      String token =
          new String(surroundings.read(file, MAX_TOKEN_FILE_BYTES), StandardCharsets.UTF_8).strip();
      if (Token.isWellFormed(token)) {
        return Optional.of(Sha256.of(token));
      }
      fields.error(
          "tokenFile",
          "names "
              + written
              + ", which does not hold a token: tg_ and 32 random bytes in base64url");
    } catch (IOException e) {
      fields.error("tokenFile", "names " + written + ", which " + e.getMessage());
    }
    return Optional.empty();
  }
}
