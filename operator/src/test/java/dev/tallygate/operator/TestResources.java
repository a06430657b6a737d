package dev.tallygate.operator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.operator.compile.Published;
import dev.tallygate.operator.gateway.Enforcement;
import dev.tallygate.operator.resources.Kind;
import dev.tallygate.operator.resources.Ref;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.operator.resources.Resources;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Documents of a YAML file, as the operator sees them. {@code kind: Published}, {@code Refused} and
 * {@code Nodes} stand for what the gateways say.
 */
record TestResources(
    Resources resources,
    Published published,
    Map<Ref, String> refused,
    Optional<Enforcement> enforcement) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static TestResources read(Path file) throws IOException {
    Map<Ref, Resource> all = new HashMap<>();
    Map<String, Map<String, String>> secrets = new HashMap<>();
    Map<String, String> madeFor = new HashMap<>();
    Map<String, Map<String, String>> configMaps = new HashMap<>();
    Published published = Published.NOTHING;
    Map<Ref, String> refused = new TreeMap<>();
    Optional<Enforcement> enforcement = Optional.empty();
    for (Object read : TestYaml.documents(file)) {
      JsonNode document = JSON.valueToTree(read);
      String name = document.path("metadata").path("name").asText();
      switch (document.path("kind").asText()) {
        case "Secret" -> {
          secrets.put(name, texts(document.path("stringData")));
          document
              .at("/metadata/ownerReferences")
              .forEach(owner -> madeFor.put(name, owner.path("uid").asText()));
        }
        case "ConfigMap" -> configMaps.put(name, texts(document.path("data")));
        case "Published" -> published = Published.of(document);
        case "Refused" -> refused.put(ref(document.path("of")), document.path("message").asText());
        case "Nodes" -> enforcement = Optional.of(enforcement(document));
        default -> {
          Resource resource = Resource.of(kind(document.path("kind").asText()), document);
          all.put(resource.ref(), resource);
        }
      }
    }
    return new TestResources(
        new Resources("gates", all, secrets, madeFor, configMaps), published, refused, enforcement);
  }

  private static Enforcement enforcement(JsonNode document) {
    List<Enforcement.Node> nodes = new ArrayList<>();
    document
        .path("nodes")
        .properties()
        .forEach(node -> nodes.add(new Enforcement.Node(node.getKey(), node.getValue().asLong())));
    List<Enforcement.Lost> lost = new ArrayList<>();
    document
        .path("lost")
        .properties()
        .forEach(node -> lost.add(new Enforcement.Lost(node.getKey(), node.getValue().asText())));
    return new Enforcement(document.path("revision").asLong(), nodes, lost);
  }

  private static Ref ref(JsonNode of) {
    return new Ref(kind(of.path("kind").asText()), of.path("name").asText());
  }

  private static Kind kind(String singular) {
    for (Kind kind : Kind.values()) {
      if (kind.singular().equals(singular)) {
        return kind;
      }
    }
    throw new IllegalArgumentException("no kind " + singular);
  }

  private static Map<String, String> texts(JsonNode data) {
    Map<String, String> texts = new HashMap<>();
    data.properties().forEach(entry -> texts.put(entry.getKey(), entry.getValue().asText()));
    return texts;
  }
}
