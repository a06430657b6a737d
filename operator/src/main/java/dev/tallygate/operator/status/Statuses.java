package dev.tallygate.operator.status;

import static dev.tallygate.operator.compile.Condition.Type.PROGRAMMED;
import static dev.tallygate.operator.compile.Condition.Type.READY;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.compile.Condition;
import dev.tallygate.operator.compile.Condition.Status;
import dev.tallygate.operator.compile.Verdict;
import dev.tallygate.operator.gateway.Enforcement;
import dev.tallygate.operator.gateway.Enforcement.Node;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Makes the status of a resource. */
public final class Statuses {
  private static final int MOST_NODES = 5;
  private static final String NOT_ACCEPTED = "NotAccepted";

  private Statuses() {}

  /**
   * How far the registry is with a resource.
   *
   * @param revision from which on it is what it is now; empty while it is not published
   * @param enforcement what nodes enforce
   * @param problem why it is not published, for people
   */
  public record Progress(OptionalLong revision, Enforcement enforcement, Optional<String> problem) {
    /** What later revisions change does not matter: progress that says the same is equal. */
    public Progress {
      long enough = revision.orElse(0);
      enforcement =
          new Enforcement(
              enough,
              enforcement.nodes().stream()
                  .map(node -> new Node(node.name(), Math.min(node.revision(), enough)))
                  .toList(),
              enforcement.lost());
    }
  }

  /** The whole status, with the time of the last transition of each condition. */
  public static ObjectNode of(Verdict verdict, Progress progress, Instant now) {
    Condition programmed = programmed(verdict, progress);
    List<Condition> conditions = new ArrayList<>();
    conditions.add(verdict.accepted());
    verdict.resolvedRefs().ifPresent(conditions::add);
    conditions.add(programmed);
    conditions.add(ready(verdict, conditions, programmed));
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.put("observedGeneration", verdict.resource().generation());
    progress.revision().ifPresent(revision -> status.put("revision", revision));
    status.setAll(verdict.facts());
    ArrayNode written = status.putArray("conditions");
    JsonNode before = verdict.resource().status().path("conditions");
    for (Condition condition : conditions) {
      written.add(json(condition, verdict.resource().generation(), before, now));
    }
    return status;
  }

  private static Condition programmed(Verdict verdict, Progress progress) {
    if (progress.revision().isEmpty()) {
      return progress.problem().isPresent()
          ? new Condition(
              PROGRAMMED, Status.UNKNOWN, "GatewayUnreachable", progress.problem().get())
          : new Condition(PROGRAMMED, Status.UNKNOWN, "Pending", "it is not published yet");
    }
    long revision = progress.revision().getAsLong();
    Enforcement enforcement = progress.enforcement();
    List<Node> nodes = enforcement.nodes();
    Optional<Condition> before = unchanged(verdict, revision);
    // No node goes back: that one is lost which enforced this, as all did, is no news of it.
    if (before.isPresent() ? !enforcement.answeredHave(revision) : !enforcement.has(revision)) {
      return new Condition(
          PROGRAMMED,
          Status.FALSE,
          nodes.isEmpty() && enforcement.lost().isEmpty() ? "NoNodes" : "Reconciling",
          late(revision, enforcement));
    }
    String enforced =
        "enforced by %d of %d nodes at revision %d".formatted(nodes.size(), nodes.size(), revision);
    if (!verdict.accepted().holds()) {
      return Condition.no(
          PROGRAMMED,
          NOT_ACCEPTED,
          verdict.content().isPresent()
              ? "the last accepted version is " + enforced
              : "it was never accepted, so there is nothing to enforce");
    }
    // Nodes that come later enforce it before they serve: that is no news of this resource.
    return before.orElseGet(
        () ->
            Condition.yes(
                PROGRAMMED,
                "Programmed",
                verdict.content().isPresent() ? enforced : "its absence is " + enforced));
  }

  /** What was said of this revision, if it was true. */
  private static Optional<Condition> unchanged(Verdict verdict, long revision) {
    JsonNode status = verdict.resource().status();
    if (status.path("revision").asLong() != revision) {
      return Optional.empty();
    }
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText().equals(PROGRAMMED.text())
          && condition.path("status").asText().equals(Status.TRUE.text())) {
        return Optional.of(
            Condition.yes(
                PROGRAMMED, condition.path("reason").asText(), condition.path("message").asText()));
      }
    }
    return Optional.empty();
  }

  private static String late(long revision, Enforcement enforcement) {
    List<Node> nodes = enforcement.nodes();
    if (nodes.isEmpty() && enforcement.lost().isEmpty()) {
      return "no node takes calls; what is published comes into force with the first that does";
    }
    List<String> late =
        new ArrayList<>(
            nodes.stream()
                .filter(node -> node.revision() < revision)
                .map(node -> node.name() + " enforces revision " + node.revision())
                .toList());
    enforcement.lost().forEach(lost -> late.add(lost.name() + ": " + lost.reason()));
    long enforcing = nodes.stream().filter(node -> node.revision() >= revision).count();
    return "enforced by %d of %d nodes at revision %d; %s"
        .formatted(
            enforcing,
            nodes.size() + enforcement.lost().size(),
            revision,
            late.stream().limit(MOST_NODES).collect(Collectors.joining("; "))
                + (late.size() > MOST_NODES
                    ? "; and " + (late.size() - MOST_NODES) + " more"
                    : ""));
  }

  /**
   * False is a promise too: that every node goes by it, and of a Grant that is suspended, that its
   * token is refused. Before that nobody knows.
   */
  private static Condition ready(
      Verdict verdict, List<Condition> conditions, Condition programmed) {
    boolean suspended = verdict.resource().spec().path("suspend").asBoolean();
    boolean enforced = programmed.holds() || programmed.reason().equals(NOT_ACCEPTED) && !suspended;
    for (Condition condition : conditions) {
      if (!condition.holds()) {
        return new Condition(
            READY,
            enforced ? condition.status() : Status.UNKNOWN,
            condition.reason(),
            condition.message());
      }
    }
    return verdict
        .idle()
        .map(idle -> Condition.no(READY, idle.reason(), idle.message()))
        .orElseGet(() -> Condition.yes(READY, "Ready", "it is in force"));
  }

  private static ObjectNode json(
      Condition condition, long generation, JsonNode before, Instant now) {
    String since = now.truncatedTo(ChronoUnit.SECONDS).toString();
    for (JsonNode old : before) {
      if (old.path("type").asText().equals(condition.type().text())
          && old.path("status").asText().equals(condition.status().text())) {
        since = old.path("lastTransitionTime").asText(since);
      }
    }
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", condition.type().text())
        .put("status", condition.status().text())
        .put("observedGeneration", generation)
        .put("lastTransitionTime", since)
        .put("reason", condition.reason())
        .put("message", condition.message());
  }
}
