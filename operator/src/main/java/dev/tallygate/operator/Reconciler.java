package dev.tallygate.operator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.compile.Compilation;
import dev.tallygate.operator.compile.Condition;
import dev.tallygate.operator.compile.Content;
import dev.tallygate.operator.compile.Credentials;
import dev.tallygate.operator.compile.Published;
import dev.tallygate.operator.compile.Refusal;
import dev.tallygate.operator.compile.Refusals;
import dev.tallygate.operator.compile.Verdict;
import dev.tallygate.operator.gateway.Enforcement;
import dev.tallygate.operator.gateway.GatewayClient;
import dev.tallygate.operator.gateway.GatewayUnreachable;
import dev.tallygate.operator.gateway.PutResult;
import dev.tallygate.operator.resources.Kind;
import dev.tallygate.operator.resources.Ref;
import dev.tallygate.operator.resources.Resource;
import dev.tallygate.operator.resources.Resources;
import dev.tallygate.operator.status.Statuses;
import dev.tallygate.operator.status.Statuses.Progress;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the registry to what the resources say, and their status to what nodes enforce. Each run
 * goes by everything that is there now, so that a run that failed, or an event that was missed,
 * leaves nothing wrong behind. Not thread-safe.
 */
public final class Reconciler {
  private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

  /** Each takes at least one resource that nodes refuse out of the way. */
  private static final int MAX_ROUNDS = 100;

  private static final int MOST_NAMED = 10;

  private static final String DIGEST = "contentDigest";

  /** In one run, so that what was taken away need not wait for all that is to be made. */
  private static final int MOST_SECRETS = 50;

  private final Supplier<Resources> watched;
  private final GatewayClient gateway;
  private final ResourceWriter writer;
  private final ExecutorService writers;
  private final Supplier<Credentials> credentials;
  private final Clock clock;
  private final OperatorMetrics metrics;

  private Optional<Published> published = Optional.empty();
  private long fence;
  private boolean claimed;
  private Map<String, Content> pins = Map.of();
  private Enforcement enforcement = Enforcement.UNKNOWN;
  private Optional<String> problem = Optional.empty();
  private final Refusals refusals = new Refusals(new HashMap<>(), new HashMap<>());
  private final Map<Ref, Long> revisions = new HashMap<>();
  private final Map<Ref, Reported> reported = new HashMap<>();

  /** What a status was made of, so that it is not made again of the same. */
  private record Reported(Verdict verdict, Progress progress) {}

  /** Another operator leads; this one is to end. */
  public static final class Overtaken extends Exception {
    private static final long serialVersionUID = 1L;

    Overtaken(String message) {
      super(message);
    }
  }

  /**
   * @param writers threads to write statuses on
   */
  public Reconciler(
      Supplier<Resources> watched,
      GatewayClient gateway,
      ResourceWriter writer,
      ExecutorService writers,
      Supplier<Credentials> credentials,
      Clock clock,
      OperatorMetrics metrics) {
    this.watched = watched;
    this.gateway = gateway;
    this.writer = writer;
    this.writers = writers;
    this.credentials = credentials;
    this.clock = clock;
    this.metrics = metrics;
  }

  /** How things stand after a run. */
  public enum Outcome {
    /** Every node enforces what the resources say. */
    SETTLED,
    /** Nodes are late: look again soon. */
    PENDING,
    /** No gateway was reached, or the API server took something not: try again a little later. */
    FAILED
  }

  /**
   * Runs once.
   *
   * @throws Overtaken if another operator has taken over
   */
  public Outcome reconcile() throws Overtaken, InterruptedException {
    Resources resources = watched.get();
    Compilation compilation = null;
    try {
      compilation = publish(resources);
      enforcement = gateway.enforcement();
      if (enforcement.revision() != published.orElseThrow().revision()) {
        read(); // a grant was revoked, or a server pinned
        compilation = publish(resources);
        enforcement = gateway.enforcement();
      }
      problem = Optional.empty();
    } catch (GatewayUnreachable e) {
      if (!problem.equals(Optional.of(e.getMessage()))) {
        LOG.warn("what the resources say cannot be published now: {}", e.getMessage());
      }
      problem = Optional.of(e.getMessage());
      if (compilation == null) {
        compilation = compile(resources);
      }
    }
    boolean written = report(compilation);
    makeSecrets(resources, compilation);
    metrics.standing(compilation, enforcement, published.map(Published::revision).orElse(0L));
    if (problem.isPresent() || !written) {
      return Outcome.FAILED;
    }
    return enforcement.has(published.orElseThrow().revision()) ? Outcome.SETTLED : Outcome.PENDING;
  }

  private void read() throws GatewayUnreachable, Overtaken, InterruptedException {
    Published now = gateway.published();
    if (fence == 0) {
      fence = now.fence() + 1;
    } else if (now.fence() > fence || !claimed && now.fence() == fence) {
      // Another began at the same time, or the answer to its own first write was lost: it may be
      // either.
      throw new Overtaken("another operator wrote to the registry; its fence is " + now.fence());
    }
    published.ifPresent(known -> changedElsewhere(known, now));
    published = Optional.of(now);
  }

  /** Also by this operator, where the answer to its change was lost. */
  private void changedElsewhere(Published known, Published now) {
    changed(known.contents(), now.contents()).forEach(ref -> revisions.put(ref, now.revision()));
    if (known.revision() != now.revision()) {
      refusals.forget();
    }
  }

  private static Set<Ref> changed(Map<Ref, Content> before, Map<Ref, Content> after) {
    Set<Ref> changed = new HashSet<>(before.keySet());
    changed.addAll(after.keySet());
    changed.removeIf(ref -> Objects.equals(before.get(ref), after.get(ref)));
    return changed;
  }

  private Compilation compile(Resources resources) {
    return Compilation.of(
        resources,
        published.orElse(Published.NOTHING),
        refusals,
        credentials.get(),
        clock.instant());
  }

  private Compilation publish(Resources resources)
      throws GatewayUnreachable, Overtaken, InterruptedException {
    if (published.isEmpty()) {
      read();
    }
    refusals.contents().keySet().retainAll(resources.all().keySet());
    refusals.pins().keySet().removeIf(name -> !resources.all().containsKey(server(name)));
    for (int i = 0; i < MAX_ROUNDS; i++) {
      Compilation compilation = compile(resources);
      Map<Ref, Content> contents = compilation.contents();
      Published before = published.orElseThrow();
      if (claimed && contents.equals(before.contents()) && compilation.pins().equals(pins)) {
        return compilation;
      }
      PutResult result =
          gateway.put(Compilation.document(contents, compilation.pins()), before.revision(), fence);
      metrics.published(result);
      if (result instanceof PutResult.Done done) {
        done(before, contents, compilation.pins(), done.revision());
        return compilation;
      } else if (result instanceof PutResult.Outdated) {
        read();
      } else if (result instanceof PutResult.Overtaken overtaken) {
        throw new Overtaken(overtaken.reason());
      } else if (result instanceof PutResult.Refused refused) {
        if (!refused(refused.errors(), compilation)) {
          takeAway(before, contents);
          enforcement = gateway.enforcement(); // of what was taken away
          throw new GatewayUnreachable(unknownCause(refused.errors(), contents), null);
        }
      }
    }
    throw new IllegalStateException("the registry changed each of " + MAX_ROUNDS + " times");
  }

  private String unknownCause(List<String> errors, Map<Ref, Content> contents) {
    Set<Ref> left = new TreeSet<>(changed(published.orElseThrow().contents(), contents));
    return "the registry refuses what is published, as one of these has it now: "
        + left.stream().limit(MOST_NAMED).map(Ref::toString).collect(Collectors.joining(", "))
        + (left.size() > MOST_NAMED ? ", ..." : "")
        + ": "
        + String.join("; ", errors);
  }

  private void done(
      Published before, Map<Ref, Content> contents, Map<String, Content> pinned, long revision) {
    Set<Ref> changed = changed(before.contents(), contents);
    if (claimed) { // before that nobody knows here what was pinned
      changed.addAll(changed(servers(pins), servers(pinned)));
    }
    changed.forEach(ref -> revisions.put(ref, revision));
    claimed = true;
    pins = pinned;
    published = Optional.of(before.with(revision, fence, contents));
    LOG.info(
        "revision {} is published: {} objects changed, {} are there",
        revision,
        changed.size(),
        contents.size());
  }

  private static Map<Ref, Content> servers(Map<String, Content> pins) {
    Map<Ref, Content> servers = new HashMap<>();
    pins.forEach((name, content) -> servers.put(server(name), content));
    return servers;
  }

  private static Ref server(String name) {
    return new Ref(Kind.SERVER, name);
  }

  /** Whether what is refused is known now, and left out the next time. */
  private boolean refused(List<String> errors, Compilation compilation) {
    Map<Ref, Content> contents = compilation.contents();
    boolean told = false;
    for (String error : errors) {
      Optional<String> pinned = RefusedPlace.pins(error).filter(compilation.pins()::containsKey);
      Optional<Ref> ref =
          pinned.map(Reconciler::server).or(() -> RefusedPlace.find(error, contents));
      if (pinned.isPresent()) {
        Refusal refusal = new Refusal(compilation.pins().get(pinned.get()), error);
        told |= !refusal.equals(refusals.pins().put(pinned.get(), refusal));
      } else if (ref.isPresent()) {
        Refusal refusal = new Refusal(contents.get(ref.get()), error);
        told |= !refusal.equals(refusals.contents().put(ref.get(), refusal));
      }
      ref.ifPresent(of -> LOG.warn("{} is refused: {}", of, error));
    }
    return told;
  }

  /**
   * Publishes no more than what became of grants that are there, where all cannot be published and
   * nobody knows why, such as for its size: a grant that was deleted, or a token that was given up,
   * must not live on by others' mistakes. Where not even that is taken, those are gone.
   */
  private void takeAway(Published before, Map<Ref, Content> contents)
      throws GatewayUnreachable, InterruptedException {
    Map<Ref, Content> changed = new TreeMap<>(before.contents());
    changed.keySet().removeIf(ref -> ref.kind() == Kind.GRANT && !contents.containsKey(ref));
    Map<Ref, Content> gone = new TreeMap<>(changed);
    gone.entrySet()
        .removeIf(
            each ->
                each.getKey().kind() == Kind.GRANT
                    && !each.getValue().equals(contents.get(each.getKey())));
    changed.replaceAll((ref, was) -> ref.kind() == Kind.GRANT ? contents.get(ref) : was);
    for (Map<Ref, Content> left : List.of(changed, gone)) {
      if (!left.equals(before.contents())
          && gateway.put(Compilation.document(left, Map.of()), before.revision(), fence)
              instanceof PutResult.Done done) {
        done(before, left, pins, done.revision());
        return;
      }
    }
  }

  private OptionalLong revision(Ref ref, Verdict verdict, Map<String, Content> wantedPins) {
    if (published.isEmpty()
        || !claimed
        || !published.get().of(ref).equals(verdict.content())
        || ref.kind() == Kind.SERVER
            && !Objects.equals(pins.get(ref.name()), wantedPins.get(ref.name()))) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(
        revisions.computeIfAbsent(
            ref,
            unknown -> {
              long newest = published.get().revision();
              long said = saidBefore(verdict);
              return said > 0 && said <= newest ? said : newest;
            }));
  }

  /** By an operator before this one; 0 where it may not have come to tell of what it published. */
  private static long saidBefore(Verdict verdict) {
    JsonNode status = verdict.resource().status();
    boolean ofTheSame = status.path(DIGEST).equals(verdict.facts().path(DIGEST));
    return ofTheSame ? status.path("revision").asLong() : 0;
  }

  /** Whether everything was taken. */
  private boolean report(Compilation compilation) throws InterruptedException {
    revisions.keySet().retainAll(compilation.verdicts().keySet());
    reported.keySet().retainAll(compilation.verdicts().keySet());
    Instant now = clock.instant();
    Map<Ref, Future<?>> writing = new HashMap<>();
    compilation
        .verdicts()
        .forEach(
            (ref, verdict) -> {
              Progress progress =
                  new Progress(revision(ref, verdict, compilation.pins()), enforcement, problem);
              Reported made = new Reported(verdict, progress);
              if (made.equals(reported.get(ref))) {
                return;
              }
              ObjectNode status = Statuses.of(verdict, progress, now);
              reported.put(ref, made);
              JsonNode before = verdict.resource().status();
              if (!before.isObject() || !new Content(status).equals(new Content(before))) {
                writing.put(ref, writers.submit(() -> write(verdict.resource(), status)));
              }
            });
    boolean all = true;
    for (Map.Entry<Ref, Future<?>> each : writing.entrySet()) {
      try {
        each.getValue().get();
      } catch (ExecutionException e) {
        LOG.warn("a status could not be written: {}", e.getCause().getMessage());
        reported.remove(each.getKey());
        all = false;
      }
    }
    return all;
  }

  private Void write(Resource resource, ObjectNode status) throws IOException {
    writer.status(resource, status);
    metrics.statusWritten();
    JsonNode before = condition(resource.status());
    JsonNode after = condition(status);
    if (!before.path("reason").equals(after.path("reason"))) {
      boolean warning = after.path("status").asText().equals(Condition.Status.FALSE.text());
      writer.event(
          resource, warning, after.path("reason").asText(), after.path("message").asText());
    }
    return null;
  }

  private static JsonNode condition(JsonNode status) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText().equals(Condition.Type.READY.text())) {
        return condition;
      }
    }
    return status.path("none");
  }

  /** The watch tells of each that is made; those that are left come with the next run. */
  private void makeSecrets(Resources resources, Compilation compilation)
      throws InterruptedException {
    List<Future<?>> making = new ArrayList<>();
    compilation.wanted().entrySet().stream()
        .limit(MOST_SECRETS)
        .forEach(
            each ->
                making.add(
                    writers.submit(
                        () -> {
                          writer.secret(resources.all().get(each.getKey()), each.getValue());
                          return null;
                        })));
    for (Future<?> each : making) {
      try {
        each.get();
      } catch (ExecutionException e) {
        // Such as by a quota: the Grant says that it waits, and nothing else need wait for it.
        LOG.warn("a Secret could not be made: {}", e.getCause().getMessage());
      }
    }
  }

  /** Finds which resource an error of a node is about. */
  private static final class RefusedPlace {
    private static final Map<String, Kind> SECTIONS =
        Map.of("servers", Kind.SERVER, "policies", Kind.POLICY, "grants", Kind.GRANT);

    private RefusedPlace() {}

    /** The server whose pins {@code /pins/name...: message} names. */
    static Optional<String> pins(String error) {
      String[] place = place(error);
      return place.length > 2 && place[1].equals("pins") ? Optional.of(place[2]) : Optional.empty();
    }

    private static String[] place(String error) {
      int end = error.indexOf(": ");
      return (end < 0 ? "" : error.substring(0, end)).split("/", 4);
    }

    /**
     * The resource that {@code /section/name...: message} names; a grant goes by its label there.
     */
    static Optional<Ref> find(String error, Map<Ref, Content> contents) {
      String[] place = place(error);
      if (place.length < 3 || !SECTIONS.containsKey(place[1])) {
        return Optional.empty();
      }
      Kind kind = SECTIONS.get(place[1]);
      if (kind != Kind.GRANT) {
        Ref ref = new Ref(kind, place[2]);
        return contents.containsKey(ref) ? Optional.of(ref) : Optional.empty();
      }
      String label = "\"label\":\"" + place[2] + "\"";
      return contents.entrySet().stream()
          .filter(each -> each.getKey().kind() == Kind.GRANT)
          .filter(each -> each.getValue().text().contains(label))
          .map(Map.Entry::getKey)
          .findFirst();
    }
  }
}
