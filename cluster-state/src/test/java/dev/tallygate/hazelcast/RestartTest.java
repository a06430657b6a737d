package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.durability.DatabaseSettings;
import dev.tallygate.durability.DurabilitySettings;
import dev.tallygate.durability.DurabilitySettings.Mode;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A node that stands alone, killed or ended and started again with the same file. */
class RestartTest {
  private static final long DAY = 86_400;

  @TempDir private Path folder;
  private EmbeddedHazelcast node;

  @AfterEach
  void stop() {
    if (node != null) {
      node.close();
    }
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void strictCountsOutliveAKill(Algorithm algorithm) throws IOException {
    // Given a limit of three, of which a quarter and a whole unit are used
    start(Mode.STRICT);
    CounterKey key = key("a", DAY, algorithm);
    assertThat(reserve(claim(key, "0.25", "3"))).isInstanceOf(Reserved.class);
    assertThat(reserve(claim(key, "1", "3"))).isInstanceOf(Reserved.class);

    // When
    node.kill();
    start(Mode.STRICT);

    // Then
    assertThat(join(store().usage(key)).used()).isEqualByComparingTo("1.25");
    assertThat(reserve(claim(key, "1.75", "3"))).isInstanceOf(Reserved.class);
    assertThat(reserve(claim(key, "0.01", "3"))).isInstanceOf(Exceeded.class);
  }

  @Test
  void whatWasHeldAtAKillStaysChargedAndWhatWasGivenBackDoesNot() throws IOException {
    // Given
    start(Mode.STRICT);
    CounterKey key = key("held", DAY, Algorithm.FIXED);
    Reserved refunded = (Reserved) reserve(claim(key, "2", "10"));
    Reserved held = (Reserved) reserve(claim(key, "3", "10"));
    assertThat(
            join(
                store()
                    .settle(refunded.reservation(), refunded.reservation().unitsOf(Set.of(key)))))
        .isTrue();

    // When
    node.kill();
    start(Mode.STRICT);
    boolean settled =
        join(store().settle(held.reservation(), held.reservation().unitsOf(Set.of(key))));

    // Then
    assertThat(settled).isFalse();
    assertThat(join(store().usage(key)).used()).isEqualByComparingTo("3");
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void countsOutliveAnEndInOrder(Mode mode) throws IOException {
    // Given
    start(mode);
    CounterKey key = key("ends", DAY, Algorithm.FIXED);
    reserve(claim(key, "4", "10"));

    // When
    node.close();
    start(mode);

    // Then
    assertThat(join(store().usage(key)).used()).isEqualByComparingTo("4");
  }

  @Test
  void shortWindowsAreNotWritten() throws IOException {
    // Given
    start(Mode.STRICT);
    CounterKey shortWindow = key("short", 10, Algorithm.SLIDING);
    CounterKey longWindow = key("short", 11, Algorithm.SLIDING);

    // When
    reserve(claim(shortWindow, "1", "10"));

    // Then
    assertThat(node.durability().orElseThrow().written()).isZero();
    reserve(claim(longWindow, "1", "10"));
    assertThat(node.durability().orElseThrow().written()).isEqualTo(1);
  }

  @Test
  void refusalsAndSettlementsThatChangeNoCountAreNotWritten() throws IOException {
    // Given
    start(Mode.STRICT);
    CounterKey key = key("unchanged", DAY, Algorithm.FIXED);
    Reserved held = (Reserved) reserve(claim(key, "1", "1"));

    // When
    reserve(claim(key, "1", "1"));
    join(store().settle(held.reservation(), Map.of()));

    // Then
    assertThat(node.durability().orElseThrow().written()).isEqualTo(1);
  }

  @Test
  void fileThatIsNoDatabaseIsRefusedInOneLine() throws IOException {
    // Given
    Files.writeString(folder.resolve("counts.mv.db"), "shopping list");

    // When
    assertThatThrownBy(() -> EmbeddedHazelcast.standalone(settings(Mode.STRICT)))

        // Then
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("the database of the counts, jdbc:h2:file:")
        .hasMessageContaining("cannot be opened")
        .message()
        .doesNotContain("\n");
  }

  private void start(Mode mode) throws IOException {
    node = EmbeddedHazelcast.standalone(settings(mode));
  }

  private DurabilitySettings settings(Mode mode) {
    return new DurabilitySettings(
        mode,
        DurabilitySettings.DEFAULT_SHORTEST_WINDOW,
        HazelcastCounterStoreTest.PATIENT,
        DatabaseSettings.h2(folder.resolve("counts").toString()));
  }

  private CounterStore store() {
    return HazelcastCounterStoreTest.patient(node);
  }

  private ReserveResult reserve(Claim claim) {
    return join(store().reserve(UUID.randomUUID().toString(), List.of(claim)));
  }

  private static CounterKey key(String subject, long window, Algorithm algorithm) {
    return new CounterKey(Scope.GRANT, subject, "calls", window, algorithm);
  }

  private static Claim claim(CounterKey key, String amount, String max) {
    return new Claim(key, new BigDecimal(amount), new BigDecimal(max), OnStoreLoss.DENY);
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
  }
}
