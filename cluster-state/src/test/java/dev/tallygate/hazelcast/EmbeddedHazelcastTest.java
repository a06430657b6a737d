package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.core.HazelcastInstance;
import org.junit.jupiter.api.Test;

class EmbeddedHazelcastTest {
  @Test
  void standaloneMembersStayAloneAndListenOnLoopbackOnly() {
    // When
    try (EmbeddedHazelcast one = EmbeddedHazelcast.standalone();
        EmbeddedHazelcast other = EmbeddedHazelcast.standalone()) {

      // Then
      for (HazelcastInstance member : new HazelcastInstance[] {one.member(), other.member()}) {
        assertThat(member.getCluster().getMembers()).hasSize(1);
        assertThat(
                member
                    .getCluster()
                    .getLocalMember()
                    .getSocketAddress()
                    .getAddress()
                    .isLoopbackAddress())
            .isTrue();
      }
      assertThat(one.member().getConfig().getClusterName())
          .isNotEqualTo(other.member().getConfig().getClusterName());
    }
  }

  @Test
  void closedMemberRunsNoMore() {
    // Given
    EmbeddedHazelcast hazelcast = EmbeddedHazelcast.standalone();

    // When
    hazelcast.close();

    // Then
    assertThat(hazelcast.member().getLifecycleService().isRunning()).isFalse();
    assertThatCode(hazelcast::close).doesNotThrowAnyException();
  }

  @Test
  void commonPoolOfOneWorkerIsRefusedWithTheCure() {
    assertThatThrownBy(() -> EmbeddedHazelcast.requireCommonPool(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("-Djava.util.concurrent.ForkJoinPool.common.parallelism=4");
    assertThatCode(() -> EmbeddedHazelcast.requireCommonPool(2)).doesNotThrowAnyException();
  }
}
