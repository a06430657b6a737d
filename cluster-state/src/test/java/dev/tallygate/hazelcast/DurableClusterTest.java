package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.ManualClock;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.durability.DatabaseRefused;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.durability.DurabilitySettings.Mode;
import dev.tallygate.durability.TestPostgres;
import dev.tallygate.durability.TestPostgres.Way;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clusters with a PostgreSQL, whose members are killed, all or some. */
class DurableClusterTest {
  private static final long DAY = 86_400;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<EmbeddedHazelcast> members = new ArrayList<>();
  private TestPostgres postgres;
  private TestCluster cluster;

  @BeforeEach
  void database() {
    postgres = new TestPostgres();
  }

  @AfterEach
  void stop() {
    killAll();
    postgres.close();
  }

  @Test
  void strictCountsOutliveAKillOfTheWholeCluster() throws Exception {
    // Given
    startAll(3, Mode.STRICT);
    List<CounterKey> keys = keys(20, Algorithm.SLIDING);
    for (CounterKey key : keys) {
      reserved(claim(key, "0.005", "3"));
      reserved(claim(key, "2", "3"));
    }

    // When
    killAll();
    restartAll(Mode.STRICT);

    // Then
    for (CounterKey key : keys) {
      assertThat(reserve(claim(key, "1", "3"))).isInstanceOf(Exceeded.class);
      reserved(claim(key, "0.995", "3"));
      assertThat(join(store().usage(key)).used()).isEqualByComparingTo("3");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void strictNeverAdmitsMoreThanTheMaximumOverAKillInTheMiddleOfManyCalls(long seed)
      throws Exception {
    // Given calls at random from many threads
    startAll(3, Mode.STRICT);
    List<CounterKey> keys = keys(5, Algorithm.FIXED);
    Map<CounterKey, AtomicInteger> admitted = new ConcurrentHashMap<>();
    keys.forEach(key -> admitted.put(key, new AtomicInteger()));
    int most = 400;

    // When all members are killed in the middle
    AtomicInteger answered = new AtomicInteger();
    List<Future<?>> callers = callAtRandom(keys, most, admitted, seed, answered);
    await().atMost(PATIENCE).until(() -> answered.get() > 300);
    killAll();
    for (Future<?> caller : callers) {
      caller.get(60, TimeUnit.SECONDS);
    }
    Map<CounterKey, Integer> before = new HashMap<>();
    admitted.forEach((key, units) -> before.put(key, units.get()));
    restartAll(Mode.STRICT);

    // Then nothing that was admitted is forgotten, and no more than the maximum ever is
    assertThat(before.values()).anyMatch(units -> units > 0);
    for (CounterKey key : keys) {
      int used = join(store().usage(key)).used().intValueExact();
      assertThat(used).isBetween(before.get(key), most);
      int more = 0;
      while (reserve(claim(key, "1", Integer.toString(most))) instanceof Reserved) {
        more++;
      }
      assertThat(before.get(key) + more).isLessThanOrEqualTo(most);
      assertThat(used + more).isEqualTo(most);
    }
  }

  @Test
  void whatManyThreadsChangeIsTheSameAtTheOwnerOnTheBackupAndInTheDatabase() throws Exception {
    // Given
    startAll(2, Mode.STRICT);
    List<CounterKey> keys = keys(3, Algorithm.FIXED);
    Map<CounterKey, AtomicInteger> held = new ConcurrentHashMap<>();
    keys.forEach(key -> held.put(key, new AtomicInteger()));

    // When eight threads reserve of few subjects and give some back
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<Future<?>> running = new ArrayList<>();
    for (int thread = 0; thread < 8; thread++) {
      Random random = new Random(thread);
      running.add(
          threads.submit(
              () -> {
                for (int i = 0; i < 60; i++) {
                  CounterKey key = keys.get(random.nextInt(keys.size()));
                  CounterStore store = patient(random.nextInt(2));
                  Reservation one = reserved(store, claim(key, "1", "100000"));
                  held.get(key).incrementAndGet();
                  if (random.nextBoolean() && join(store.settle(one, one.unitsOf(Set.of(key))))) {
                    held.get(key).decrementAndGet();
                  }
                }
              }));
    }
    for (Future<?> each : running) {
      each.get(120, TimeUnit.SECONDS);
    }
    threads.shutdown();

    // Then
    for (CounterKey key : keys) {
      assertThat(join(store().usage(key)).used().intValueExact()).isEqualTo(held.get(key).get());
    }
    killAll();
    restartAll(Mode.STRICT);
    for (CounterKey key : keys) {
      assertThat(join(store().usage(key)).used().intValueExact()).isEqualTo(held.get(key).get());
    }
  }

  @Test
  void secondsLoseNoMoreThanWhatWasNotWrittenYet() throws Exception {
    // Given
    startAll(3, Mode.SECONDS);
    CounterKey key = keys(1, Algorithm.FIXED).get(0);
    for (int i = 0; i < 20; i++) {
      reserved(claim(key, "1", "100"));
    }
    await().atMost(PATIENCE).until(() -> members.stream().allMatch(each -> waiting(each) == 0));
    for (int i = 0; i < 5; i++) {
      reserved(claim(key, "1", "100"));
    }

    // When
    killAll();
    restartAll(Mode.SECONDS);

    // Then
    assertThat(join(store().usage(key)).used().intValueExact()).isBetween(20, 25);
  }

  @Test
  void countsThatWereLostWithAllMembersThatKeptThemAreReadBack() throws Exception {
    // Given
    startAll(3, Mode.STRICT);
    List<CounterKey> keys = keys(30, Algorithm.FIXED);
    for (CounterKey key : keys) {
      reserved(claim(key, "2", "3"));
    }

    // When two of three members end at once, and come back
    List<EmbeddedHazelcast> two = members.subList(1, 3);
    two.parallelStream().forEach(EmbeddedHazelcast::kill);
    two.clear();
    start(1, Mode.STRICT);
    start(2, Mode.STRICT);
    awaitCounting();

    // Then all is known, also of subjects that were never seen
    for (CounterKey key : keys) {
      await()
          .atMost(PATIENCE)
          .ignoreExceptions()
          .until(() -> reserved(claim(key, "1", "3")) != null);
      assertThat(reserve(claim(key, "1", "3"))).isInstanceOf(Exceeded.class);
    }
    assertThat(members.get(0).watch().partitionsLost()).isPositive();
    for (CounterKey key : keys(30, Algorithm.SLIDING)) {
      CounterKey unseen =
          new CounterKey(Scope.SESSION, key.subject(), "calls", DAY, Algorithm.FIXED);
      reserved(claim(unseen, "1", "3"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"CUT", "SILENT"})
  void withoutTheDatabaseLimitsGoOnAndWhatTheyCountedIsWrittenOnceItIsBack(Way loss)
      throws Exception {
    // Given
    startAll(1, Mode.STRICT, DurabilitySettings.DEFAULT_ANSWER_WITHIN);
    CounterKey key = keys(1, Algorithm.FIXED).get(0);
    reserved(claim(key, "1", "10"));

    // When
    postgres.set(loss);
    for (int i = 0; i < 5; i++) {
      reserved(claim(key, "1", "10"));
    }

    // Then
    await().atMost(PATIENCE).until(() -> problem().isPresent());
    assertThat(waiting(members.get(0))).isEqualTo(1);
    postgres.set(Way.OPEN);
    await().atMost(PATIENCE).until(() -> waiting(members.get(0)) == 0 && problem().isEmpty());
    killAll();
    restartAll(Mode.STRICT);
    assertThat(join(store().usage(key)).used()).isEqualByComparingTo("6");
  }

  @Test
  void withoutTheDatabaseOnlyWindowsThatBeganBeforeTheClusterAreUnknown() throws Exception {
    // Given a cluster whose database goes away after its start
    ManualClock clock = new ManualClock(Instant.parse("2026-03-01T12:00:30Z"));
    startAll(1, Mode.STRICT, DurabilitySettings.DEFAULT_ANSWER_WITHIN);
    members.get(0).member().getUserContext().put(LedgerOwner.CLOCK, clock);
    members.get(0).member().getMap(Births.MAP).clear();
    members.get(0).births().keep();
    postgres.set(Way.CUT);
    CounterKey day = new CounterKey(Scope.GRANT, "new", "calls", DAY, Algorithm.FIXED);
    CounterKey minute = new CounterKey(Scope.GRANT, "new", "calls", 60, Algorithm.FIXED);
    await().atMost(PATIENCE).until(() -> problem().isPresent());

    // When // Then
    assertThat(reserve(claim(day, "1", "10"))).isInstanceOf(Unavailable.class);
    assertThat(reserve(claim(minute, "1", "10"))).isInstanceOf(Unavailable.class);
    clock.advance(Duration.ofSeconds(30));
    assertThat(reserve(claim(minute, "1", "10"))).isInstanceOf(Reserved.class);
    assertThat(reserve(claim(day, "1", "10"))).isInstanceOf(Unavailable.class);
  }

  @Test
  void clusterThatStartsWithoutItsDatabaseDoesNotTakeItsCountsForNone() throws Exception {
    // Given
    startAll(1, Mode.STRICT);
    CounterKey key = keys(1, Algorithm.FIXED).get(0);
    reserved(claim(key, "3", "3"));
    killAll();
    postgres.set(Way.CUT);

    // When
    start(0, Mode.STRICT);
    ReserveResult without = reserve(claim(key, "1", "3"));
    postgres.set(Way.OPEN);

    // Then
    assertThat(without).isInstanceOf(Unavailable.class);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(reserve(claim(key, "1", "3"))).isInstanceOf(Exceeded.class));
  }

  @Test
  void rowsOfAnotherVersionAreRefusedAtTheDoorAndWhatRunsGoesOn() throws Exception {
    // Given a cluster that runs, and a database that another release has written to meanwhile
    startAll(2, Mode.STRICT);
    CounterKey key = keys(1, Algorithm.FIXED).get(0);
    reserved(claim(key, "1", "3"));
    members.get(1).close();
    members.remove(1);
    postgres.execute("UPDATE tallygate_counts SET format = 99");

    // When // Then
    assertThatThrownBy(() -> start(1, Mode.STRICT))
        .isInstanceOf(DatabaseRefused.class)
        .hasMessageContaining("tallygate_counts")
        .hasMessageContaining("in format 99, and this release reads format 1")
        .message()
        .doesNotContain("\n");
    assertThat(members.get(0).member().getLifecycleService().isRunning()).isTrue();
  }

  @Test
  void memberThatWritesItsCountsDownOtherwiseIsNotLetIn() throws Exception {
    // Given
    startAll(2, Mode.STRICT);
    members.get(1).close();
    members.remove(1);

    // When // Then
    assertThatThrownBy(() -> start(1, Mode.SECONDS))
        .isInstanceOf(JoinRefused.class)
        .hasMessageContaining("its `durability` is seconds, for windows longer than 10 s, that of")
        .hasMessageContaining("member-0 is strict")
        .hasMessageContaining("write `counters` alike on all data members")
        .message()
        .doesNotContain("\n");
    assertThat(members.get(0).member().getLifecycleService().isRunning()).isTrue();
  }

  private List<Future<?>> callAtRandom(
      List<CounterKey> keys,
      int most,
      Map<CounterKey, AtomicInteger> admitted,
      long seed,
      AtomicInteger answered) {
    ExecutorService threads = Executors.newFixedThreadPool(6);
    List<Future<?>> callers = new ArrayList<>();
    for (int thread = 0; thread < 6; thread++) {
      Random random = new Random(seed * 1000 + thread);
      EmbeddedHazelcast member = members.get(thread % members.size());
      callers.add(
          threads.submit(
              () -> {
                while (true) {
                  CounterKey key = keys.get(random.nextInt(keys.size()));
                  int units = 1 + random.nextInt(3);
                  ReserveResult result =
                      join(
                          member
                              .counterStore()
                              .reserve(
                                  UUID.randomUUID().toString(),
                                  List.of(
                                      claim(
                                          key, Integer.toString(units), Integer.toString(most)))));
                  answered.incrementAndGet();
                  // A busy machine may keep any single answer too long.
                  if (result instanceof Unavailable
                      && !member.member().getLifecycleService().isRunning()) {
                    return;
                  }
                  if (result instanceof Reserved reserved) {
                    admitted.get(key).addAndGet(units);
                    if (random.nextInt(4) == 0) {
                      // Whatever the answer: where it is lost, they may be given back or not.
                      admitted.get(key).addAndGet(-units);
                      join(
                          member
                              .counterStore()
                              .settle(
                                  reserved.reservation(),
                                  reserved.reservation().unitsOf(Set.of(key))));
                    }
                  }
                }
              }));
    }
    threads.shutdown();
    return callers;
  }

  private void startAll(int count, Mode mode) throws Exception {
    startAll(count, mode, PATIENCE);
  }

  private void startAll(int count, Mode mode, Duration answerWithin) throws Exception {
    cluster = new TestCluster(count);
    startMembers(mode, answerWithin);
  }

  private void startMembers(Mode mode, Duration answerWithin) throws Exception {
    int count = cluster.member(0).dataMembers();
    List<CompletableFuture<EmbeddedHazelcast>> starting = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int index = i;
      starting.add(CompletableFuture.supplyAsync(() -> started(index, mode, answerWithin)));
    }
    for (CompletableFuture<EmbeddedHazelcast> each : starting) {
      members.add(each.get(120, TimeUnit.SECONDS));
    }
    awaitCounting();
  }

  private void restartAll(Mode mode) throws Exception {
    startMembers(mode, PATIENCE);
  }

  private EmbeddedHazelcast started(int index, Mode mode, Duration answerWithin) {
    try {
      return EmbeddedHazelcast.start(cluster.member(index), settings(mode, answerWithin));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void start(int index, Mode mode) throws Exception {
    members.add(EmbeddedHazelcast.start(cluster.member(index), settings(mode, PATIENCE)));
  }

  private DurabilitySettings settings(Mode mode, Duration answerWithin) {
    return new DurabilitySettings(
        mode, DurabilitySettings.DEFAULT_SHORTEST_WINDOW, answerWithin, postgres.settings());
  }

  private void awaitCounting() {
    TestCluster.awaitCounting(members.size(), members);
  }

  private void killAll() {
    members.parallelStream().forEach(EmbeddedHazelcast::kill);
    members.clear();
  }

  private Optional<String> problem() {
    return members.get(0).durability().orElseThrow().problem();
  }

  private static int waiting(EmbeddedHazelcast member) {
    return member.durability().orElseThrow().waiting();
  }

  private CounterStore store() {
    return patient(0);
  }

  private CounterStore patient(int index) {
    return HazelcastCounterStoreTest.patient(members.get(index));
  }

  private Reservation reserved(Claim claim) {
    return reserved(store(), claim);
  }

  private static Reservation reserved(CounterStore store, Claim claim) {
    ReserveResult result = join(store.reserve(UUID.randomUUID().toString(), List.of(claim)));
    assertThat(result).isInstanceOf(Reserved.class);
    return ((Reserved) result).reservation();
  }

  private ReserveResult reserve(Claim claim) {
    return join(store().reserve(UUID.randomUUID().toString(), List.of(claim)));
  }

  private static List<CounterKey> keys(int count, Algorithm algorithm) {
    List<CounterKey> keys = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      keys.add(new CounterKey(Scope.GRANT, "subject-" + i, "calls", DAY, algorithm));
    }
    return keys;
  }

  private static Claim claim(CounterKey key, String amount, String max) {
    return new Claim(key, new BigDecimal(amount), new BigDecimal(max), OnStoreLoss.DENY);
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
  }
}
