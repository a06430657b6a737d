package dev.tallygate.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.registry.MajorityRegister.Done;
import dev.tallygate.registry.MajorityRegister.Empty;
import dev.tallygate.registry.MajorityRegister.Outcome;
import dev.tallygate.registry.MajorityRegister.Reading;
import dev.tallygate.registry.MajorityRegister.Refused;
import dev.tallygate.registry.MajorityRegister.Settled;
import dev.tallygate.registry.MajorityRegister.Unreachable;
import dev.tallygate.registry.MajorityRegister.Unsettled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class MajorityRegisterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration BRIEFLY = Duration.ofMillis(50);

  private final TestKeepers keepers = new TestKeepers(3);
  private final MajorityRegister register = registerOf(keepers);

  private static MajorityRegister registerOf(Keepers keepers) {
    return new MajorityRegister(keepers, UUID.randomUUID().toString());
  }

  private static Outcome publish(
      MajorityRegister register, long expected, String document, Duration patience)
      throws InterruptedException {
    return register.change(
        current ->
            current.map(Edition::revision).orElse(0L) == expected
                ? Optional.of(new Edition(expected + 1, document))
                : Optional.empty(),
        patience);
  }

  private void published(long revision) throws InterruptedException {
    assertThat(publish(register, revision - 1, "v" + revision, PATIENCE)).isInstanceOf(Done.class);
  }

  private Reading read() throws InterruptedException {
    return register.read(Optional.empty(), BRIEFLY);
  }

  private static long revisionOf(Reading reading) {
    return ((Settled) reading).vote().edition().revision();
  }

  @Test
  void firstPublicationNeedsEveryDataMember() throws InterruptedException {
    // Given
    keepers.cutOff(2);

    // When
    Outcome refused = publish(register, 0, "v1", BRIEFLY);
    keepers.cutOff();
    Reading before = read();
    Outcome done = publish(register, 0, "v1", PATIENCE);

    // Then
    assertThat(refused)
        .isInstanceOfSatisfying(
            Unreachable.class,
            lost -> {
              assertThat(lost.maybeDone()).isFalse();
              assertThat(lost.reason())
                  .isEqualTo(
                      "2 of 3 data members answered, 2 of them with an empty disk, which counts"
                          + " only if all answer; 2 are needed");
            });
    assertThat(before).isEqualTo(new Empty());
    assertThat(done).isInstanceOf(Done.class);
    assertThat(revisionOf(read())).isEqualTo(1);
  }

  @Test
  void publicationNeedsAMajorityAndNoMore() throws InterruptedException {
    // Given
    published(1);

    // When
    keepers.cutOff(0);
    Outcome byMajority = publish(register, 1, "v2", PATIENCE);
    keepers.cutOff(0, 1);
    Outcome byMinority = publish(register, 2, "v3", BRIEFLY);
    Reading ofMinority = read();

    // Then
    assertThat(byMajority).isInstanceOf(Done.class);
    assertThat(byMinority).isInstanceOf(Unreachable.class);
    assertThat(ofMinority).isInstanceOf(Unreachable.class);
  }

  @Test
  void publicationOverSomethingNewerIsRefused() throws InterruptedException {
    // Given
    published(1);
    published(2);

    // When
    Outcome outdated = publish(register, 1, "other", PATIENCE);

    // Then
    assertThat(outdated).isEqualTo(new Refused(Optional.of(new Edition(2, "v2"))));
  }

  @Test
  void memberThatMissedAPublicationDoesNotBringBackTheOlderOne() throws InterruptedException {
    // Given one that has the older, and all restarted
    published(1);
    keepers.cutOff(2);
    published(2);
    for (int i = 0; i < 3; i++) {
      keepers.restart(i);
    }

    // When it is in the majority that can be asked
    keepers.cutOff(0);
    Reading first = read();
    Outcome repair = register.change(current -> current, PATIENCE);

    // Then
    assertThat(first).isInstanceOf(Unsettled.class);
    assertThat(repair)
        .isInstanceOfSatisfying(
            Done.class, done -> assertThat(done.vote().edition().revision()).isEqualTo(2));
    assertThat(revisionOf(read())).isEqualTo(2);
  }

  @Test
  void memberThatLostItsDiskDoesNotCountUntilItKeepsSomethingAgain() throws InterruptedException {
    // Given revision 2 on members 0 and 1 only, and then on 0 only
    published(1);
    keepers.cutOff(2);
    published(2);
    keepers.restartWithoutDisk(1);

    // When member 0 cannot be reached
    keepers.cutOff(0);
    Reading without = read();
    Outcome change = publish(register, 1, "forged", BRIEFLY);
    keepers.cutOff();
    Outcome repair = register.change(current -> current, PATIENCE);
    keepers.cutOff(0);
    Reading after = read();

    // Then
    assertThat(without).isInstanceOf(Unreachable.class);
    assertThat(change).isInstanceOf(Unreachable.class);
    assertThat(repair).isInstanceOf(Done.class);
    assertThat(revisionOf(after)).isEqualTo(2);
  }

  @Test
  void changeThatWasLeftHalfDoneIsSettledOneWayForAll() throws InterruptedException {
    // Given an attempt that reached one member
    published(1);
    Ballot ballot = new Ballot(1_000, "gone");
    keepers.present().forEach(each -> each.prepare(ballot));
    keepers.present().get(0).accept(ballot, new Edition(2, "half"));

    // When
    Reading before = read();
    Outcome repair = register.change(current -> current, PATIENCE);

    // Then
    assertThat(before).isInstanceOf(Unsettled.class);
    assertThat(repair).isInstanceOf(Done.class);
    Reading after = read();
    assertThat(after).isInstanceOf(Settled.class);
    keepers.cutOff(1);
    assertThat(revisionOf(read())).isEqualTo(revisionOf(after));
  }

  /** Otherwise a change of less than all that was done is undone by what was begun before it. */
  @Test
  void promiseOutlivesARestart() throws InterruptedException {
    // Given an attempt that two of three have promised something, of which one restarts
    published(1);
    Ballot begun = new Ballot(1_000, "b");
    keepers.present().subList(0, 2).forEach(each -> each.prepare(begun));
    keepers.restart(0);

    // When an earlier one comes to that one and to the third
    Ballot earlier = new Ballot(1_000, "a");
    Held restarted = keepers.present().get(0).prepare(earlier).toCompletableFuture().join();
    Held third = keepers.present().get(2).prepare(earlier).toCompletableFuture().join();

    // Then
    assertThat(restarted.agreed()).isFalse();
    assertThat(restarted.promised()).isEqualTo(begun);
    assertThat(third.agreed()).isTrue();
  }

  @Test
  void keeperThatLostItsPromisesWithItsDiskTakesThemFromTheOthers() throws Exception {
    // Given
    published(1);
    Ballot begun = new Ballot(1_000, "b");
    keepers.present().subList(0, 2).forEach(each -> each.prepare(begun));
    keepers.restartWithoutDisk(0);

    // When
    Settled settled = (Settled) read();
    Keeper robbed = new Keeper(keepers.disk(0));
    robbed.keep(settled.vote(), settled.promised());

    // Then
    assertThat(robbed.prepare(new Ballot(1_000, "a")).agreed()).isFalse();
  }

  @Test
  void knownEditionIsNotSentAgain() throws InterruptedException {
    // Given
    published(1);
    Settled first = (Settled) read();

    // When
    Held held = keepers.present().get(0).look(first.vote().ballot()).toCompletableFuture().join();
    Reading again = register.read(Optional.of(first.vote()), PATIENCE);

    // Then
    assertThat(held.edition()).isEmpty();
    assertThat(again).isEqualTo(first);
  }

  @Test
  void lossRestartsAndLostDisksNeverBringBackWhatWasBefore() throws Exception {
    // Given
    TestKeepers five = new TestKeepers(5);
    published(registerOf(five));
    five.lose(0.15);
    AtomicLong newest = new AtomicLong(1);
    Map<Long, String> settled = new ConcurrentHashMap<>();
    AtomicBoolean over = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(4);

    // When three publish while disks are lost one at a time, and members restart at any time
    List<Future<Void>> publishers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      publishers.add(threads.submit(publisher(registerOf(five), newest, settled)));
    }
    Future<Integer> chaos = threads.submit(chaos(five, over));
    for (Future<Void> each : publishers) {
      each.get(120, TimeUnit.SECONDS);
    }
    over.set(true);

    // Then
    assertThat(chaos.get(60, TimeUnit.SECONDS)).isPositive();
    five.lose(0);
    assertThat(registerOf(five).change(current -> current, PATIENCE))
        .isInstanceOfSatisfying(
            Done.class,
            last ->
                assertThat(last.vote().edition().revision()).isGreaterThanOrEqualTo(newest.get()));
    assertThat(settled).hasSizeGreaterThan(10);
    threads.shutdownNow();
  }

  private static void published(MajorityRegister register) throws InterruptedException {
    assertThat(publish(register, 0, "first", PATIENCE)).isInstanceOf(Done.class);
  }

  private static Callable<Void> publisher(
      MajorityRegister register, AtomicLong newest, Map<Long, String> settled) {
    return () -> {
      for (int i = 0; i < 60; i++) {
        long floor = newest.get();
        String document = UUID.randomUUID().toString();
        Outcome outcome =
            register.change(
                current ->
                    Optional.of(
                        current
                            .filter(edition -> edition.document().equals(document))
                            .orElseGet(() -> new Edition(current.get().revision() + 1, document))),
                Duration.ofMillis(400));
        if (outcome instanceof Done done) {
          Edition edition = done.vote().edition();
          assertThat(edition.revision()).isGreaterThan(floor);
          assertThat(settled.put(edition.revision(), document)).isNull();
          newest.accumulateAndGet(edition.revision(), Math::max);
        }
        long before = newest.get();
        if (register.read(Optional.empty(), BRIEFLY) instanceof Settled found) {
          assertThat(found.vote().edition().revision()).isGreaterThanOrEqualTo(before);
        }
      }
      return null;
    };
  }

  private static Callable<Integer> chaos(TestKeepers keepers, AtomicBoolean over) {
    return () -> {
      int lostDisks = 0;
      int robbed = 0;
      while (!over.get()) {
        int member = ThreadLocalRandom.current().nextInt(5);
        if (keepers.isBlank(robbed)) {
          keepers.restart(robbed == member ? (member + 1) % 5 : member);
        } else {
          robbed = member;
          keepers.restartWithoutDisk(member);
          lostDisks++;
        }
        LockSupport.parkNanos(3_000_000);
      }
      return lostDisks;
    };
  }
}
