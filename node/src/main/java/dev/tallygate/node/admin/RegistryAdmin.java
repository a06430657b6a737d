package dev.tallygate.node.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.CanonicalJson;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.node.config.ConfigEditor.NewGrant;
import dev.tallygate.node.config.Declared;
import dev.tallygate.node.config.DocumentRefused;
import dev.tallygate.node.config.EditRefused;
import dev.tallygate.node.config.GrantEdits;
import dev.tallygate.node.config.RegistryDocument;
import dev.tallygate.node.config.Units;
import dev.tallygate.node.registry.Publisher;
import dev.tallygate.node.registry.Publisher.Replacing;
import dev.tallygate.registry.Edition;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.Registry.Enforcement;
import dev.tallygate.registry.Registry.Late;
import dev.tallygate.registry.Registry.NotPublished;
import dev.tallygate.registry.Registry.Outdated;
import dev.tallygate.registry.Registry.PublishResult;
import dev.tallygate.registry.Registry.Published;
import dev.tallygate.registry.Registry.Survey;
import dev.tallygate.registry.RegistrySettings;
import dev.tallygate.registry.Sha256;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows and changes the registry over HTTP, for whoever shows the admin token. A change is answered
 * when every node enforces it, or with the names of those that are late.
 */
public final class RegistryAdmin {
  private static final Logger LOG = LoggerFactory.getLogger(RegistryAdmin.class);

  private static final int MAX_GRANT_BYTES = 16 * 1024;
  private static final Pattern BEARER = Pattern.compile("(?i:bearer) ([\\x21-\\x7e]{1,1024})");
  private static final Pattern GRANT = Pattern.compile("/grants/(.{1,600})/(rotate|revoke)");
  private static final Pattern SOURCE = Pattern.compile("/registry/([a-z]{1,20})");
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");
  private static final Set<String> SOURCES =
      Set.of(RegistryDocument.FILE, RegistryDocument.ADMIN, RegistryDocument.KUBERNETES);

  private final Optional<Sha256> token;
  private final Registry registry;
  private final Publisher publisher;
  private final Clock clock;

  /**
   * @param token SHA-256 of what must be shown; without one everything is refused
   */
  public RegistryAdmin(
      Optional<Sha256> token, Registry registry, Publisher publisher, Clock clock) {
    this.token = token;
    this.registry = registry;
    this.publisher = publisher;
    this.clock = clock;
  }

  /** An answer other than success. */
  private static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient ObjectNode body;

    Failed(int status, String error) {
      super(error, null, false, false);
      this.status = status;
      this.body = JsonNodeFactory.instance.objectNode().put("error", error);
    }
  }

  static boolean isFor(String path) {
    return path.equals("/registry")
        || path.startsWith("/registry/")
        || path.equals("/grants")
        || path.startsWith("/grants/");
  }

  /** Answers a request; what blocks runs on {@code workers}. */
  void answer(HttpServerRequest request, WorkerExecutor workers) {
    Optional<Failed> refused = unauthenticated(request);
    if (refused.isPresent()) {
      send(request, refused.get().status, refused.get().body);
      return;
    }
    int most =
        request.path().startsWith("/registry/")
            ? RegistryDocument.BOUNDS.maxBytes()
            : MAX_GRANT_BYTES;
    Buffer body = Buffer.buffer();
    request.handler(
        piece -> {
          if (body.length() + piece.length() > most) {
            request.handler(rest -> {});
            request.endHandler(end -> {});
            request.response().putHeader("Connection", "close");
            Failed tooLarge = new Failed(413, "the body is larger than " + Units.text(most));
            send(request, tooLarge.status, tooLarge.body);
          } else {
            body.appendBuffer(piece);
          }
        });
    request.endHandler(
        end ->
            workers
                .executeBlocking(() -> answered(request, body.getBytes()), false)
                .onSuccess(answer -> send(request, 200, answer))
                .onFailure(
                    cause -> {
                      Failed failed =
                          cause instanceof Failed known ? known : new Failed(500, "it failed here");
                      if (cause != failed) {
                        LOG.error("A request of the admin address failed", cause);
                      }
                      send(request, failed.status, failed.body);
                    }));
  }

  private Optional<Failed> unauthenticated(HttpServerRequest request) {
    if (token.isEmpty()) {
      return Optional.of(
          new Failed(
              403,
              "this node takes no changes: its file has no `admin.token`;"
                  + " set one, such as admin: { token: \"${env:TALLYGATE_ADMIN_TOKEN}\" }"));
    }
    List<String> shown = request.headers().getAll("authorization");
    Matcher bearer = BEARER.matcher(shown.size() == 1 ? shown.get(0) : "");
    // Hashes are compared in constant time.
    return bearer.matches() && Sha256.of(bearer.group(1)).equals(token.get())
        ? Optional.empty()
        : Optional.of(
            new Failed(401, "show the token of `admin.token`: Authorization: Bearer TOKEN"));
  }

  private static void send(HttpServerRequest request, int status, JsonNode body) {
    if (request.response().ended() || request.response().closed()) {
      return;
    }
    if (status == 401) {
      request.response().putHeader("WWW-Authenticate", "Bearer realm=\"tallygate-admin\"");
    }
    request
        .response()
        .setStatusCode(status)
        .putHeader("Content-Type", "application/json")
        .putHeader("Cache-Control", "no-store")
        .end(body.toPrettyString() + "\n");
  }

  private ObjectNode answered(HttpServerRequest request, byte[] body) throws Exception {
    String path = request.path();
    Matcher grant = GRANT.matcher(path);
    Matcher source = SOURCE.matcher(path);
    String what = request.method().name() + " " + (path.equals("/grants") ? path : "");
    if (request.method().name().equals("GET") && path.equals("/registry")) {
      return registry();
    }
    if (request.method().name().equals("GET") && path.equals("/registry/nodes")) {
      return enforcement();
    }
    if (request.method().name().equals("GET") && source.matches()) {
      return declared(known(source.group(1)));
    }
    if (what.equals("GET /grants")) {
      return grants();
    }
    if (what.equals("POST /grants")) {
      return mint(json(body));
    }
    if (request.method().name().equals("POST") && grant.matches()) {
      String name = decoded(grant.group(1));
      return grant.group(2).equals("revoke") ? revoke(name) : rotate(name, json(body));
    }
    if (request.method().name().equals("PUT") && source.matches()) {
      return replace(known(source.group(1)), replacing(request), body);
    }
    throw new Failed(
        404,
        "there are GET /registry, GET /registry/nodes, GET and PUT"
            + " /registry/{file|admin|kubernetes}, GET and POST /grants, POST"
            + " /grants/{id}/rotate and POST /grants/{id}/revoke");
  }

  private static String decoded(String name) throws Failed {
    try {
      return URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new Failed(400, "the grant's name is not percent-encoded as it should be");
    }
  }

  private ObjectNode registry() throws Failed, DocumentRefused, InterruptedException {
    Edition newest = newest();
    ObjectNode answer = JsonNodeFactory.instance.objectNode().put("revision", newest.revision());
    survey(answer);
    answer.set("document", RegistryDocument.read(newest.document()).json());
    return answer;
  }

  /** What a source declares, for the one that writes it. */
  private ObjectNode declared(String source) throws Failed, DocumentRefused, InterruptedException {
    boolean isEmpty = registry.refresh() && registry.newest().isEmpty();
    Edition newest = isEmpty ? new Edition(0, RegistryDocument.EMPTY.text()) : newest();
    RegistryDocument document = RegistryDocument.read(newest.document());
    Declared declared = document.declaredBy(source);
    ObjectNode answer =
        JsonNodeFactory.instance
            .objectNode()
            .put("revision", newest.revision())
            .put("fence", document.fence(source));
    answer.set("servers", declared.servers());
    answer.set("policies", declared.policies());
    answer.set("grants", declared.grants());
    ObjectNode revoked = answer.putObject("revoked");
    document.revokedOf(source).forEach(revoked::put);
    return answer;
  }

  /** What every node enforces, without the document. */
  private ObjectNode enforcement() throws InterruptedException {
    ObjectNode answer =
        JsonNodeFactory.instance
            .objectNode()
            .put("revision", registry.newest().map(Edition::revision).orElse(0L));
    survey(answer);
    return answer;
  }

  private void survey(ObjectNode answer) throws InterruptedException {
    Survey survey = registry.survey();
    nodes(survey.nodes(), answer.putArray("nodes"));
    late(survey.lost(), answer.putArray("lost"));
  }

  private Edition newest() throws Failed, InterruptedException {
    Optional<Edition> newest = registry.refresh() ? registry.newest() : Optional.empty();
    return newest.orElseThrow(
        () ->
            new Failed(
                503,
                registry.standing().outage().orElse("the newest revision cannot be read now")));
  }

  private ObjectNode grants() throws Failed, DocumentRefused, InterruptedException {
    Edition newest = newest();
    RegistryDocument document = RegistryDocument.read(newest.document());
    ObjectNode answer = JsonNodeFactory.instance.objectNode().put("revision", newest.revision());
    ArrayNode grants = answer.putArray("grants");
    JsonNode revoked = document.json().get("revoked");
    for (JsonNode declared : document.json().get("grants")) {
      ObjectNode grant = declared.deepCopy();
      JsonNode since = revoked.get(grant.path("tokenSha256").asText());
      if (since != null && !grant.has("revoked")) {
        grant.set("revoked", since);
      }
      ArrayNode until = JsonNodeFactory.instance.arrayNode();
      grant.path("previous").forEach(old -> until.add(old.path("until")));
      grant.remove(List.of("tokenSha256", "previous"));
      if (!until.isEmpty()) {
        grant.set("previousUntil", until);
      }
      grants.add(grant);
    }
    return answer;
  }

  private ObjectNode mint(JsonNode body) throws Exception {
    requireOnly(body, Set.of("label", "server", "policy", "expires", "tokenSha256"));
    NewGrant grant =
        new NewGrant(
            text(body, "label"),
            text(body, "server"),
            body.has("policy") ? Optional.of(text(body, "policy")) : Optional.empty(),
            body.has("expires") ? Optional.of(instant(text(body, "expires"))) : Optional.empty());
    Sha256 hash = hash(body);
    return changed(document -> GrantEdits.mint(document, grant, hash, clock.instant()));
  }

  private ObjectNode rotate(String grant, JsonNode body) throws Exception {
    requireOnly(body, Set.of("overlap", "tokenSha256"));
    Duration overlap =
        body.has("overlap")
            ? Units.duration(text(body, "overlap"))
                .orElseThrow(() -> new Failed(400, "overlap must be a duration such as 1h"))
            : Duration.ZERO;
    Sha256 hash = hash(body);
    return changed(document -> GrantEdits.rotate(document, grant, hash, overlap, clock.instant()));
  }

  private ObjectNode revoke(String grant) throws Exception {
    return changed(document -> GrantEdits.revoke(document, grant, clock.instant()));
  }

  private static String known(String source) throws Failed {
    if (!SOURCES.contains(source)) {
      throw new Failed(
          404, "there is no source `" + source + "`; there are file, admin and kubernetes");
    }
    return source;
  }

  private static Replacing replacing(HttpServerRequest request) throws Failed {
    String wait = request.getParam("wait");
    Duration within =
        wait == null
            ? RegistrySettings.PATIENCE
            : Units.duration(wait)
                .filter(given -> given.compareTo(RegistrySettings.PATIENCE) <= 0)
                .orElseThrow(
                    () -> new Failed(400, "wait must be a duration such as 1s, up to 10s"));
    return new Replacing(wholeNumber(request, "revision"), wholeNumber(request, "fence"), within);
  }

  private static OptionalLong wholeNumber(HttpServerRequest request, String key) throws Failed {
    String written = request.getParam(key);
    try {
      return written == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(written));
    } catch (NumberFormatException e) {
      throw new Failed(400, key + " must be a whole number");
    }
  }

  private ObjectNode replace(String source, Replacing how, byte[] body) throws Exception {
    return answer(() -> publisher.replace(source, RegistryDocument.readDeclared(body), how));
  }

  private ObjectNode changed(Publisher.Change change) throws Exception {
    return answer(() -> publisher.change(change));
  }

  private static ObjectNode answer(Callable<PublishResult> publishing) throws Exception {
    PublishResult result;
    try {
      result = publishing.call();
    } catch (EditRefused e) {
      throw new Failed(409, e.getMessage());
    } catch (DocumentRefused e) {
      Failed failed = new Failed(422, e.getMessage());
      e.errors().forEach(failed.body.putArray("errors")::add);
      throw failed;
    }
    if (result instanceof Published published) {
      ObjectNode answer =
          JsonNodeFactory.instance.objectNode().put("revision", published.revision());
      nodes(published.nodes(), answer.putArray("nodes"));
      late(published.late(), answer.putArray("late"));
      return answer;
    }
    if (result instanceof Outdated outdated) {
      Failed failed =
          new Failed(
              409, "revision " + outdated.newest() + " is the newest; look at it and decide anew");
      failed.body.put("revision", outdated.newest());
      throw failed;
    }
    NotPublished lost = (NotPublished) result;
    throw new Failed(
        503,
        lost.reason()
            + (lost.maybePublished()
                ? "; the change may come into force later: look before you repeat it"
                : "; nothing was changed"));
  }

  private static void late(List<Late> nodes, ArrayNode to) {
    nodes.forEach(each -> to.addObject().put("node", each.node()).put("reason", each.reason()));
  }

  private static void nodes(List<Enforcement> enforcements, ArrayNode to) {
    for (Enforcement each : enforcements) {
      ObjectNode node =
          to.addObject()
              .put("node", each.node())
              .put("serves", each.serves())
              .put("revision", each.revision());
      each.problem().ifPresent(problem -> node.put("problem", problem));
    }
  }

  private static JsonNode json(byte[] body) throws Failed {
    try {
      JsonNode read = StrictJson.read(body, JsonBounds.DOCUMENT);
      if (read.isObject()) {
        return read;
      }
      throw new Failed(400, "the body must be a JSON object");
    } catch (JsonRefused e) {
      throw new Failed(400, "the body is not JSON: " + e.position() + ": " + e.getMessage());
    }
  }

  private static void requireOnly(JsonNode body, Set<String> known) throws Failed {
    for (String key : CanonicalJson.sortedKeys(body)) {
      if (!known.contains(key)) {
        throw new Failed(400, "unknown key `" + key + "`");
      }
    }
  }

  private static String text(JsonNode body, String key) throws Failed {
    if (!body.path(key).isTextual()) {
      throw new Failed(400, "`" + key + "` must be a text");
    }
    return body.get(key).textValue();
  }

  private static Sha256 hash(JsonNode body) throws Failed {
    String hex = text(body, "tokenSha256");
    if (!HEX.matcher(hex).matches()) {
      throw new Failed(400, "`tokenSha256` must be the SHA-256 of a token, 64 hexadecimal digits");
    }
    return Sha256.ofHex(hex);
  }

  private static Instant instant(String text) throws Failed {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException e) {
      throw new Failed(400, "`expires` must be a time such as 2027-01-31T12:00:00Z");
    }
  }
}
