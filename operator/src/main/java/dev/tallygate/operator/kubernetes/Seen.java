package dev.tallygate.operator.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.gson.JsonObject;
import dev.tallygate.operator.resources.Kind;
import dev.tallygate.operator.resources.Resource;
import io.kubernetes.client.openapi.models.V1OwnerReference;
import io.kubernetes.client.util.generic.dynamic.DynamicKubernetesObject;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is kept of an object that was seen: what is needed, read once, and what the watch needs. */
final class Seen extends DynamicKubernetesObject {
  private static final Logger LOG = LoggerFactory.getLogger(Seen.class);

  private final String name;
  private final Optional<Resource> resource;
  private final Map<String, String> texts;
  private final Optional<String> madeFor;

  private Seen(
      DynamicKubernetesObject object, Optional<Resource> resource, Map<String, String> texts) {
    super(slim(object));
    this.name = object.getMetadata().getName();
    this.resource = resource;
    this.texts = texts;
    this.madeFor = madeFor(object);
  }

  private static Optional<String> madeFor(DynamicKubernetesObject object) {
    for (V1OwnerReference owner : owners(object)) {
      if (owner.getKind().equals(Kind.GRANT.singular())
          && Boolean.TRUE.equals(owner.getController())) {
        return Optional.of(owner.getUid());
      }
    }
    return Optional.empty();
  }

  private static List<V1OwnerReference> owners(DynamicKubernetesObject object) {
    List<V1OwnerReference> owners = object.getMetadata().getOwnerReferences();
    return owners == null ? List.of() : owners;
  }

  private static JsonObject slim(DynamicKubernetesObject object) {
    JsonObject metadata = new JsonObject();
    JsonObject whole = object.getRaw().getAsJsonObject("metadata");
    for (String key : new String[] {"name", "namespace", "uid", "resourceVersion"}) {
      metadata.add(key, whole.get(key));
    }
    JsonObject slim = new JsonObject();
    slim.add("metadata", metadata);
    return slim;
  }

  /** One of ours. One that cannot be read must not hide the others, and is there without a spec. */
  static Seen resource(DynamicKubernetesObject object, Kind kind) {
    try {
      return new Seen(object, Optional.of(Resource.of(kind, Json.of(object))), Map.of());
    } catch (RuntimeException e) {
      LOG.error("{} {} cannot be read", kind.singular(), object.getMetadata().getName(), e);
      JsonNode rest = Json.of(withoutSpec(object));
      return new Seen(object, Optional.of(Resource.of(kind, rest)), Map.of());
    }
  }

  private static DynamicKubernetesObject withoutSpec(DynamicKubernetesObject object) {
    JsonObject rest = new JsonObject();
    object.getRaw().entrySet().stream()
        .filter(member -> !member.getKey().equals("spec"))
        .forEach(member -> rest.add(member.getKey(), member.getValue()));
    rest.add("spec", new JsonObject());
    return new DynamicKubernetesObject(rest);
  }

  /** A Secret: its values decoded. */
  static Seen secret(DynamicKubernetesObject object) {
    Map<String, String> decoded = new HashMap<>();
    data(object)
        .forEach(
            (key, value) ->
                decoded.put(
                    key, new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)));
    return new Seen(object, Optional.empty(), Map.copyOf(decoded));
  }

  /** A ConfigMap. */
  static Seen configMap(DynamicKubernetesObject object) {
    return new Seen(object, Optional.empty(), Map.copyOf(data(object)));
  }

  private static Map<String, String> data(DynamicKubernetesObject object) {
    Map<String, String> data = new HashMap<>();
    JsonNode texts = Json.of(object).path("data");
    texts.properties().forEach(entry -> data.put(entry.getKey(), entry.getValue().asText()));
    return data;
  }

  /**
   * Whether nothing changed that the registry is made of: a status is not, nor is an annotation.
   */
  boolean saysTheSame(Seen before) {
    if (resource.isPresent() && before.resource.isPresent()) {
      return resource.get().uid().equals(before.resource.get().uid())
          && resource.get().generation() == before.resource.get().generation();
    }
    return resource.isPresent() == before.resource.isPresent()
        && texts.equals(before.texts)
        && madeFor.equals(before.madeFor);
  }

  /** The uid of the Grant that it was made for, and goes with. */
  Optional<String> madeFor() {
    return madeFor;
  }

  String name() {
    return name;
  }

  /** Empty for what is none of ours. */
  Optional<Resource> resource() {
    return resource;
  }

  /** The data of a Secret or ConfigMap. */
  Map<String, String> texts() {
    return texts;
  }
}
