package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
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
        ((ReserveResult.Reserved) join(closed.counterStore().reserve("before", List.of(claim))))
            .reservation();

    // When
    closed.close();
    ReserveResult result = join(closed.counterStore().reserve("after", List.of(claim)));
    boolean settled = join(closed.counterStore().settle(reservation, Set.of(claim.key())));

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
    // Given a map that keeps the first step back
    Claim early = claim(Scope.GRANT, "late", OnStoreLoss.DENY);
    Claim late = claim(Scope.SERVER, "late", OnStoreLoss.DENY);
    Queue<Runnable> keptBack = new ConcurrentLinkedQueue<>();
    IMap<String, CounterTable> slow =
        keepingBack(
            keptBack,
            step -> step instanceof ReserveProcessor reserve && reserve.claims.contains(late));
    HazelcastCounterStore store = new HazelcastCounterStore(slow, SOON);

    // When
    ReserveResult result = join(store.reserve("late-1", List.of(early, late)));

    // Then
    assertThat(result)
        .isInstanceOfSatisfying(
            Unavailable.class, lost -> assertThat(lost.key()).isEqualTo(late.key()));
    await().untilAsserted(() -> assertThat(tableOf("SERVER:late").size()).isEqualTo(1));
    await().untilAsserted(() -> assertUsed(early, 0));
    keptBack.remove().run();
    assertUsed(late, 0);
    assertUsed(early, 0);
  }

  @Test
  void cancellationThatFailsIsTriedAgain() {
    // Given a map whose steps run, while the answers of the first two are lost
    Claim claim = claim(Scope.GRANT, "again", OnStoreLoss.DENY);
    Queue<Runnable> keptBack = new ConcurrentLinkedQueue<>();
    IMap<String, CounterTable> slow =
        keepingBack(
            keptBack,
            step ->
                keptBack.isEmpty()
                    && (step instanceof ReserveProcessor || step instanceof CancelProcessor));
    HazelcastCounterStore store = new HazelcastCounterStore(slow, SOON);

    // When
    ReserveResult result = join(store.reserve("again-1", List.of(claim)));
    keptBack.remove().run();

    // Then
    assertThat(result).isInstanceOf(Unavailable.class);
    await().untilAsserted(() -> assertUsed(claim, 0));
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
    HazelcastCounterStore store =
        new HazelcastCounterStore(keepingBack(new ConcurrentLinkedQueue<>(), step -> true), SOON);

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

  private static CounterTable tableOf(String subject) {
    CounterTable table =
        hazelcast.member().<String, CounterTable>getMap(HazelcastCounterStore.MAP).get(subject);
    return table == null ? new CounterTable() : table;
  }

  private static void assertUsed(Claim claim, int units) {
    assertThat(join(hazelcast.counterStore().usage(claim.key())).used())
        .isEqualByComparingTo(BigDecimal.valueOf(units));
  }

  private static Claim claim(Scope scope, String subject, OnStoreLoss onStoreLoss) {
    return new Claim(
        new CounterKey(scope, subject, "calls", 86_400, Algorithm.FIXED),
        BigDecimal.ONE,
        BigDecimal.TEN,
        onStoreLoss);
  }

  /** The ledger's map, with the steps that match kept back until they are run from the queue. */
  @SuppressWarnings("unchecked")
  private static IMap<String, CounterTable> keepingBack(
      Queue<Runnable> keptBack, Predicate<EntryProcessor<?, ?, ?>> matches) {
    IMap<String, CounterTable> map = hazelcast.member().getMap(HazelcastCounterStore.MAP);
    return (IMap<String, CounterTable>)
        Proxy.newProxyInstance(
            StoreLossTest.class.getClassLoader(),
            new Class<?>[] {IMap.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("submitToKey")
                  && matches.test((EntryProcessor<?, ?, ?>) arguments[1])) {
                EntryProcessor<String, CounterTable, ?> step =
                    (EntryProcessor<String, CounterTable, ?>) arguments[1];
                keptBack.add(() -> map.executeOnKey((String) arguments[0], step));
                return new CompletableFuture<>();
              }
              try {
                return method.invoke(map, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }
}
