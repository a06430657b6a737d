package dev.tallygate.hazelcast;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.CounterTable;
import dev.tallygate.counters.CounterTable.Charged;
import dev.tallygate.counters.CounterTable.Contents;
import dev.tallygate.counters.CounterTable.Remembered;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.Reservation.Hold;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.OnStoreLoss;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How the ledger's values and steps travel between members: as few bytes, and never by Java
 * serialisation. Every exact call pays for them three times, to its owner, to the backup and back;
 * Compact, in which all else of ours travels, would cost more than the step.
 *
 * <p>Members of two releases read each other while a cluster is rolled: so a type keeps its number
 * and its values their order, and a value that is added comes last, where an older reader does not
 * look; a newer one has to ask whether it is there. Any other change is another {@link
 * MemberPass#LEDGER_FORMAT}.
 */
final class LedgerSerializers {
  private static final OnStoreLoss[] ON_STORE_LOSS = OnStoreLoss.values();
  private static final CounterTable.State[] STATES = CounterTable.State.values();
  private static final StepKind[] STEPS = StepKind.values();
  private static final AnswerKind[] ANSWERS = AnswerKind.values();

  /** By their places, which never change. */
  private enum StepKind {
    RESERVE,
    SETTLE,
    SHRINK,
    CANCEL
  }

  /** By their places, which never change. */
  private enum AnswerKind {
    NO,
    YES,
    RESERVED,
    EXCEEDED,
    UNAVAILABLE,
    FAILED
  }

  private LedgerSerializers() {}

  static List<FlatSerializer<?>> all() {
    return List.of(
        new FlatSerializer<>(
            7001,
            StepGroup.class,
            (out, group) -> out.all(group.steps, step -> step(out, step)),
            in -> new StepGroup(in.all(() -> step(in)))),
        new FlatSerializer<>(
            7002,
            StepGroup.Answers.class,
            (out, answers) -> out.all(answers.each(), answer -> answer(out, answer)),
            in -> new StepGroup.Answers(in.all(() -> answer(in)))),
        new FlatSerializer<>(
            7008,
            UsageQuery.class,
            (out, query) -> out.key(query.key),
            in -> new UsageQuery(in.key())),
        new FlatSerializer<>(
            7009,
            CounterStore.Usage.class,
            (out, usage) -> {
              out.decimal(usage.used());
              out.number(usage.windowLeft().toMillis());
            },
            in -> new CounterStore.Usage(in.decimal(), Duration.ofMillis(in.number()))),
        new FlatSerializer<>(
            7010,
            ApplyChanges.class,
            (out, step) -> {
              out.number(step.ttlSeconds);
              contents(out, step.changes);
            },
            in -> {
              long ttlSeconds = in.number();
              return new ApplyChanges(contents(in), ttlSeconds);
            }),
        new FlatSerializer<>(
            7011,
            CounterTable.class,
            (out, table) -> contents(out, table.contents()),
            in -> new CounterTable(contents(in))),
        new FlatSerializer<>(
            7012, Birth.class, LedgerSerializers::birth, LedgerSerializers::birth));
  }

  private static void step(FlatWriter out, TableStep<?> step) {
    if (step instanceof TableStep.Reserve reserve) {
      out.choice(StepKind.RESERVE);
      out.text(reserve.id());
      out.all(reserve.claims(), claim -> claim(out, claim));
    } else if (step instanceof TableStep.Settle settle) {
      out.choice(StepKind.SETTLE);
      out.text(settle.id());
      out.all(settle.most(), hold -> hold(out, hold));
    } else if (step instanceof TableStep.Shrink shrink) {
      out.choice(StepKind.SHRINK);
      out.text(shrink.id());
      out.all(shrink.most(), hold -> hold(out, hold));
    } else if (step instanceof TableStep.Cancel cancel) {
      out.choice(StepKind.CANCEL);
      out.text(cancel.id());
    }
  }

  private static TableStep<?> step(FlatReader in) {
    return switch (in.choice(STEPS)) {
      case RESERVE -> new TableStep.Reserve(in.text(), in.all(() -> claim(in)));
      case SETTLE -> new TableStep.Settle(in.text(), in.all(() -> hold(in)));
      case SHRINK -> new TableStep.Shrink(in.text(), in.all(() -> hold(in)));
      case CANCEL -> new TableStep.Cancel(in.text());
    };
  }

  private static void answer(FlatWriter out, Object answer) {
    if (answer instanceof Boolean done) {
      out.choice(done ? AnswerKind.YES : AnswerKind.NO);
    } else if (answer instanceof Reserved reserved) {
      out.choice(AnswerKind.RESERVED);
      reserved(out, reserved);
    } else if (answer instanceof Exceeded exceeded) {
      out.choice(AnswerKind.EXCEEDED);
      exceeded(out, exceeded);
    } else if (answer instanceof Unavailable unavailable) {
      out.choice(AnswerKind.UNAVAILABLE);
      out.key(unavailable.key());
      out.text(unavailable.cause());
    } else {
      out.choice(AnswerKind.FAILED);
      out.text(((StepGroup.Failed) answer).cause());
    }
  }

  private static Object answer(FlatReader in) {
    return switch (in.choice(ANSWERS)) {
      case NO -> false;
      case YES -> true;
      case RESERVED -> reserved(in);
      case EXCEEDED -> exceeded(in);
      case UNAVAILABLE -> new Unavailable(in.key(), in.text());
      case FAILED -> new StepGroup.Failed(in.text());
    };
  }

  private static void claim(FlatWriter out, Claim claim) {
    out.key(claim.key());
    out.decimal(claim.amount());
    out.decimal(claim.wanted());
    out.decimal(claim.max());
    out.choice(claim.onStoreLoss());
  }

  private static Claim claim(FlatReader in) {
    return new Claim(in.key(), in.decimal(), in.decimal(), in.decimal(), in.choice(ON_STORE_LOSS));
  }

  private static void hold(FlatWriter out, Hold hold) {
    out.key(hold.key());
    out.decimal(hold.amount());
    out.number(hold.window());
  }

  private static Hold hold(FlatReader in) {
    return new Hold(in.key(), in.decimal(), in.number());
  }

  private static void reserved(FlatWriter out, Reserved reserved) {
    out.text(reserved.reservation().id());
    out.all(reserved.reservation().holds(), hold -> hold(out, hold));
    out.number(reserved.spendWithin().toMillis());
  }

  private static Reserved reserved(FlatReader in) {
    return new Reserved(
        new Reservation(in.text(), in.all(() -> hold(in))), Duration.ofMillis(in.number()));
  }

  private static void exceeded(FlatWriter out, Exceeded exceeded) {
    out.key(exceeded.key());
    out.decimal(exceeded.used());
    out.number(
        exceeded
            .retryAfter()
            .map(wait -> OptionalLong.of(wait.toMillis()))
            .orElse(OptionalLong.empty()));
  }

  private static Exceeded exceeded(FlatReader in) {
    CounterKey key = in.key();
    BigDecimal used = in.decimal();
    OptionalLong millis = in.optionalNumber();
    return new Exceeded(
        key,
        used,
        millis.isPresent() ? Optional.of(Duration.ofMillis(millis.getAsLong())) : Optional.empty());
  }

  private static void birth(FlatWriter out, Birth birth) {
    out.number(birth.at());
    out.number(birth.blindBefore());
    out.flag(birth.founded());
  }

  private static Birth birth(FlatReader in) {
    return new Birth(in.number(), in.optionalNumber(), in.flag());
  }

  private static void contents(FlatWriter out, Contents contents) {
    out.number(contents.latest());
    out.number(contents.change());
    out.number(contents.blindBefore());
    out.all(contents.charged().entrySet(), count -> count(out, count));
    out.all(contents.reservations(), one -> remembered(out, one));
  }

  private static Contents contents(FlatReader in) {
    return new Contents(
        in.number(), in.number(), in.optionalNumber(), counts(in), in.all(() -> remembered(in)));
  }

  private static void count(FlatWriter out, Map.Entry<CounterKey, List<Charged>> count) {
    out.key(count.getKey());
    out.all(
        count.getValue(),
        charged -> {
          out.number(charged.slot());
          out.decimal(charged.units());
        });
  }

  private static Map<CounterKey, List<Charged>> counts(FlatReader in) {
    Map<CounterKey, List<Charged>> counts = new HashMap<>();
    in.all(() -> counts.put(in.key(), in.all(() -> new Charged(in.number(), in.decimal()))));
    return counts;
  }

  private static void remembered(FlatWriter out, Remembered one) {
    out.text(one.id());
    out.choice(one.state());
    out.all(one.holds(), hold -> hold(out, hold));
    out.number(one.forgetAt());
  }

  private static Remembered remembered(FlatReader in) {
    return new Remembered(in.text(), in.choice(STATES), in.all(() -> hold(in)), in.number());
  }
}
