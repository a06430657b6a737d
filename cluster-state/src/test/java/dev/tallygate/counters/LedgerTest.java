package dev.tallygate.counters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tallygate.counters.LedgerResult.Held;
import dev.tallygate.counters.LedgerResult.Refused;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.Charge;
import dev.tallygate.policy.Denial;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Refund;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LedgerTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Subjects WITH_SESSION =
      new Subjects("alice", Optional.of("session-1"), "payments");
  private static final Subjects WITHOUT_SESSION =
      new Subjects("alice", Optional.empty(), "payments");

  private final ManualClock clock = new ManualClock(NOON);
  private final FlakyStore store = new FlakyStore(new InMemoryCounterStore(clock));
  private final Ledger ledger = new Ledger(store, 1, clock);

  // reserving

  @Test
  void callWithoutChargesAsksNoStore() {
    // When
    LedgerResult result = join(ledger.reserve(List.of(), WITH_SESSION));
    List<String> refunded = join(ledger.settle((Held) result, Outcome.NOT_RUN));

    // Then
    assertThat(result).isInstanceOf(Held.class);
    assertThat(refunded).isEmpty();
    assertThat(store.asked).isEmpty();
  }

  @Test
  void eachScopeCountsForItsOwnSubject() {
    // Given
    List<Charge> charges = new ArrayList<>();
    for (Scope scope : Scope.values()) {
      charges.add(charge("calls").scope(scope).build());
    }

    // When
    Held held = held(charges, WITH_SESSION);

    // Then
    assertThat(held.charges().keySet())
        .extracting(CounterKey::scope, CounterKey::subject)
        .containsExactlyInAnyOrder(
            tuple(Scope.GRANT, "alice"),
            tuple(Scope.SESSION, "session-1"),
            tuple(Scope.SERVER, "payments"),
            tuple(Scope.CLUSTER, ""));
  }

  @Test
  void sessionScopeCountsByGrantWhereThereIsNoSession() {
    // Given
    List<Charge> charges = List.of(charge("calls").scope(Scope.SESSION).max("1").build());
    held(charges, WITHOUT_SESSION);

    // When
    Refused refused = refused(charges, WITHOUT_SESSION);

    // Then
    assertThat(refused.denial().message())
        .isEqualTo("1 call a minute for this grant is used up; retry in 60 s");
    assertThat(join(ledger.reserve(charges, WITH_SESSION))).isInstanceOf(Held.class);
  }

  @Test
  void sessionLimitThatFallsBackOntoAGrantsLimitIsChargedOnceByTheStricter() {
    // Given
    Charge bySession =
        charge("calls").scope(Scope.SESSION).amount("2").max("5").rule("/session").build();
    Charge byGrant =
        charge("calls").amount("3").max("9").rule("/grant").refund(Refund.NEVER).build();

    // When
    Held held = held(List.of(byGrant, bySession), WITHOUT_SESSION);

    // Then
    assertThat(held.charges()).hasSize(1);
    Charge charged = held.charges().values().iterator().next();
    assertThat(charged.amount()).isEqualByComparingTo("3");
    assertThat(charged.max()).isEqualByComparingTo("5");
    assertThat(charged.rule()).isEqualTo("/session");
    assertThat(charged.refund()).isEqualTo(Refund.NEVER);
  }

  @Test
  void newSessionDoesNotFreeAGrantFromItsLimits() {
    // Given
    List<Charge> charges = List.of(charge("calls").max("1").build());
    held(charges, WITH_SESSION);

    // When // Then
    refused(charges, new Subjects("alice", Optional.of("session-2"), "payments"));
  }

  @Test
  void refusalNamesTheRuleTheCounterAndTheWait() {
    // Given
    List<Charge> charges = List.of(charge("rate").max("10").rule("/tools/pay/limits/0").build());
    for (int i = 0; i < 10; i++) {
      held(charges, WITH_SESSION);
    }
    clock.advance(Duration.ofMillis(37_001));

    // When
    Refused refused = refused(charges, WITH_SESSION);

    // Then
    assertThat(refused.denial())
        .isEqualTo(
            new Denial(
                Denial.Reason.LIMIT,
                "/tools/pay/limits/0",
                Optional.of("rate"),
                "10 calls a minute for this grant are used up; retry in 23 s"));
    assertThat(refused.retryAfter()).contains(Duration.ofMillis(22_999));
    assertThat(refused.charge()).isEqualTo(charges.get(0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GRANT   | 1     | 10    | 1     | 10 calls a second for this grant are used up; retry in 1 s",
        "SESSION | 1     | 1     | 60    | 1 call a minute for this session is used up; retry in 60 s",
        "SERVER  | 2.50  | 10.00 | 3600  | 10 units an hour for this server are used up; retry in 3600 s",
        "CLUSTER | 1.0   | 1E+2  | 86400 | 100 calls a day for the whole cluster are used up; retry in 43200 s",
        "GRANT   | 0.005 | 0.01  | 45    | 0.01 units in 45 s for this grant are used up; retry in 45 s",
      })
  void messageSaysWhatIsUsedUpInWords(
      Scope scope, String amount, String max, long window, String message) {
    // Given
    Charge charge = charge("c").scope(scope).amount(amount).max(max).window(window).build();
    LedgerResult result = join(ledger.reserve(List.of(charge), WITH_SESSION));
    while (result instanceof Held) {
      result = join(ledger.reserve(List.of(charge), WITH_SESSION));
    }

    // Then
    assertThat(((Refused) result).denial().message()).isEqualTo(message);
  }

  @Test
  void authorsWordsAreUsedAsTheyStand() {
    // Given
    Charge charge = charge("c").max("0").onDeny("Ask Bob.").build();

    // When
    Refused refused = refused(List.of(charge), WITH_SESSION);

    // Then
    assertThat(refused.denial().message()).isEqualTo("Ask Bob.");
    assertThat(refused.denial().reason()).isEqualTo(Denial.Reason.LIMIT);
  }

  @Test
  void callThatCostsMoreThanTheLimitIsToldSoAndNotToRetry() {
    // Given
    Charge charge = charge("spend").amount("12.5").max("10").build();

    // When
    Refused refused = refused(List.of(charge), WITH_SESSION);

    // Then
    assertThat(refused.retryAfter()).isEmpty();
    assertThat(refused.denial().message())
        .isEqualTo(
            "this call costs 12.5 units, more than the limit of 10 units a minute for this grant"
                + " ever allows");
  }

  // settling

  @ParameterizedTest
  @CsvSource({
    "NEVER,   NOT_RUN, false",
    "NEVER,   ERROR,   false",
    "NOT_RUN, NOT_RUN, true",
    "NOT_RUN, ERROR,   false",
    "NOT_RUN, OK,      false",
    "NOT_RUN, UNKNOWN, false",
    "ERROR,   NOT_RUN, true",
    "ERROR,   ERROR,   true",
    "ERROR,   OK,      false",
    "ERROR,   UNKNOWN, false",
  })
  void eachLimitsRefundDecidesByWhatBecameOfTheCall(
      Refund refund, Outcome outcome, boolean givenBack) {
    // Given
    List<Charge> charges = List.of(charge("c").max("1").refund(refund).build());
    Held held = held(charges, WITH_SESSION);

    // When
    List<String> refunded = join(ledger.settle(held, outcome));

    // Then
    assertThat(refunded).isEqualTo(givenBack ? List.of("c") : List.of());
    assertThat(join(ledger.reserve(charges, WITH_SESSION)) instanceof Held).isEqualTo(givenBack);
  }

  @Test
  void secondSettlingGivesNothingBack() {
    // Given
    Held held = held(List.of(charge("b").build(), charge("a").build()), WITH_SESSION);

    // When
    List<String> first = join(ledger.settle(held, Outcome.NOT_RUN));
    List<String> second = join(ledger.settle(held, Outcome.NOT_RUN));

    // Then
    assertThat(first).containsExactly("a", "b");
    assertThat(second).isEmpty();
  }

  // the store away

  @Test
  void limitThatDeniesWithoutTheStoreStopsTheCall() {
    // Given
    store.lost = key -> true;
    Charge charge =
        charge("c").onStoreLoss(OnStoreLoss.DENY).onDeny("You made too many calls.").build();

    // When
    Refused refused = refused(List.of(charge), WITH_SESSION);

    // Then
    assertThat(refused.denial().reason()).isEqualTo(Denial.Reason.STORE_LOSS);
    assertThat(refused.denial().message())
        .isEqualTo(
            "the count of limit \"c\" cannot be had at the moment, and the limit stops calls"
                + " without it; try again shortly");
    assertThat(refused.cause()).contains("lost");
    assertThat(refused.retryAfter()).isEmpty();
  }

  @Test
  void limitThatAllowsWithoutTheStoreLetsTheCallThroughUncounted() {
    // Given
    store.lost = key -> true;
    Charge charge = charge("c").max("0").onStoreLoss(OnStoreLoss.ALLOW).build();

    // When
    Held held = held(List.of(charge), WITH_SESSION);

    // Then
    assertThat(held.uncounted()).containsExactly("c");
    assertThat(join(ledger.settle(held, Outcome.NOT_RUN))).isEmpty();
  }

  @Test
  void limitThatDegradesCountsThisNodesShareAlone() {
    // Given
    Ledger oneOfThree = new Ledger(store, 3, clock);
    store.lost = key -> true;
    List<Charge> charges = List.of(charge("c").max("10").onStoreLoss(OnStoreLoss.DEGRADE).build());

    // When
    List<LedgerResult> results = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      results.add(join(oneOfThree.reserve(charges, WITH_SESSION)));
    }

    // Then
    assertThat(results.subList(0, 3)).allMatch(Held.class::isInstance);
    assertThat(results.get(3))
        .isInstanceOfSatisfying(
            Refused.class,
            refused -> assertThat(refused.retryAfter()).contains(Duration.ofMinutes(1)));
    assertThat(join(oneOfThree.settle((Held) results.get(0), Outcome.NOT_RUN)))
        .containsExactly("c");
    assertThat(join(oneOfThree.reserve(charges, WITH_SESSION))).isInstanceOf(Held.class);
  }

  @Test
  void callThatCostsMoreThanANodesShareIsToldToTryAgain() {
    // Given
    Ledger oneOfThree = new Ledger(store, 3, clock);
    store.lost = key -> true;
    Charge charge = charge("c").amount("5").max("10").onStoreLoss(OnStoreLoss.DEGRADE).build();

    // When
    Refused refused = (Refused) join(oneOfThree.reserve(List.of(charge), WITH_SESSION));

    // Then
    assertThat(refused.denial().reason()).isEqualTo(Denial.Reason.STORE_LOSS);
    assertThat(refused.denial().message()).contains("try again");
  }

  @Test
  void limitsThatFallBackDoNotKeepAStrictOneFromBeingCounted() {
    // Given
    store.lost = key -> key.counter().equals("lenient");
    Charge strict = charge("strict").max("1").build();
    Charge lenient = charge("lenient").onStoreLoss(OnStoreLoss.ALLOW).build();

    // When
    Held held = held(List.of(lenient, strict), WITH_SESSION);
    Refused refused = refused(List.of(lenient, strict), WITH_SESSION);

    // Then
    assertThat(held.uncounted()).containsExactly("lenient");
    assertThat(refused.charge()).isEqualTo(strict);
    assertThat(refused.denial().reason()).isEqualTo(Denial.Reason.LIMIT);
  }

  @Test
  void refusalByANodesShareGivesBackWhatTheStoreHeld() {
    // Given
    store.lost = key -> key.counter().equals("degrading");
    Charge strict = charge("strict").max("2").build();
    Charge degrading = charge("degrading").max("1").onStoreLoss(OnStoreLoss.DEGRADE).build();
    held(List.of(strict, degrading), WITH_SESSION);

    // When
    Refused refused = refused(List.of(strict, degrading), WITH_SESSION);

    // Then
    assertThat(refused.charge()).isEqualTo(degrading);
    held(List.of(strict), WITH_SESSION);
    refused(List.of(strict), WITH_SESSION);
  }

  @Test
  void everyReservationTakesAnIdOfItsOwn() {
    // Given
    List<Charge> charges = List.of(charge("c").max("100").build());

    // When
    for (int i = 0; i < 5; i++) {
      held(charges, WITH_SESSION);
      join(new Ledger(store, 1, clock).reserve(charges, WITH_SESSION));
    }

    // Then
    assertThat(new HashSet<>(store.asked)).hasSize(10);
  }

  @Test
  void noNodesAreRefusedAsAMistake() {
    assertThatThrownBy(() -> new Ledger(store, 0, clock))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private Held held(List<Charge> charges, Subjects subjects) {
    LedgerResult result = join(ledger.reserve(charges, subjects));
    assertThat(result).isInstanceOf(Held.class);
    return (Held) result;
  }

  private Refused refused(List<Charge> charges, Subjects subjects) {
    LedgerResult result = join(ledger.reserve(charges, subjects));
    assertThat(result).isInstanceOf(Refused.class);
    return (Refused) result;
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  private static ChargeBuilder charge(String counter) {
    return new ChargeBuilder(counter);
  }

  private static final class ChargeBuilder {
    private final String counter;
    private Scope scope = Scope.GRANT;
    private String amount = "1";
    private String max = "10";
    private long window = 60;
    private Refund refund = Refund.NOT_RUN;
    private OnStoreLoss onStoreLoss = OnStoreLoss.DENY;
    private String rule = "/all_tools/limits/0";
    private String onDeny;

    ChargeBuilder(String counter) {
      this.counter = counter;
    }

    ChargeBuilder scope(Scope value) {
      scope = value;
      return this;
    }

    ChargeBuilder amount(String value) {
      amount = value;
      return this;
    }

    ChargeBuilder max(String value) {
      max = value;
      return this;
    }

    ChargeBuilder window(long seconds) {
      window = seconds;
      return this;
    }

    ChargeBuilder refund(Refund value) {
      refund = value;
      return this;
    }

    ChargeBuilder onStoreLoss(OnStoreLoss value) {
      onStoreLoss = value;
      return this;
    }

    ChargeBuilder rule(String value) {
      rule = value;
      return this;
    }

    ChargeBuilder onDeny(String value) {
      onDeny = value;
      return this;
    }

    Charge build() {
      return new Charge(
          scope,
          counter,
          window,
          Algorithm.FIXED,
          new BigDecimal(amount),
          new BigDecimal(max),
          refund,
          onStoreLoss,
          rule,
          Optional.ofNullable(onDeny));
    }
  }

  /** A store that cannot have some of its counters. */
  private static final class FlakyStore extends ForwardingCounterStore {
    private final List<String> asked = new ArrayList<>();
    private Predicate<CounterKey> lost = key -> false;

    FlakyStore(CounterStore counts) {
      super(counts);
    }

    @Override
    public CompletionStage<ReserveResult> reserve(String reservationId, List<Claim> claims) {
      asked.add(reservationId);
      for (Claim claim : claims) {
        if (lost.test(claim.key())) {
          return CompletableFuture.completedFuture(
              new ReserveResult.Unavailable(claim.key(), "lost"));
        }
      }
      return super.reserve(reservationId, claims);
    }
  }
}
