package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.hazelcast.ClusterView.MemberView;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class ClusterWatchTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void viewShowsWhoIsThereAndWhatIsCounted() throws IOException {
    // Given
    TestCluster cluster = new TestCluster(1);
    try (EmbeddedHazelcast member = EmbeddedHazelcast.start(cluster.member(0))) {
      EmbeddedHazelcast gateway = EmbeddedHazelcast.start(cluster.gateway());
      await().atMost(PATIENCE).until(() -> member.watch().mostNodes() == 2);
      TestCluster.awaitCounting(1, List.of(member, gateway));

      // When
      assertThat(
              HazelcastCounterStoreTest.patient(gateway)
                  .reserve("one", List.of(claim()))
                  .toCompletableFuture()
                  .orTimeout(60, TimeUnit.SECONDS)
                  .join())
          .isInstanceOf(Reserved.class);

      // Then
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(gateway.watch().view().ledgerEntries()).hasValue(1));
      await().atMost(PATIENCE).until(() -> gateway.watch().view().partitionsSafe());
      ClusterView view = gateway.watch().view();
      assertThat(view.quorum()).isTrue();
      assertThat(view.present()).isEqualTo(1);
      assertThat(view.members())
          .extracting(MemberView::node, MemberView::holdsData, MemberView::self)
          .containsExactlyInAnyOrder(tuple("member-0", true, false), tuple("gateway", false, true));

      // When
      gateway.close();

      // Then a limit is still shared by two, for the other may only be out of sight
      await().atMost(PATIENCE).until(() -> member.watch().view().members().size() == 1);
      assertThat(member.watch().mostNodes()).isEqualTo(2);
      assertThat(gateway.watch().view().quorum()).isFalse();
    }
  }

  @Test
  void limitsAreSharedByAllMembersEvenBeforeTheyAreSeen() throws IOException {
    // When
    try (EmbeddedHazelcast first = EmbeddedHazelcast.start(new TestCluster(3).member(0))) {
      // Then
      assertThat(first.watch().mostNodes()).isEqualTo(3);
    }
    try (EmbeddedHazelcast alone = EmbeddedHazelcast.standalone()) {
      assertThat(alone.watch().mostNodes()).isEqualTo(1);
      assertThat(alone.watch().view().name()).isEmpty();
      assertThat(alone.quorum().holds()).isTrue();
    }
  }

  private static Claim claim() {
    return new Claim(
        new CounterKey(Scope.GRANT, "alice", "calls", 86_400, Algorithm.FIXED),
        BigDecimal.ONE,
        BigDecimal.TEN,
        OnStoreLoss.DENY);
  }
}
