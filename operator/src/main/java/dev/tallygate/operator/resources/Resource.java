package dev.tallygate.operator.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tallygate.json.CanonicalJson;
import dev.tallygate.policy.Policy;
import dev.tallygate.policy.PolicyReading;
import java.time.Instant;
import java.util.Optional;

/**
 * A resource as it was seen last. Immutable, and its JSON is to be read only.
 *
 * @param uid of this one and no other that ever had its name
 * @param version changes with every change, of its status too
 * @param generation changes with every change of its spec
 * @param created tells the older of two
 * @param spec what its owner wants; of a policy, its document
 * @param status what was reported last
 * @param policy what reading a policy's spec gave; once for each version, since it takes a while
 */
public record Resource(
    Ref ref,
    String uid,
    String version,
    long generation,
    Instant created,
    JsonNode spec,
    JsonNode status,
    Optional<PolicyReading> policy) {

  /** Reads a resource as the API gives it. */
  public static Resource of(Kind kind, JsonNode json) {
    JsonNode metadata = json.path("metadata");
    JsonNode spec = kind == Kind.POLICY ? PolicyDocument.of(json.path("spec")) : json.path("spec");
    return new Resource(
        new Ref(kind, metadata.path("name").asText()),
        metadata.path("uid").asText(),
        metadata.path("resourceVersion").asText(),
        metadata.path("generation").asLong(),
        metadata.hasNonNull("creationTimestamp")
            ? Instant.parse(metadata.get("creationTimestamp").asText())
            : Instant.EPOCH,
        spec,
        json.hasNonNull("status") ? json.get("status") : MissingNode.getInstance(),
        kind == Kind.POLICY
            // As its text in the registry, which nodes hold to bounds that the API server has not.
            ? Optional.of(
                Policy.read(CanonicalJson.bytes(spec, number -> number.decimalValue().toString())))
            : Optional.empty());
  }

  public String name() {
    return ref.name();
  }
}
