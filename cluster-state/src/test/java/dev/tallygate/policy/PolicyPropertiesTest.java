package dev.tallygate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class PolicyPropertiesTest {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final List<String> OPERATORS =
      List.of("eq", "neq", "lt", "lte", "gt", "gte", "exists", "regex", "contains", "max_length");

  @Property(tries = 400)
  void addingADenyIfEntryNeverAllowsMore(
      @ForAll("entries") List<ObjectNode> entries,
      @ForAll("entries") List<ObjectNode> added,
      @ForAll("arguments") ObjectNode arguments) {
    // Given
    List<ObjectNode> more = new ArrayList<>(entries);
    more.addAll(added);

    // When
    boolean allowedWithMore = allows("deny_if", more, arguments);

    // Then
    assertThat(!allowedWithMore || allows("deny_if", entries, arguments)).isTrue();
  }

  @Property(tries = 400)
  void addingARequireEntryNeverAllowsMore(
      @ForAll("entries") List<ObjectNode> entries,
      @ForAll("entries") List<ObjectNode> added,
      @ForAll("arguments") ObjectNode arguments) {
    // Given
    List<ObjectNode> more = new ArrayList<>(entries);
    more.addAll(added);

    // Then
    assertThat(!allows("require", more, arguments) || allows("require", entries, arguments))
        .isTrue();
  }

  @Property(tries = 400)
  void noEntryBothSatisfiesRequireAndPassesDenyIf(
      @ForAll("condition") ObjectNode condition, @ForAll("arguments") ObjectNode arguments) {
    // Given
    ObjectNode entry = NODES.objectNode();
    entry.putArray("conditions").add(condition);

    // Then
    boolean plain = !condition.get("path").textValue().contains("*");
    boolean judgedAlike = plain && arguments.has("a") && arguments.get("a").isValueNode();
    if (judgedAlike) {
      assertThat(
              allows("require", List.of(entry), arguments)
                  && allows("deny_if", List.of(entry), arguments))
          .isFalse();
    }
  }

  @Property(tries = 400)
  void orderOfKeysNeverMatters(
      @ForAll("entries") List<ObjectNode> entries,
      @ForAll("arguments") ObjectNode arguments,
      @ForAll Random random) {
    // Given
    JsonNode document = document("deny_if", entries);

    // When
    Decision plain = decide(document, arguments);
    Decision shuffled = decide(shuffled(document, random), shuffled(arguments, random));

    // Then
    assertThat(shuffled).isEqualTo(plain);
  }

  @Property(tries = 1_000)
  void readingNeverThrows(@ForAll byte[] bytes) {
    assertThat(Policy.read(bytes).findings().isEmpty())
        .isEqualTo(Policy.read(bytes).policy().isPresent());
    assertThat(PolicyImport.fromYaml(bytes).findings()).isNotNull();
  }

  @Property(tries = 1_000)
  void readingADamagedDocumentNeverThrows(
      @ForAll("entries") List<ObjectNode> entries, @ForAll Random random) {
    // Given
    byte[] bytes = document("require", entries).toString().getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 3; i++) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(128);
    }

    // Then
    assertThat(Policy.read(bytes)).isNotNull();
    assertThat(PolicyImport.fromYaml(bytes)).isNotNull();
  }

  @Property(tries = 1_000)
  void readingADocumentOfWrongTypesNeverThrows(
      @ForAll("entries") List<ObjectNode> entries, @ForAll Random random) {
    // Given
    JsonNode document = twisted(document("require", entries), random);

    // Then
    assertThat(Policy.read(document.toString().getBytes(StandardCharsets.UTF_8))).isNotNull();
    assertThat(PolicyImport.fromYaml(document.toString())).isNotNull();
  }

  @Property(tries = 5_000)
  void pathWithinNeverAcceptsWhatNormalisesToOutside(@ForAll("paths") String path)
      throws MalformedValue {
    // Given
    PathWithin within = PathWithin.of(List.of("/srv/data"));

    // When
    Truth truth = within.test(path);

    // Then
    if (truth == Truth.TRUE) {
      assertThat(Path.of(path).normalize())
          .satisfies(p -> assertThat(p.startsWith("/srv/data")).isTrue());
      assertThat(Path.of(path.replace('\\', '/')).normalize().startsWith("/srv/data")).isTrue();
    }
    if (truth == Truth.FALSE) {
      assertThat(Path.of(path).normalize().startsWith("/srv/data")).isFalse();
    }
  }

  @Property(tries = 2_000)
  void hostInNeverAcceptsWhatTheJdkReadsAsAnotherHost(@ForAll("urls") String url)
      throws MalformedValue {
    // Given
    HostIn hosts = HostIn.of(List.of("good.org"));

    // Then
    if (hosts.test(url) == Truth.TRUE) {
      assertThat(java.net.URI.create(url.replaceFirst("#.*", "")).getHost())
          .isEqualToIgnoringCase("good.org");
    }
  }

  @Provide
  Arbitrary<String> paths() {
    return Arbitraries.of(
            "/", "/", "/", "srv", "data", "..", ".", "\\", "%2e", "%2f", "%5c", "%25", "x", "etc",
            "//", "data2", "%2E%2E")
        .list()
        .ofMaxSize(12)
        .map(parts -> "/srv/data" + String.join("", parts));
  }

  @Provide
  Arbitrary<String> urls() {
    return Arbitraries.of(
            "good.org",
            "evil.com",
            "@",
            ":",
            "/",
            "\\",
            "?",
            "#",
            ".",
            "80",
            "443",
            "%2f",
            "//",
            " ")
        .list()
        .ofMaxSize(6)
        .map(parts -> "https://" + String.join("", parts));
  }

  @Provide
  Arbitrary<List<ObjectNode>> entries() {
    return condition()
        .list()
        .ofMaxSize(3)
        .map(
            conditions -> {
              ObjectNode entry = NODES.objectNode();
              ArrayNode array = entry.putArray("conditions");
              conditions.forEach(array::add);
              return entry;
            })
        .list()
        .ofMaxSize(3);
  }

  @Provide
  Arbitrary<ObjectNode> condition() {
    return Combinators.combine(
            Arbitraries.of("args.a", "args.b", "args.a.b", "args.a.*", "args.*.b"),
            Arbitraries.of(OPERATORS),
            values())
        .as(
            (path, op, value) -> {
              ObjectNode condition = NODES.objectNode().put("path", path).put("op", op);
              return condition.set("value", fitting(op, value));
            });
  }

  private static JsonNode fitting(String op, JsonNode value) {
    return switch (op) {
      case "lt", "lte", "gt", "gte" -> NODES.numberNode(value.asInt());
      case "max_length" -> NODES.numberNode(Math.abs(value.asInt()));
      case "exists" -> NODES.booleanNode(value.isTextual());
      case "regex" -> NODES.textNode("^" + value.asText().replaceAll("[^a-z0-9]", ""));
      default -> value;
    };
  }

  @Provide
  Arbitrary<ObjectNode> arguments() {
    return Combinators.combine(values(), values(), Arbitraries.integers().between(0, 3))
        .as(
            (a, b, which) -> {
              ObjectNode arguments = NODES.objectNode();
              if ((which & 1) == 0) {
                arguments.set("a", a);
              }
              if ((which & 2) == 0) {
                arguments.set("b", b);
              }
              return arguments;
            });
  }

  private Arbitrary<JsonNode> values() {
    Arbitrary<JsonNode> scalars =
        Arbitraries.of(
            NODES.numberNode(1),
            NODES.numberNode(2),
            NODES.numberNode(new java.math.BigDecimal("1.0")),
            NODES.textNode("1"),
            NODES.textNode("ab"),
            NODES.booleanNode(true),
            NODES.nullNode());
    Arbitrary<JsonNode> lists =
        scalars.list().ofMaxSize(3).map(l -> (JsonNode) NODES.arrayNode().addAll(l));
    Arbitrary<JsonNode> objects = scalars.map(v -> NODES.objectNode().set("b", v));
    return Arbitraries.oneOf(scalars, scalars, lists, objects);
  }

  private static boolean allows(String field, List<ObjectNode> entries, JsonNode arguments) {
    return decide(document(field, entries), arguments) instanceof Decision.Allow;
  }

  private static Decision decide(JsonNode document, JsonNode arguments) {
    PolicyReading reading = Policy.read(document.toString().getBytes(StandardCharsets.UTF_8));
    assertThat(Policies.errors(reading)).isEmpty();
    return reading.policy().orElseThrow().decide("t", arguments);
  }

  private static ObjectNode document(String field, List<ObjectNode> entries) {
    ObjectNode document = NODES.objectNode().put("version", "1").put("default", "deny");
    ArrayNode array = document.putObject("tools").putObject("t").putArray(field);
    entries.forEach(array::add);
    return document;
  }

  private static JsonNode shuffled(JsonNode node, Random random) {
    if (node.isArray()) {
      ArrayNode array = NODES.arrayNode();
      node.forEach(element -> array.add(shuffled(element, random)));
      return array;
    }
    if (!node.isObject()) {
      return node;
    }
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    Collections.shuffle(names, random);
    ObjectNode object = NODES.objectNode();
    names.forEach(name -> object.set(name, shuffled(node.get(name), random)));
    return object;
  }

  /** The document with some values replaced by ones of other types. */
  private static JsonNode twisted(JsonNode node, Random random) {
    if (random.nextInt(8) == 0) {
      return List.of(
              NODES.nullNode(),
              NODES.numberNode(-1),
              NODES.textNode(""),
              NODES.arrayNode(),
              NODES.objectNode(),
              NODES.booleanNode(true))
          .get(random.nextInt(6));
    }
    if (node.isArray()) {
      ArrayNode array = NODES.arrayNode();
      node.forEach(element -> array.add(twisted(element, random)));
      return array;
    }
    if (!node.isObject()) {
      return node;
    }
    ObjectNode object = NODES.objectNode();
    node.properties()
        .forEach(member -> object.set(member.getKey(), twisted(member.getValue(), random)));
    return object;
  }
}
