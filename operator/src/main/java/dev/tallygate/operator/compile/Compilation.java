package dev.tallygate.operator.compile;

import dev.tallygate.operator.compile.Accepting.Accepted;
import dev.tallygate.operator.resources.Kind;
import dev.tallygate.operator.resources.Ref;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.operator.resources.Resources;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all resources are in the registry, and what became of each: a pure function of them and of
 * what is published already. One that is wrong never stops the others: it stays as it was published
 * last, or is not there.
 *
 * @param verdicts by resource, of each exactly one
 * @param pins approved definitions, by server
 * @param wanted Secrets that a grant wants to be made, by grant
 */
public record Compilation(
    Map<Ref, Verdict> verdicts, Map<String, Content> pins, Map<Ref, SecretWanted> wanted) {
  private static final Logger LOG = LoggerFactory.getLogger(Compilation.class);

  public Compilation {
    verdicts = Map.copyOf(verdicts);
    pins = Map.copyOf(pins);
    wanted = Map.copyOf(wanted);
  }

  /** A Secret to be made, with a new token under this key. */
  public record SecretWanted(String name, String key) {}

  /**
   * Compiles.
   *
   * @param published what is in the registry already
   * @param refusals what nodes refused
   * @param credentials seals those of servers
   */
  public static Compilation of(
      Resources resources,
      Published published,
      Refusals refusals,
      Credentials credentials,
      Instant now) {
    Accepting accepting = new Accepting(published, refusals);
    Map<Ref, Verdict> verdicts = new TreeMap<>();
    Map<String, Content> pins = new TreeMap<>();
    List<Resource> grants = new ArrayList<>();
    ServerCompiler servers = new ServerCompiler(resources, credentials, accepting);
    PolicyCompiler policies = new PolicyCompiler(accepting);
    for (Resource resource : resources.all().values()) {
      switch (resource.ref().kind()) {
        case POLICY -> verdicts.put(resource.ref(), ofOne(resource, accepting, policies::compile));
        case SERVER -> {
          verdicts.put(resource.ref(), ofOne(resource, accepting, servers::compile));
          servers.pins(resource).ifPresent(of -> pins.put(resource.name(), of));
        }
        case GRANT -> grants.add(resource);
      }
    }
    // Where two claim the same, the older has it.
    grants.sort(Comparator.comparing(Resource::created).thenComparing(Resource::name));
    GrantCompiler compiler = new GrantCompiler(resources, verdicts, accepting, published, now);
    for (Resource grant : grants) {
      verdicts.put(grant.ref(), ofOne(grant, accepting, compiler::compile));
    }
    countGrants(verdicts, grants);
    verdicts.forEach(
        (ref, verdict) ->
            verdict.tellDigest(
                Optional.ofNullable(ref.kind() == Kind.SERVER ? pins.get(ref.name()) : null)));
    return new Compilation(verdicts, pins, compiler.wanted());
  }

  /** One that its definition should have kept away must not stop the others. */
  private static Verdict ofOne(
      Resource resource, Accepting accepting, Function<Resource, Verdict> compiler) {
    try {
      return compiler.apply(resource);
    } catch (RuntimeException e) {
      LOG.error("{} cannot be compiled", resource.ref(), e);
      Accepted accepted =
          accepting.refused(resource.ref(), "Invalid", "it cannot be read: " + e.getMessage());
      boolean grant = resource.ref().kind() == Kind.GRANT; // it may say that it is suspended
      return new Verdict(
          resource,
          grant ? Optional.empty() : accepted.content(),
          accepted.condition(),
          Optional.empty(),
          Optional.empty(),
          Verdict.noFacts());
    }
  }

  private static void countGrants(Map<Ref, Verdict> verdicts, List<Resource> grants) {
    for (Kind kind : Set.of(Kind.POLICY, Kind.SERVER)) {
      String reference = kind == Kind.POLICY ? "policyRef" : "serverRef";
      Map<String, Long> counts =
          grants.stream()
              .collect(
                  Collectors.groupingBy(
                      grant -> grant.spec().path(reference).path("name").asText(),
                      Collectors.counting()));
      verdicts.forEach(
          (ref, verdict) -> {
            if (ref.kind() == kind) {
              verdict.facts().put("grants", counts.getOrDefault(ref.name(), 0L));
            }
          });
    }
  }

  /** What is to be in the registry, by resource. */
  public Map<Ref, Content> contents() {
    Map<Ref, Content> contents = new TreeMap<>();
    verdicts.forEach(
        (ref, verdict) -> verdict.content().ifPresent(content -> contents.put(ref, content)));
    return contents;
  }

  /** The body of {@code PUT /registry/kubernetes} for these contents. */
  public static String document(Map<Ref, Content> contents, Map<String, Content> pins) {
    Map<Kind, List<String>> members = new TreeMap<>();
    for (Kind kind : Kind.values()) {
      members.put(kind, new ArrayList<>());
    }
    new TreeMap<>(contents)
        .forEach(
            (ref, content) ->
                members
                    .get(ref.kind())
                    .add(
                        ref.kind() == Kind.GRANT
                            ? content.text()
                            // Names of resources need no escapes.
                            : "\"" + ref.name() + "\":" + content.text()));
    List<String> pinned = new ArrayList<>();
    new TreeMap<>(pins)
        .forEach((server, content) -> pinned.add("\"" + server + "\":" + content.text()));
    return "{\"servers\":{"
        + String.join(",", members.get(Kind.SERVER))
        + "},\"policies\":{"
        + String.join(",", members.get(Kind.POLICY))
        + "},\"grants\":["
        + String.join(",", members.get(Kind.GRANT))
        + "],\"pins\":{"
        + String.join(",", pinned)
        + "}}";
  }
}
