package dev.tallygate.node.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.tallygate.node.audit.AuditRecord.PinState;
import dev.tallygate.node.upstream.Inventory;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.DefinitionChange;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import dev.tallygate.registry.Trust;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerPinningTest {
  private static final PinKey TOOL = PinKey.tool("a");
  private static final Definition ONE = Definition.of(TextNode.valueOf("one"));
  private static final Definition TWO = Definition.of(TextNode.valueOf("two"));
  private static final Definition THREE = Definition.of(TextNode.valueOf("three"));
  private static final ServerPins PINNED = pins(ONE);

  private final AtomicLong nanos = new AtomicLong();
  private final List<PinState> happened = new ArrayList<>();
  private final List<List<Definition>> kept = new ArrayList<>();
  private final ServerPinning pinning = newPinning();

  private ServerPinning newPinning() {
    return new ServerPinning(
        new ServerPinning.Journal() {
          @Override
          public void happened(
              PinState state,
              PinKey key,
              Optional<Definition> approved,
              Definition seen,
              List<DefinitionChange> changes) {
            happened.add(state);
          }

          @Override
          public void keep(Map<PinKey, List<Definition>> definitions) {
            kept.addAll(definitions.values());
          }
        },
        nanos::get);
  }

  private static ServerPins pins(Definition... definitions) {
    return ServerPins.of(Map.of(TOOL, List.of(definitions)));
  }

  private boolean passes(ServerPins pinned, Definition seen) {
    return pinning.passes(Trust.FIRST_USE, pinned, TOOL, seen);
  }

  private Optional<PinState> held(ServerPins pinned) {
    return pinning.held(Trust.FIRST_USE, pinned, TOOL).map(ServerPinning.Held::state);
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void whatIsSeenFirstIsPinnedAndKept() {
    assertThat(passes(ServerPins.NONE, ONE)).isTrue();
    assertThat(held(ServerPins.NONE)).isEmpty();
    assertThat(passes(ServerPins.NONE, TWO)).isFalse();
    assertThat(held(ServerPins.NONE)).contains(PinState.CHANGED);
    assertThat(happened).containsExactly(PinState.FIRST_USE, PinState.CHANGED);
    assertThat(kept).containsExactly(List.of(ONE));
  }

  @Test
  void aServerCannotHaveMorePinnedThanTheNodeCanBear() {
    // Given
    Definition large = Definition.of(TextNode.valueOf("x".repeat(Inventory.MAX_BYTES)));
    for (int i = 0; i < Inventory.MAX_DEFINITIONS; i++) {
      assertThat(passes(PinKey.tool("tool-" + i), ONE)).isTrue();
    }

    // When
    boolean oneMore = passes(TOOL, ONE);

    // Then
    assertThat(oneMore).isFalse();
    assertThat(held(ServerPins.NONE)).contains(PinState.NEW);
    assertThat(kept).hasSize(Inventory.MAX_DEFINITIONS);
    assertThat(newPinning().passes(Trust.FIRST_USE, ServerPins.NONE, TOOL, large)).isFalse();
  }

  private boolean passes(PinKey key, Definition seen) {
    return pinning.passes(Trust.FIRST_USE, ServerPins.NONE, key, seen);
  }

  @Test
  void whatIsPinnedIsTheMeasureNotWhatWasSeenFirst() {
    assertThat(passes(PINNED, TWO)).isFalse();
    assertThat(kept).isEmpty();
  }

  @Test
  void aDifferenceIsToldOnceHoweverOftenItIsSeen() {
    for (int i = 0; i < 10; i++) {
      passes(PINNED, TWO);
    }
    assertThat(happened).containsExactly(PinState.CHANGED);
    passes(PINNED, THREE);
    assertThat(happened).containsExactly(PinState.CHANGED, PinState.CHANGED);
  }

  @Test
  void toolIsHeldForAWhileAfterTheServerTookTheChangeBack() {
    // Given
    passes(PINNED, TWO);

    // When
    passes(PINNED, ONE);
    pass(ServerPinning.MEMORY);

    // Then
    assertThat(held(PINNED)).contains(PinState.CHANGED);
    pass(Duration.ofSeconds(1));
    assertThat(held(PINNED)).isEmpty();
    assertThat(pinning.heldBack()).isZero();
  }

  @Test
  void eachSightLengthensTheTime() {
    passes(PINNED, TWO);
    pass(Duration.ofMinutes(9));
    passes(PINNED, TWO);
    pass(Duration.ofMinutes(9));
    assertThat(held(PINNED)).contains(PinState.CHANGED);
  }

  @Test
  void acceptedChangeIsFreeAtOnce() {
    passes(PINNED, TWO);
    assertThat(held(pins(TWO))).isEmpty();
    assertThat(passes(pins(TWO), TWO)).isTrue();
    assertThat(passes(pins(TWO), ONE)).isFalse();
  }

  @Test
  void oneTurnBackIsAChangeAndTwoAreADisagreement() {
    passes(PINNED, TWO);
    passes(PINNED, ONE);
    assertThat(held(PINNED)).contains(PinState.CHANGED);
    passes(PINNED, TWO);
    assertThat(held(PINNED)).contains(PinState.DISAGREEING);
    passes(PINNED, ONE);
    passes(PINNED, TWO);
    assertThat(happened).containsExactly(PinState.CHANGED, PinState.DISAGREEING);
  }

  @Test
  void serverOfAnyTrustIsNotHeldToAnything() {
    assertThat(pinning.passes(Trust.ANY, PINNED, TOOL, TWO)).isTrue();
    assertThat(pinning.held(Trust.ANY, PINNED, TOOL)).isEmpty();
    assertThat(happened).isEmpty();
  }

  @Test
  void unapprovedToolOfAPinnedServerIsHeldAndToldOnce() {
    for (int i = 0; i < 3; i++) {
      assertThat(pinning.passes(Trust.PINNED, ServerPins.NONE, TOOL, ONE)).isFalse();
    }
    assertThat(pinning.held(Trust.PINNED, ServerPins.NONE, TOOL).orElseThrow().state())
        .isEqualTo(PinState.NEW);
    assertThat(happened).containsExactly(PinState.NEW);
  }

  @Test
  void whoLooksWithAnOlderSnapshotPinsNothingAnew() {
    // Given
    passes(ServerPins.NONE, ONE);
    assertThat(passes(PINNED, ONE)).isTrue();

    // When
    boolean changed = passes(ServerPins.NONE, TWO);

    // Then
    assertThat(changed).isFalse();
    assertThat(kept).containsExactly(List.of(ONE));
  }

  @Test
  void whatIsInTheLockFileByNowIsNotRememberedBesides() {
    // Given
    passes(ServerPins.NONE, ONE);
    assertThat(passes(PINNED, ONE)).isTrue();

    // When: somebody accepts another, by hand
    boolean other = passes(pins(TWO), TWO);

    // Then
    assertThat(other).isTrue();
    assertThat(passes(pins(TWO), ONE)).isFalse();
  }

  @Test
  void acceptedChangeOfOneVersionIsInForceAndTheOldOneIsNot() {
    // Given: worded otherwise in two versions, and written
    pinning.take(ServerPins.NONE, pins(ONE, TWO));
    pinning.written(pins(ONE, TWO));

    // When: one of them is accepted anew
    ServerPins accepted = pins(ONE, THREE);

    // Then
    assertThat(passes(accepted, THREE)).isTrue();
    assertThat(passes(accepted, ONE)).isTrue();
    assertThat(passes(accepted, TWO)).isFalse();
  }

  @Test
  void serverThatIsToBePinnedFromNowOnIsHeldToTheLockFileAlone() {
    // Given: seen first, and never written or taken out of the lock file
    passes(ServerPins.NONE, ONE);

    // When // Then
    assertThat(pinning.passes(Trust.PINNED, ServerPins.NONE, TOOL, ONE)).isFalse();
    assertThat(pinning.held(Trust.PINNED, ServerPins.NONE, TOOL).orElseThrow().state())
        .isEqualTo(PinState.NEW);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"name\":\"a\",\"name\":\"a\"}",
        "{\"n\":9007199254740993}",
        "{\"x\":\"\\ud800\"}"
      })
  void definitionThatParsersReadDifferentlyDoesNotPass(String item) {
    byte[] bytes = item.getBytes(StandardCharsets.UTF_8);
    assertThat(pinning.passes(Trust.FIRST_USE, ServerPins.NONE, TOOL, bytes)).isFalse();
    assertThat(held(ServerPins.NONE)).contains(PinState.NEW);
  }

  @Test
  void inventoryIsWantedBeforeTheFirstClientAndWhenSomethingNewCame() {
    // Given
    assertThat(pinning.wantsInventory(Trust.FIRST_USE, ServerPins.NONE)).isTrue();
    assertThat(pinning.wantsInventory(Trust.FIRST_USE, PINNED)).isFalse();
    assertThat(pinning.wantsInventory(Trust.PINNED, ServerPins.NONE)).isFalse();
    assertThat(pinning.wantsInventory(Trust.ANY, ServerPins.NONE)).isFalse();

    // When
    pinning.turn(ServerPins.NONE);
    pinning.take(ServerPins.NONE, PINNED);

    // Then
    assertThat(pinning.wantsInventory(Trust.FIRST_USE, ServerPins.NONE)).isFalse();
    pinning.passes(Trust.FIRST_USE, ServerPins.NONE, PinKey.tool("b"), TWO);
    assertThat(pinning.wantsInventory(Trust.FIRST_USE, ServerPins.NONE)).isTrue();
  }

  @Test
  void wordingInAnotherVersionJoinsWhatWasJustSeenFirst() {
    // Given: a client of one version came first
    passes(ServerPins.NONE, ONE);

    // When
    pinning.take(ServerPins.NONE, pins(TWO, ONE));

    // Then
    assertThat(passes(ServerPins.NONE, TWO)).isTrue();
    assertThat(passes(ServerPins.NONE, ONE)).isTrue();
    assertThat(passes(PINNED, TWO)).isTrue(); // the lock file has the first only as yet
    assertThat(passes(pins(ONE, TWO), TWO)).isTrue();
  }

  @Test
  void inventoryApprovesNoChangeOfWhatWasPinnedBefore() {
    pinning.take(PINNED, pins(TWO));
    assertThat(passes(PINNED, TWO)).isFalse();
  }

  @Test
  void oneInventoryIsTakenAtATimeAndNoneSoonAfter() {
    // When
    assertThat(pinning.turn(ServerPins.NONE).mine()).isTrue();
    ServerPinning.Turn second = pinning.turn(ServerPins.NONE);

    // Then
    assertThat(second.mine()).isFalse();
    assertThat(second.over().toCompletableFuture()).isNotDone();
    pinning.failed();
    assertThat(second.over().toCompletableFuture()).isDone();
    assertThat(pinning.turn(ServerPins.NONE).mine()).isFalse();
    pass(ServerPinning.INVENTORY_RETRY);
    assertThat(pinning.turn(ServerPins.NONE).mine()).isTrue();
    pinning.take(ServerPins.NONE, PINNED);
    pass(ServerPinning.INVENTORY_RETRY);
    assertThat(pinning.turn(ServerPins.NONE).mine()).isFalse();
    pass(ServerPinning.INVENTORY_PAUSE);
    assertThat(pinning.turn(ServerPins.NONE).mine()).isTrue();
  }
}
