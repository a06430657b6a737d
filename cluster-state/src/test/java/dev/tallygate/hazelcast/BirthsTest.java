package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.map.IMap;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.counters.ReserveResult.Unavailable;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BirthsTest {
  private EmbeddedHazelcast hazelcast;
  private IMap<String, Birth> map;
  private Births births;

  @BeforeEach
  void start() {
    hazelcast = EmbeddedHazelcast.standalone();
    map = hazelcast.member().getMap(Births.MAP);
    // Its keeper rests, so that each test is its own.
    hazelcast.births().close();
    births = hazelcast.births();
    births.keep();
  }

  @AfterEach
  void stop() {
    hazelcast.kill();
  }

  @Test
  void partitionsOfANewClusterHaveLostNothing() {
    // When
    Collection<Birth> all = map.values();

    // Then
    assertThat(all).hasSize(Integer.parseInt(EmbeddedHazelcast.PARTITIONS));
    assertThat(all).allMatch(Birth::founded).allMatch(birth -> birth.blindBefore().isEmpty());
  }

  @Test
  void foundingThatItsKeeperDidNotFinishIsGoneOnWithAsOne() {
    // Given
    map.replaceAll((key, birth) -> new Birth(birth.at(), birth.blindBefore(), false));
    map.remove(map.keySet().iterator().next());
    ReserveResult before = reserve("before");

    // When
    births.keep();

    // Then
    partitionsOfANewClusterHaveLostNothing();
    assertThat(before).isInstanceOf(Unavailable.class);
    assertThat(reserve("after")).isInstanceOf(Reserved.class);
  }

  @Test
  void noTableBeginsBetweenALossAndTheBirthThatTellsOfIt() {
    // Given
    map.clear();

    // When
    ReserveResult between = reserve("between");
    long tables = hazelcast.member().getMap(HazelcastCounterStore.MAP).size();

    // Then
    assertThat(between)
        .isInstanceOfSatisfying(
            Unavailable.class, none -> assertThat(none.cause()).contains("have no place yet"));
    assertThat(tables).isZero();
  }

  private ReserveResult reserve(String id) {
    Claim claim =
        new Claim(
            new CounterKey(Scope.GRANT, "alice", "calls", 60, Algorithm.FIXED),
            BigDecimal.ONE,
            BigDecimal.TEN,
            OnStoreLoss.DENY);
    return hazelcast.counterStore().reserve(id, List.of(claim)).toCompletableFuture().join();
  }

  @Test
  void partitionThatIsMissingOnceAllWereThereHasLostItsCounts() {
    // Given
    map.replaceAll((key, birth) -> new Birth(birth.at(), birth.blindBefore(), false));
    String founded = map.keySet().iterator().next();
    map.replace(founded, map.get(founded).asFounded());
    String lost =
        map.keySet().stream().filter(key -> !key.equals(founded)).findFirst().orElseThrow();
    map.remove(lost);

    // When
    births.keep();

    // Then
    assertThat(map.values()).allMatch(Birth::founded);
    assertThat(map.get(lost).blindBefore()).isPresent();
    assertThat(map.values().stream().map(Birth::blindBefore).filter(OptionalLong::isPresent))
        .hasSize(1);
  }
}
