package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterTable.Charged;
import dev.tallygate.counters.CounterTable.Contents;
import dev.tallygate.counters.CounterTable.Remembered;
import dev.tallygate.counters.CounterTable.State;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.Reservation.Hold;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** How the ledger's steps travel. */
class LedgerSerializersTest {
  private static final CounterKey CALLS =
      new CounterKey(Scope.GRANT, "agent", "calls", 60, Algorithm.FIXED);
  private static final CounterKey USD =
      new CounterKey(Scope.GRANT, "agent", "usd", 86_400, Algorithm.SLIDING);
  private static final TableStep<?> STEP =
      new TableStep.Reserve(
          "r-1",
          List.of(
              new Claim(CALLS, BigDecimal.ONE, BigDecimal.TEN, OnStoreLoss.DENY),
              new Claim(USD, new BigDecimal("0.005"), new BigDecimal("5"), OnStoreLoss.ALLOW)));

  @Property(tries = 200)
  void changesArriveAsTheyWereSent(@ForAll("contents") Contents changes) {
    // Given
    ApplyChanges sent = new ApplyChanges(changes, 3_600);

    // When
    ApplyChanges arrived = read(ApplyChanges.class, write(ApplyChanges.class, sent));

    // Then
    assertThat(arrived.changes).isEqualTo(changes);
    assertThat(arrived.ttlSeconds).isEqualTo(3_600);
  }

  /** Another outcome is another format, which members of the release before do not read. */
  @Example
  void stepIsWrittenInTheBytesOfThisFormat() {
    // Given
    String bytes =
        "02" // one step
            + "00" // that reserves
            + "06722d31" // the id
            + "04" // two claims
            + "00000a6167656e74000a63616c6c737800" // a key with its subject
            + "020200"
            + "020200"
            + "021400"
            + "00"
            + "0202"
            + "00"
            + "0675736480c60a02" // one of the same subject
            + "020a06"
            + "020a06"
            + "020a00"
            + "04";

    // When
    byte[] written = write(StepGroup.class, new StepGroup(List.of(STEP)));

    // Then
    assertThat(MemberPass.LEDGER_FORMAT).isEqualTo(5);
    assertThat(HexFormat.of().formatHex(written)).isEqualTo(bytes);
  }

  @Example
  void whatALaterReleaseAddsIsLeftUnread() {
    // Given
    byte[] bytes = write(StepGroup.class, new StepGroup(List.of(STEP)));
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 5);

    // When
    StepGroup read = read(StepGroup.class, longer);

    // Then
    assertThat(read.steps).containsExactly(STEP);
  }

  @Example
  void everyKindOfStepAndOfAnswerArrivesAsItWasSent() {
    // Given
    Hold hold = new Hold(USD, new BigDecimal("0.005"), 7);
    List<TableStep<?>> steps =
        List.of(
            STEP,
            new TableStep.Reserve("r-2", List.of()),
            new TableStep.Settle("r-1", List.of(hold)),
            new TableStep.Shrink("r-1", List.of(hold)),
            new TableStep.Cancel("r-1"));
    List<Object> answers =
        Arrays.asList(
            false,
            true,
            new Reserved(new Reservation("r-1", List.of(hold)), Duration.ofMillis(5)),
            new Exceeded(CALLS, BigDecimal.TEN, Optional.of(Duration.ofMillis(9))),
            new Exceeded(CALLS, BigDecimal.TEN, Optional.empty()),
            new Unavailable(CALLS, "lost"),
            new StepGroup.Failed("wrong"));

    // When
    StepGroup group = read(StepGroup.class, write(StepGroup.class, new StepGroup(steps)));
    StepGroup.Answers answered =
        read(
            StepGroup.Answers.class,
            write(StepGroup.Answers.class, new StepGroup.Answers(answers)));

    // Then
    assertThat(group.steps).isEqualTo(steps);
    assertThat(answered.each()).isEqualTo(answers);
  }

  private static <T> byte[] write(Class<T> type, T value) {
    return serializer(type).write(value);
  }

  private static <T> T read(Class<T> type, byte[] bytes) {
    return serializer(type).read(bytes);
  }

  @SuppressWarnings("unchecked") // found by its type
  private static <T> FlatSerializer<T> serializer(Class<T> type) {
    return (FlatSerializer<T>)
        LedgerSerializers.all().stream()
            .filter(each -> each.type() == type)
            .findFirst()
            .orElseThrow();
  }

  @Provide
  static Arbitrary<Contents> contents() {
    Arbitrary<CounterKey> keys =
        Combinators.combine(
                Arbitraries.of(Scope.class),
                Arbitraries.strings().ofMaxLength(20),
                Arbitraries.strings().ofMaxLength(200),
                Arbitraries.longs().between(1, CounterKey.LONGEST_WINDOW_SECONDS),
                Arbitraries.of(Algorithm.class))
            .as(CounterKey::new);
    Arbitrary<BigDecimal> units =
        Combinators.combine(Arbitraries.bigIntegers(), Arbitraries.integers().between(-128, 128))
            .as(BigDecimal::new);
    Arbitrary<List<Charged>> slots =
        Combinators.combine(Arbitraries.longs(), units)
            .as(Charged::new)
            .list()
            .ofMinSize(1)
            .ofMaxSize(5);
    Arbitrary<List<Hold>> holds =
        Combinators.combine(keys, units, Arbitraries.longs()).as(Hold::new).list().ofMaxSize(3);
    Arbitrary<Remembered> reservations =
        Combinators.combine(
                Arbitraries.strings().ofMaxLength(20),
                Arbitraries.of(State.class),
                holds,
                Arbitraries.longs())
            .as(Remembered::new);
    return Combinators.combine(
            Arbitraries.longs(),
            Arbitraries.longs(),
            Arbitraries.longs().injectNull(0.5),
            Arbitraries.maps(keys, slots).ofMaxSize(5),
            reservations.list().ofMaxSize(5))
        .as(
            (latest, change, blind, charged, remembered) ->
                new Contents(
                    latest,
                    change,
                    blind == null ? OptionalLong.empty() : OptionalLong.of(blind),
                    charged,
                    remembered));
  }
}
