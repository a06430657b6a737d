package dev.tallygate.operator.compile;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.registry.Sha256;
import java.util.Optional;

/**
 * What became of a resource.
 *
 * @param resource that it is about
 * @param content what it is in the registry; empty where it is not there
 * @param accepted whether it is in order by itself
 * @param resolvedRefs whether what it refers to is there; empty for kinds that refer to nothing
 * @param idle why it is not to be used though all is well, such as being suspended; empty if it is
 * @param facts more of its status, such as the path of a server
 */
public record Verdict(
    Resource resource,
    Optional<Content> content,
    Condition accepted,
    Optional<Condition> resolvedRefs,
    Optional<Idle> idle,
    ObjectNode facts) {
  private static final int DIGEST_DIGITS = 12;

  /**
   * Why a resource is not to be used.
   *
   * @param reason one word for programs
   * @param message for people
   */
  public record Idle(String reason, String message) {}

  /**
   * Tells what stands for the content, so that whoever leads next knows whether it is the same.
   *
   * @param pins of the server, where it is one
   */
  void tellDigest(Optional<Content> pins) {
    content.ifPresent(
        of ->
            facts.put(
                "contentDigest",
                Sha256.of(of.text() + pins.map(Content::text).orElse(""))
                    .hex()
                    .substring(0, DIGEST_DIGITS)));
  }

  static ObjectNode noFacts() {
    return JsonNodeFactory.instance.objectNode();
  }
}
