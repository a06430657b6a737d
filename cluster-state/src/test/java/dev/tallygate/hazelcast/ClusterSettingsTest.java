package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tallygate.hazelcast.ClusterSettings.Bind;
import dev.tallygate.hazelcast.ClusterSettings.Join;
import dev.tallygate.hazelcast.ClusterSettings.Role;
import dev.tallygate.hazelcast.ClusterSettings.Secret;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClusterSettingsTest {
  private static ClusterSettings settings(int dataMembers, int interval, int timeout) {
    return new ClusterSettings(
        "node",
        "cluster",
        Role.MEMBER,
        dataMembers,
        new Bind("127.0.0.1", 5701),
        new Join.Members(List.of("127.0.0.1")),
        new Secret("0123456789abcdef"),
        Duration.ofSeconds(interval),
        Duration.ofSeconds(timeout),
        Optional.empty());
  }

  @ParameterizedTest
  @CsvSource({"1,1,0", "2,2,1", "3,2,1", "4,3,1", "5,3,2", "6,4,2", "7,4,3", "8,5,3", "9,5,4"})
  void quorumIsAMajorityAndItsLossIsNoLossOfCounts(int dataMembers, int quorum, int backups) {
    // When
    ClusterSettings settings = settings(dataMembers, 2, 12);

    // Then
    assertThat(settings.quorum()).isEqualTo(quorum);
    assertThat(settings.backups()).isEqualTo(backups).isLessThan(dataMembers);
    assertThat(2 * quorum).isGreaterThan(dataMembers);
    assertThat(settings.copiesInEachQuorum()).isGreaterThan(dataMembers - quorum);
  }

  @ParameterizedTest
  @CsvSource({"0,2,12", "10,2,12", "3,0,12", "3,11,60", "3,2,61", "3,1,4", "3,4,15"})
  void settingsThatBreakPromisesCannotBeMade(int dataMembers, int interval, int timeout) {
    assertThatThrownBy(() -> settings(dataMembers, interval, timeout))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void secretThatCanBeGuessedIsNone() {
    assertThatThrownBy(() -> new Secret("0123456789abcde"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("0123456789abcde");
  }

  @Test
  void addressThatStandsForAllIsNone() {
    assertThatThrownBy(() -> new Bind("0.0.0.0", 5701).resolved())
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("stands for all addresses");
  }
}
