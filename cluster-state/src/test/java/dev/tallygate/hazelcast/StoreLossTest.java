package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StoreLossTest {
  private static final Duration SOON = Duration.ofMillis(50);

  /** Long enough for what is not kept back to be answered before. */
  private static final Duration IN_A_WHILE = Duration.ofSeconds(5);

  private static EmbeddedHazelcast hazelcast;

  @BeforeAll
  static void start() {
    hazelcast = EmbeddedHazelcast.standalone();
  }

  @AfterAll
  static void stop() {
    hazelcast.close();
  }

  @Test
  void closedMemberIsUnavailableAndNeverAnException() {
    // Given
    EmbeddedHazelcast closed = EmbeddedHazelcast.standalone();
    Claim claim = claim(Scope.GRANT, "closed", OnStoreLoss.DENY);
    Reservation reservation =
        ((ReserveResult.Reserved)
                join(HazelcastCounterStoreTest.patient(closed).reserve("before", List.of(claim))))
            .reservation();

    // When
    closed.close();
    ReserveResult result = join(closed.counterStore().reserve("after", List.of(claim)));
    boolean settled =
        join(closed.counterStore().settle(reservation, Map.of(claim.key(), BigDecimal.ONE)));

    // Then
    assertThat(result)
        .isInstanceOfSatisfying(
            Unavailable.class,
            lost -> {
              assertThat(lost.key()).isEqualTo(claim.key());
              assertThat(lost.cause()).contains("HazelcastInstanceNotActive");
            });
    assertThat(settled).isFalse();
  }

  @Test
  void stepThatTakesTooLongIsUnavailableAndHoldsNothingWhenItArrivesLate() {
    // Given subjects that are known, and a map that keeps the first step on one of them back
    Claim early = claim(Scope.GRANT, "late", OnStoreLoss.DENY);
    Claim late = claim(Scope.SERVER, "late", OnStoreLoss.DENY);
    Reservation before =
        ((ReserveResult.Reserved) join(patient().reserve("late-0", List.of(early, late))))
            .reservation();
    join(patient().settle(before, before.unitsOf(Set.of(early.key(), late.key()))));
    Queue<Runnable> keptBack = new ConcurrentLinkedQueue<>();
    Steps slow =
        keepingBack(
            keptBack,
            step -> step instanceof TableStep.Reserve reserve && reserve.claims().contains(late));
    HazelcastCounterStore store = storeOn(slow, IN_A_WHILE);

    // When
    ReserveResult result = join(store.reserve("late-1", List.of(early, late)));

    // Then
    assertThat(result)
        .isInstanceOfSatisfying(
            Unavailable.class, lost -> assertThat(lost.key()).isEqualTo(late.key()));
    await()
        .untilAsserted(
            () ->
                assertThat(tableOf("SERVER:late").contents().reservations())
                    .extracting(CounterTable.Remembered::state)
                    .contains(CounterTable.State.CANCELLED));
    await().untilAsserted(() -> assertUsed(early, 0));
    keptBack.remove().run();
    assertUsed(late, 0);
    assertUsed(early, 0);
  }

  @Test
  void firstStepOfASubjectThatArrivesLateHoldsNothing() {
    // Given a map that keeps the step back
    Claim claim = claim(Scope.SERVER, "first", OnStoreLoss.DENY);
    Queue<Runnable> keptBack = new ConcurrentLinkedQueue<>();
    HazelcastCounterStore store =
        storeOn(keepingBack(keptBack, step -> step instanceof TableStep.Reserve));

    // When
    ReserveResult result = join(store.reserve("first-1", List.of(claim)));
    keptBack.remove().run();

    // Then
    assertThat(result).isInstanceOf(Unavailable.class);
    await().untilAsserted(() -> assertUsed(claim, 0));
  }

  @Test
  void cancellationThatFailsIsTriedAgain() {
    // Given a map whose steps run, while the answers of the first two are lost
    Claim claim = claim(Scope.GRANT, "again", OnStoreLoss.DENY);
    Queue<Runnable> keptBack = new ConcurrentLinkedQueue<>();
    Steps slow =
        keepingBack(
            keptBack,
            step ->
                keptBack.isEmpty()
                    && (step instanceof TableStep.Reserve || step instanceof TableStep.Cancel));
    HazelcastCounterStore store = storeOn(slow);

    // When
    ReserveResult result = join(store.reserve("again-1", List.of(claim)));
    keptBack.remove().run();

    // Then
    assertThat(result).isInstanceOf(Unavailable.class);
    await().untilAsserted(() -> assertUsed(claim, 0));
  }

  @Test
  void stepThatNoOtherMemberHasConfirmedIsNotBelieved() {
    // Given a member that no other one keeps a copy for
    Claim claim = claim(Scope.GRANT, "unconfirmed", OnStoreLoss.DENY);
    Claim tooMuch =
        new Claim(claim.key(), BigDecimal.valueOf(11), BigDecimal.TEN, OnStoreLoss.DENY);
    IMap<String, CounterTable> map = hazelcast.member().getMap(HazelcastCounterStore.MAP);
    HazelcastCounterStore store = storeOn(Steps.on(hazelcast.member(), map, 1), SOON);

    // When
    ReserveResult changed = join(store.reserve("unconfirmed-1", List.of(claim)));
    ReserveResult unchanged = join(store.reserve("unconfirmed-2", List.of(tooMuch)));

    // Then
    assertThat(changed)
        .isInstanceOfSatisfying(
            Unavailable.class,
            lost -> assertThat(lost.cause()).contains("0 members have confirmed a step"));
    assertThat(unchanged).isInstanceOf(ReserveResult.Exceeded.class);
  }

  @Test
  void unavailableNamesAClaimThatDeniesBeforeOneThatDoesNot() {
    // Given
    Claim lenient = claim(Scope.GRANT, "named", OnStoreLoss.ALLOW);
    Claim strict =
        new Claim(
            new CounterKey(Scope.GRANT, "named", "strict", 60, Algorithm.FIXED),
            BigDecimal.ONE,
            BigDecimal.TEN,
            OnStoreLoss.DENY);
    HazelcastCounterStore store = storeOn(keepingBack(new ConcurrentLinkedQueue<>(), step -> true));

    // When
    ReserveResult result = join(store.reserve("named-1", List.of(lenient, strict)));

    // Then
    assertThat(result)
        .isInstanceOfSatisfying(
            Unavailable.class,
            lost -> {
              assertThat(lost.key()).isEqualTo(strict.key());
              assertThat(lost.cause()).contains("Timeout");
            });
  }

  private static HazelcastCounterStore storeOn(Steps steps) {
    return storeOn(steps, SOON);
  }

  private static HazelcastCounterStore storeOn(Steps steps, Duration answerWithin) {
    return new HazelcastCounterStore(steps, LedgerOwner.at(hazelcast.member()), answerWithin);
  }

  private static CounterStore patient() {
    return HazelcastCounterStoreTest.patient(hazelcast);
  }

  private static CounterTable tableOf(String subject) {
    CounterTable table =
        hazelcast.member().<String, CounterTable>getMap(HazelcastCounterStore.MAP).get(subject);
    return table == null ? new CounterTable() : table;
  }

  private static void assertUsed(Claim claim, int units) {
    assertThat(join(patient().usage(claim.key())).used())
        .isEqualByComparingTo(BigDecimal.valueOf(units));
  }

  private static Claim claim(Scope scope, String subject, OnStoreLoss onStoreLoss) {
    return new Claim(
        new CounterKey(scope, subject, "calls", 86_400, Algorithm.FIXED),
        BigDecimal.ONE,
        BigDecimal.TEN,
        onStoreLoss);
  }

  /** The ledger's steps; those that match are kept back until they are run from the queue. */
  private static Steps keepingBack(Queue<Runnable> keptBack, Predicate<TableStep<?>> matches) {
    IMap<String, CounterTable> map = hazelcast.member().getMap(HazelcastCounterStore.MAP);
    Steps steps = Steps.on(hazelcast.member(), map, 0);
    return new Steps() {
      @Override
      public <R> CompletableFuture<R> take(
          String subject, EntryProcessor<String, CounterTable, R> step) {
        if (!(step instanceof StepGroup group) || group.steps.stream().noneMatch(matches)) {
          return steps.take(subject, step);
        }
        keptBack.add(() -> map.executeOnKey(subject, step));
        return new CompletableFuture<>();
      }
    };
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
  }
}
