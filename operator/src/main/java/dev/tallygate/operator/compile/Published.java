package dev.tallygate.operator.compile;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.operator.resources.Kind;
import dev.tallygate.operator.resources.Ref;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the registry has of the operator's. Immutable.
 *
 * @param revision the newest of the registry
 * @param fence of whoever wrote it
 * @param contents by resource
 * @param revoked since when each hash of a token is refused for good
 */
public record Published(
    long revision, long fence, Map<Ref, Content> contents, Map<String, String> revoked) {
  public static final Published NOTHING = new Published(0, 0, Map.of(), Map.of());

  public Published {
    contents = Map.copyOf(contents);
    revoked = Map.copyOf(revoked);
  }

  /** Reads what the admin address answers to {@code GET /registry/kubernetes}. */
  public static Published of(JsonNode answer) {
    Map<Ref, Content> contents = new TreeMap<>();
    answer
        .path("servers")
        .properties()
        .forEach(
            server ->
                contents.put(
                    new Ref(Kind.SERVER, server.getKey()), new Content(server.getValue())));
    answer
        .path("policies")
        .properties()
        .forEach(
            policy ->
                contents.put(
                    new Ref(Kind.POLICY, policy.getKey()), new Content(policy.getValue())));
    for (JsonNode grant : answer.path("grants")) {
      contents.put(new Ref(Kind.GRANT, grantName(grant)), new Content(grant));
    }
    Map<String, String> revoked = new TreeMap<>();
    answer
        .path("revoked")
        .properties()
        .forEach(each -> revoked.put(each.getKey(), each.getValue().asText()));
    return new Published(
        answer.path("revision").asLong(), answer.path("fence").asLong(), contents, revoked);
  }

  private static String grantName(JsonNode grant) {
    String id = grant.path("id").asText();
    return id.substring(id.indexOf('/') + 1);
  }

  public Optional<Content> of(Ref ref) {
    return Optional.ofNullable(contents.get(ref));
  }

  /** With this in place of what was published before. */
  public Published with(long newRevision, long newFence, Map<Ref, Content> published) {
    return new Published(newRevision, newFence, published, revoked);
  }
}
