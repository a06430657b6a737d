package dev.tallygate.node.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.CanonicalJson;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What a registry holds: servers, policies and grants, each with the one source that declares it;
 * what is pinned of the servers; and the hashes of tokens that are refused for good. Immutable.
 *
 * <p>A token that was revoked stays so whatever a source declares later, which may be an older
 * file.
 */
public final class RegistryDocument {
  /** What the configuration files of nodes declare. */
  public static final String FILE = "file";

  /** What is declared at the admin address. */
  public static final String ADMIN = "admin";

  /** What the operator declares: resources of Kubernetes. */
  public static final String KUBERNETES = "kubernetes";

  /** Definitions may be as deep as a list of tools may, and stand some levels further in. */
  public static final JsonBounds BOUNDS =
      new JsonBounds(8 * 1024 * 1024, 260, 1_000_000, 4 * 1024 * 1024);

  /** What every registry begins as. */
  public static final RegistryDocument EMPTY = new RegistryDocument(skeleton());

  private static final List<String> KEYS =
      List.of("servers", "policies", "grants", "pins", "revoked", "fences");

  private final ObjectNode root;

  private RegistryDocument(ObjectNode root) {
    this.root = root;
  }

  private static ObjectNode skeleton() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.putObject("servers");
    root.putObject("policies");
    root.putArray("grants");
    root.putObject("pins");
    root.putObject("revoked");
    root.putObject("fences");
    return root;
  }

  /**
   * Reads a text that {@link #text} wrote.
   *
   * @throws DocumentRefused if it is not one
   */
  public static RegistryDocument read(String text) throws DocumentRefused {
    JsonNode read = json(text.getBytes(StandardCharsets.UTF_8));
    ObjectNode root = skeleton();
    for (String key : CanonicalJson.sortedKeys(read)) {
      JsonNode value = read.get(key);
      if (!KEYS.contains(key) || value.isArray() != root.get(key).isArray()) {
        throw new DocumentRefused(
            List.of("this is not a registry's document: `" + key + "` does not belong there"));
      }
      root.set(key, value);
    }
    return new RegistryDocument(root);
  }

  /**
   * Reads what a source declares.
   *
   * @throws DocumentRefused if it is not JSON within bounds, or something else
   */
  public static Declared readDeclared(byte[] text) throws DocumentRefused {
    JsonNode read = json(text);
    Declared declared = Declared.nothing();
    for (String key : CanonicalJson.sortedKeys(read)) {
      JsonNode value = read.get(key);
      switch (key) {
        case "servers" -> object(key, value, declared.servers()::setAll);
        case "policies" -> object(key, value, declared.policies()::setAll);
        case "pins" -> object(key, value, declared.pins()::setAll);
        case "grants" -> {
          if (!value.isArray()) {
            throw new DocumentRefused(List.of("/grants must be a list"));
          }
          declared.grants().addAll((ArrayNode) value);
        }
        default ->
            throw new DocumentRefused(
                List.of("/" + key + " is unknown; there are servers, policies, grants and pins"));
      }
    }
    return declared;
  }

  private static void object(String key, JsonNode value, Consumer<ObjectNode> take)
      throws DocumentRefused {
    if (!(value instanceof ObjectNode object)) {
      throw new DocumentRefused(List.of("/" + key + " must be names, each with its value"));
    }
    take.accept(object);
  }

  private static JsonNode json(byte[] text) throws DocumentRefused {
    try {
      JsonNode read = StrictJson.read(text, BOUNDS);
      if (!read.isObject()) {
        throw new DocumentRefused(List.of("this must be a JSON object"));
      }
      return read;
    } catch (JsonRefused e) {
      throw new DocumentRefused(List.of(e.position() + ": " + e.getMessage()));
    }
  }

  /** The one text of this content. */
  public String text() {
    return text(root);
  }

  private static String text(JsonNode value) {
    // Numbers stay exactly as they are: costs are decimals.
    return new String(
        CanonicalJson.bytes(value, number -> number.decimalValue().toString()),
        StandardCharsets.UTF_8);
  }

  /** Its JSON, to be read only. */
  public JsonNode json() {
    return root;
  }

  /** What a source declares here. Pins belong to servers, not to sources: none are among it. */
  public Declared declaredBy(String source) {
    Declared declared = Declared.nothing();
    for (Map.Entry<String, JsonNode> server : root.get("servers").properties()) {
      if (isOf(server.getValue(), source)) {
        declared.servers().set(server.getKey(), withoutSource(server.getValue()));
      }
    }
    for (Map.Entry<String, JsonNode> policy : root.get("policies").properties()) {
      if (isOf(policy.getValue(), source)) {
        declared.policies().set(policy.getKey(), policy.getValue().get("document"));
      }
    }
    for (JsonNode grant : root.get("grants")) {
      if (isOf(grant, source)) {
        declared.grants().add(withoutSource(grant));
      }
    }
    return declared;
  }

  /** Whether a source declares here what it declares there, and its pins are in force here. */
  public boolean agreesWith(String source, Declared there) {
    Declared here = declaredBy(source);
    return text(here.servers()).equals(text(there.servers()))
        && text(here.policies()).equals(text(there.policies()))
        && text(here.grants()).equals(text(there.grants()))
        && text(pinned((ObjectNode) root.get("pins"), there)).equals(text(root.get("pins")));
  }

  /**
   * With this in place of all that the source declared. What is pinned already stays pinned, unless
   * the new pins have the same thing, or its server is to be held to them alone.
   *
   * @throws DocumentRefused if another source declares something of it
   */
  public RegistryDocument replacing(String source, Declared next) throws DocumentRefused {
    ObjectNode changed = copy();
    List<String> errors = new ArrayList<>();
    ObjectNode servers = (ObjectNode) changed.get("servers");
    ObjectNode policies = (ObjectNode) changed.get("policies");
    ArrayNode grants = (ArrayNode) changed.get("grants");
    ObjectNode revoked = (ObjectNode) changed.get("revoked");
    servers.properties().removeIf(server -> isOf(server.getValue(), source));
    policies.properties().removeIf(policy -> isOf(policy.getValue(), source));
    ArrayNode others = JsonNodeFactory.instance.arrayNode();
    for (JsonNode grant : grants) {
      if (!isOf(grant, source)) {
        others.add(grant);
      }
    }
    for (Map.Entry<String, JsonNode> server : next.servers().properties()) {
      requireFree(servers, "servers", server.getKey(), errors);
      servers.set(server.getKey(), withSource(server.getValue(), source));
    }
    for (Map.Entry<String, JsonNode> policy : next.policies().properties()) {
      requireFree(policies, "policies", policy.getKey(), errors);
      policies.putObject(policy.getKey()).put("source", source).set("document", policy.getValue());
    }
    Set<String> live = new HashSet<>();
    others.forEach(grant -> isLive(grant, revoked, live));
    for (JsonNode grant : next.grants()) {
      String label = grant.path("label").asText();
      if (live.contains(label) && isLive(grant, revoked, new HashSet<>())) {
        errors.add(
            JsonPointers.child("/grants", label)
                + ": it is declared by another source; revoke that one or rename it");
      }
      others.add(withSource(grant, source));
      if (grant.has("revoked")) {
        tokensOf(grant).forEach(token -> revoked.put(token, grant.get("revoked").asText()));
      }
    }
    changed.set("grants", bySource(others));
    ObjectNode pins = pinned((ObjectNode) changed.get("pins"), next);
    pins.properties().removeIf(server -> !servers.has(server.getKey()));
    changed.set("pins", pins);
    if (!errors.isEmpty()) {
      throw new DocumentRefused(errors);
    }
    return new RegistryDocument(changed);
  }

  /** With lists and names of its own; what stands in them is never changed. */
  private ObjectNode copy() {
    ObjectNode copy = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> member : root.properties()) {
      copy.set(
          member.getKey(),
          member.getValue() instanceof ArrayNode list
              ? JsonNodeFactory.instance.arrayNode().addAll(list)
              : JsonNodeFactory.instance.objectNode().setAll((ObjectNode) member.getValue()));
    }
    return copy;
  }

  private static void requireFree(ObjectNode named, String kind, String name, List<String> errors) {
    if (named.has(name)) {
      errors.add(
          JsonPointers.child(JsonPointers.child("", kind), name)
              + ": it is declared by `"
              + named.get(name).path("source").asText()
              + "`; each has one source, remove it there or give this one another name");
    }
  }

  private static boolean isLive(JsonNode grant, JsonNode revoked, Set<String> labels) {
    boolean live = !grant.has("revoked") && !revoked.has(grant.path("tokenSha256").asText());
    if (live) {
      labels.add(grant.path("label").asText());
    }
    return live;
  }

  /**
   * With this fence: a source that several writers write, one after the other, takes nothing from
   * one whose fence is lower, which was paused and does not know that another took its place.
   *
   * @param fence higher than that of every writer before
   * @throws DocumentRefused if a higher one is in force
   */
  public RegistryDocument fencing(String source, long fence) throws DocumentRefused {
    if (fence < fence(source)) {
      throw new DocumentRefused(
          List.of("/fences/" + source + ": another took over; its fence is " + fence(source)));
    }
    if (fence == fence(source)) {
      return this;
    }
    ObjectNode changed = copy();
    ((ObjectNode) changed.get("fences")).put(source, fence);
    return new RegistryDocument(changed);
  }

  /** The fence of whoever wrote a source last, 0 for none. */
  public long fence(String source) {
    return root.get("fences").path(source).asLong();
  }

  /** Since when each token that a source declares is refused, where it was revoked. */
  public Map<String, String> revokedOf(String source) {
    Map<String, String> found = new TreeMap<>();
    for (JsonNode grant : root.get("grants")) {
      JsonNode since = root.get("revoked").get(grant.path("tokenSha256").asText());
      if (isOf(grant, source) && since != null) {
        found.put(grant.get("tokenSha256").asText(), since.asText());
      }
    }
    return found;
  }

  /**
   * With what was seen of servers for the first time; what is pinned already stays, and is joined
   * by what was seen together with it.
   *
   * @param seen by server; those that are not here are left out
   */
  public RegistryDocument pinning(Map<String, Map<PinKey, Set<Definition>>> seen) {
    ObjectNode changed = copy();
    ObjectNode pins = (ObjectNode) changed.get("pins");
    Map<String, ServerPins> before = PinFile.read(pins, new ArrayList<>());
    seen.forEach(
        (server, more) -> {
          if (changed.get("servers").has(server)) {
            ServerPins known = before.getOrDefault(server, ServerPins.NONE);
            pins.set(server, PinFile.json(PinKeeper.added(known, more)));
          }
        });
    return new RegistryDocument(changed);
  }

  /** With another grant. */
  RegistryDocument adding(JsonNode grant, String source) {
    ObjectNode changed = copy();
    ArrayNode grants = (ArrayNode) changed.get("grants");
    changed.set("grants", bySource(grants.add(withSource(grant, source))));
    return new RegistryDocument(changed);
  }

  /** With another grant in the place of one. */
  RegistryDocument changing(
      int index, JsonNode grant, Collection<String> endedTokens, Instant now) {
    ObjectNode changed = copy();
    ((ArrayNode) changed.get("grants")).set(index, grant);
    ObjectNode revoked = (ObjectNode) changed.get("revoked");
    String at = now.truncatedTo(ChronoUnit.SECONDS).toString();
    endedTokens.stream().filter(token -> !revoked.has(token)).forEach(t -> revoked.put(t, at));
    return new RegistryDocument(changed);
  }

  /** In one order, whoever was last: equal contents are one text. */
  private static ArrayNode bySource(ArrayNode grants) {
    List<JsonNode> sorted = new ArrayList<>();
    grants.forEach(sorted::add);
    sorted.sort(Comparator.comparing(grant -> grant.path("source").asText()));
    return JsonNodeFactory.instance.arrayNode().addAll(sorted);
  }

  /** The hashes of the tokens that a grant is declared with. */
  static List<String> tokensOf(JsonNode grant) {
    List<String> tokens = new ArrayList<>();
    tokens.add(grant.path("tokenSha256").asText());
    grant.path("previous").forEach(old -> tokens.add(old.path("tokenSha256").asText()));
    return tokens;
  }

  static boolean isOf(JsonNode object, String source) {
    return object.path("source").asText().equals(source);
  }

  private static JsonNode withoutSource(JsonNode object) {
    return ((ObjectNode) object.deepCopy()).without("source");
  }

  private static JsonNode withSource(JsonNode object, String source) {
    return object instanceof ObjectNode
        ? ((ObjectNode) object.deepCopy()).put("source", source)
        : object;
  }

  /** All pins of both; of a server that is held to its lock file, no more than those in it. */
  private static ObjectNode pinned(ObjectNode earlier, Declared next) {
    ObjectNode all = merged(earlier, next.pins());
    for (Map.Entry<String, JsonNode> server : next.servers().properties()) {
      boolean held = server.getValue().path("trust").asText().equals("pinned");
      if (held && next.pins().has(server.getKey())) {
        all.set(server.getKey(), next.pins().get(server.getKey()).deepCopy());
      }
    }
    return all;
  }

  /**
   * All pins of both; pins of one thing are a list, which is taken whole. Where both have it, those
   * of {@code later}.
   */
  private static ObjectNode merged(ObjectNode earlier, ObjectNode later) {
    ObjectNode all = earlier.deepCopy();
    for (Map.Entry<String, JsonNode> member : later.properties()) {
      JsonNode before = all.get(member.getKey());
      all.set(
          member.getKey(),
          before instanceof ObjectNode object && member.getValue() instanceof ObjectNode more
              ? merged(object, more)
              : member.getValue().deepCopy());
    }
    return all;
  }
}
