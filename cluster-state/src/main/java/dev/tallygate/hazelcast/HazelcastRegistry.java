package dev.tallygate.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import dev.tallygate.registry.Edition;
import dev.tallygate.registry.Follower;
import dev.tallygate.registry.Keeper;
import dev.tallygate.registry.KeptFile;
import dev.tallygate.registry.MajorityRegister;
import dev.tallygate.registry.MajorityRegister.Done;
import dev.tallygate.registry.MajorityRegister.Empty;
import dev.tallygate.registry.MajorityRegister.Outcome;
import dev.tallygate.registry.MajorityRegister.Reading;
import dev.tallygate.registry.MajorityRegister.Refused;
import dev.tallygate.registry.MajorityRegister.Settled;
import dev.tallygate.registry.MajorityRegister.Unreachable;
import dev.tallygate.registry.MajorityRegister.Unsettled;
import dev.tallygate.registry.Registry;
import dev.tallygate.registry.RegistrySettings;
import dev.tallygate.registry.Vote;
import dev.tallygate.threads.Daemons;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry of a Hazelcast cluster. Hazelcast only knows who is there and carries questions and
 * answers: what is settled is decided by {@link MajorityRegister} on the disks of the data members,
 * so nothing depends on how partitions are moved or merged.
 *
 * <p>Every node reads the newest once a second. Whoever publishes also hands it to every node.
 */
final class HazelcastRegistry implements Registry {
  private static final Logger LOG = LoggerFactory.getLogger(HazelcastRegistry.class);

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(2);
  private static final long READ_MILLIS = 1_000;
  private static final long FAREWELL_SECONDS = 2;
  private static final int REFRESH_ATTEMPTS = 3;
  private static final int READINGS_PER_SURVEY = 5;
  private static final long RETRY_MILLIS = 100;
  private static final String SILENT = "it does not answer";

  private final RegistrySettings settings;
  private final HazelcastInstance here;
  private final MemberTasks tasks;
  private final MajorityRegister register;
  private final Departures departures;
  private final Optional<KeptFile> file;
  private final Optional<Keeper> keeper;
  private final ScheduledExecutorService reader = Daemons.scheduler("tallygate-registry");
  private volatile Optional<Follower> follower = Optional.empty();
  private volatile Optional<Vote> settled = Optional.empty();
  private volatile Survey lastSurvey = new Survey(List.of(), List.of());
  private int unsettledReadings;
  private int readings;

  HazelcastRegistry(HazelcastInstance here, RegistrySettings settings) throws IOException {
    this.settings = settings;
    this.here = here;
    this.tasks = new MemberTasks(here, settings.dataMembers(), ANSWER_WITHIN);
    this.register = new MajorityRegister(tasks, UUID.randomUUID().toString());
    this.file =
        settings.dataFolder().isPresent()
            ? Optional.of(KeptFile.in(settings.dataFolder().get()))
            : Optional.empty();
    try {
      this.keeper = file.isPresent() ? Optional.of(new Keeper(file.get())) : Optional.empty();
    } catch (IOException e) {
      file.get().close();
      throw e;
    }
    this.departures = new Departures(settings.maxCutOff(), System::nanoTime);
    here.getCluster().addMembershipListener(departures);
    takePart();
  }

  private void takePart() {
    here.getUserContext()
        .put(
            RegistryPart.KEY,
            new RegistryPart(
                settings.node(),
                ClusterConfig.takesCalls(here.getCluster().getLocalMember()),
                keeper,
                follower,
                departures));
  }

  @Override
  public void follow(Enforcer enforcer) {
    follower =
        Optional.of(
            new Follower(settings.node(), settings.maxCutOff(), System::nanoTime, enforcer));
    takePart();
    reader.scheduleWithFixedDelay(this::readQuietly, 0, READ_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void readQuietly() {
    try {
      read();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException e) {
      LOG.error("the registry could not be read; trying again", e);
      follower.ifPresent(each -> each.unreachable(e.toString()));
    }
  }

  private void read() throws InterruptedException, IOException {
    if (readings == 0) {
      learnWhoWasLost(); // before this node serves, and before it tells who enforces what
    }
    if (readings++ % READINGS_PER_SURVEY == 0) {
      lastSurvey = survey();
    }
    if (readOnce() instanceof Unsettled) {
      // Whoever makes the change under way mostly ends it before the next reading.
      if (++unsettledReadings > 1) {
        settle();
      }
    } else {
      unsettledReadings = 0;
    }
  }

  private void learnWhoWasLost() throws InterruptedException {
    Set<Member> members = here.getCluster().getMembers();
    Set<String> present =
        members.stream().map(ClusterConfig::nodeOf).collect(Collectors.toUnmodifiableSet());
    List<CompletionStage<Departed>> asked =
        members.stream().filter(member -> !member.localMember()).map(tasks::departed).toList();
    for (CompletionStage<Departed> each : asked) {
      answer(each).ifPresent(departed -> departures.learn(departed, present));
    }
  }

  private Reading readOnce() throws InterruptedException, IOException {
    long began = System.nanoTime();
    Reading reading = register.read(settled, ANSWER_WITHIN);
    if (reading instanceof Settled found) {
      settled(found.vote());
      if (keeper.isPresent()) {
        keeper.get().keep(found.vote(), found.promised());
      }
      Edition edition = found.vote().edition();
      follower.ifPresent(each -> each.enforce(edition));
      follower.ifPresent(each -> each.confirmed(edition.revision(), began));
    } else if (reading instanceof Empty) {
      follower.ifPresent(Follower::foundEmpty);
    } else if (reading instanceof Unreachable lost) {
      follower.ifPresent(each -> each.unreachable(lost.reason()));
    }
    return reading;
  }

  /** Ends a change that was left half done, one way for all. */
  private void settle() throws InterruptedException {
    Outcome outcome = register.change(current -> current, ANSWER_WITHIN);
    LOG.info("a change of the registry was under way: {}", outcome);
  }

  @Override
  public boolean refresh() throws InterruptedException {
    try {
      for (int i = 0; i < REFRESH_ATTEMPTS; i++) {
        Reading reading = readOnce();
        if (reading instanceof Settled || reading instanceof Empty) {
          return true;
        }
        if (reading instanceof Unsettled) {
          settle();
        }
      }
    } catch (IOException | RuntimeException e) {
      LOG.error("the registry could not be read", e);
    }
    return false;
  }

  private synchronized void settled(Vote vote) {
    if (settled.isEmpty() || settled.get().ballot().isBefore(vote.ballot())) {
      settled = Optional.of(vote);
    }
  }

  @Override
  public Optional<Edition> newest() {
    return settled.map(Vote::edition);
  }

  @Override
  public Standing standing() {
    return follower
        .map(Follower::standing)
        .orElseGet(() -> new Standing(0, false, Optional.of("the node starts"), Optional.empty()));
  }

  @Override
  public PublishResult publish(long expected, String document, Duration enforcedWithin)
      throws InterruptedException {
    Edition next = new Edition(expected + 1, document);
    Outcome outcome =
        register.change(
            current -> {
              // A former attempt of this very change may have got through.
              boolean mine = current.equals(Optional.of(next));
              boolean fits = current.map(Edition::revision).orElse(0L) == expected;
              return mine || fits ? Optional.of(next) : Optional.empty();
            },
            settings.patience());
    if (outcome instanceof Done done) {
      settled(done.vote());
      return awaitEnforced(next, enforcedWithin);
    }
    if (outcome instanceof Refused refused) {
      return new Outdated(refused.current().map(Edition::revision).orElse(0L));
    }
    Unreachable lost = (Unreachable) outcome;
    return new NotPublished(lost.reason(), lost.maybeDone());
  }

  @Override
  public Published awaitEnforced(Edition edition, Duration within) throws InterruptedException {
    follower.ifPresent(each -> each.enforce(edition));
    long end = System.nanoTime() + within.toNanos();
    Map<Member, Optional<Enforcement>> answers = new LinkedHashMap<>();
    while (true) {
      // Anew each time: one that comes now reads the newest, one that left serves nobody soon.
      List<Member> behind =
          here.getCluster().getMembers().stream()
              .filter(ClusterConfig::takesCalls)
              .filter(member -> isLate(answers.getOrDefault(member, Optional.empty()), edition))
              .toList();
      answers.keySet().retainAll(here.getCluster().getMembers());
      List<Late> lost = departures.maybeServing();
      if (behind.isEmpty() && lost.isEmpty() || System.nanoTime() > end) {
        return published(edition, behind, answers, lost);
      }
      Map<Member, CompletionStage<Enforcement>> asked = new LinkedHashMap<>();
      behind.forEach(member -> asked.put(member, tasks.enforce(member, Optional.of(edition))));
      for (Map.Entry<Member, CompletionStage<Enforcement>> each : asked.entrySet()) {
        answers.put(each.getKey(), answer(each.getValue()));
      }
      if (!lost.isEmpty()
          || behind.stream().anyMatch(member -> isLate(answers.get(member), edition))) {
        TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
      }
    }
  }

  private static boolean isLate(Optional<Enforcement> answer, Edition edition) {
    // One that does not serve reads the newest before it does.
    return answer.isEmpty()
        || answer.get().serves() && answer.get().revision() < edition.revision();
  }

  private static Published published(
      Edition edition,
      List<Member> behind,
      Map<Member, Optional<Enforcement>> answers,
      List<Late> lost) {
    List<Late> late = new ArrayList<>(lost);
    for (Member member : behind) {
      Optional<Enforcement> answer = answers.getOrDefault(member, Optional.empty());
      late.add(
          new Late(
              ClusterConfig.nodeOf(member),
              answer
                  .map(
                      known ->
                          known.problem().orElse("it still enforces revision " + known.revision()))
                  .orElse(SILENT)));
    }
    return new Published(
        edition.revision(), answers.values().stream().flatMap(Optional::stream).toList(), late);
  }

  private static <T> Optional<T> answer(CompletionStage<T> stage) throws InterruptedException {
    try {
      return Optional.of(stage.toCompletableFuture().get());
    } catch (ExecutionException e) {
      return Optional.empty();
    }
  }

  @Override
  public Survey survey() throws InterruptedException {
    Map<Member, CompletionStage<Enforcement>> asked = new LinkedHashMap<>();
    here.getCluster()
        .getMembers()
        .forEach(member -> asked.put(member, tasks.enforce(member, Optional.empty())));
    List<Enforcement> nodes = new ArrayList<>();
    Map<String, Late> lost = new TreeMap<>();
    for (Map.Entry<Member, CompletionStage<Enforcement>> each : asked.entrySet()) {
      Optional<Enforcement> answer = answer(each.getValue());
      answer.ifPresent(nodes::add);
      if (answer.isEmpty() && ClusterConfig.takesCalls(each.getKey())) {
        String node = ClusterConfig.nodeOf(each.getKey());
        lost.put(node, new Late(node, SILENT));
      }
    }
    departures.maybeServing().forEach(each -> lost.put(each.node(), each));
    return new Survey(nodes, List.copyOf(lost.values()));
  }

  @Override
  public Survey lastSurvey() {
    return lastSurvey;
  }

  @Override
  public void close() {
    reader.shutdownNow();
    if (here.getLifecycleService().isRunning()) {
      here.getUserContext().remove(RegistryPart.KEY);
      sayFarewell();
    }
    file.ifPresent(HazelcastRegistry::release);
  }

  /** So that nobody waits for this node to have been cut off for long enough. */
  private void sayFarewell() {
    try {
      CompletableFuture.allOf(
              here.getCluster().getMembers().stream()
                  .filter(member -> !member.localMember())
                  .map(member -> tasks.farewell(member).toCompletableFuture())
                  .toArray(CompletableFuture<?>[]::new))
          .get(FAREWELL_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException | HazelcastInstanceNotActiveException e) {
      LOG.debug("not every node was told that this one leaves", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void release(KeptFile file) {
    try {
      file.close();
    } catch (IOException e) {
      LOG.warn("the data folder could not be let go", e);
    }
  }
}
