package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.TcpIpConfig;
import dev.tallygate.counters.Claim;
import dev.tallygate.counters.CounterKey;
import dev.tallygate.counters.CounterStore;
import dev.tallygate.counters.Reservation;
import dev.tallygate.counters.ReserveResult;
import dev.tallygate.counters.ReserveResult.Exceeded;
import dev.tallygate.counters.ReserveResult.Reserved;
import dev.tallygate.policy.Algorithm;
import dev.tallygate.policy.OnStoreLoss;
import dev.tallygate.policy.Scope;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two members on loopback: what only shows when steps, answers and tables travel. */
class LedgerClusterTest {
  private static final int SUBJECTS = 40;

  private EmbeddedHazelcast one;
  private EmbeddedHazelcast other;
  private CounterStore onOne;
  private CounterStore onOther;

  @BeforeEach
  void start() {
    one = EmbeddedHazelcast.of(member("ledger-test", 0));
    other =
        EmbeddedHazelcast.of(
            member(
                "ledger-test", one.member().getCluster().getLocalMember().getAddress().getPort()));
    assertThat(one.member().getCluster().getMembers()).hasSize(2);
    onOne = HazelcastCounterStoreTest.patient(one);
    onOther = HazelcastCounterStoreTest.patient(other);
    join(onOne.usage(key("first", Algorithm.FIXED)));
    await().until(() -> one.member().getPartitionService().isClusterSafe());
  }

  @AfterEach
  void stop() {
    one.close();
    other.close();
  }

  private static Config member(String cluster, int peerPort) {
    Config config = EmbeddedHazelcast.standaloneConfig();
    config.setClusterName(cluster);
    config.setProperty("hazelcast.wait.seconds.before.join", "0");
    // Java serialisation of anything of ours would fail the test.
    config
        .getSerializationConfig()
        .setJavaSerializationFilterConfig(
            new JavaSerializationFilterConfig()
                .setBlacklist(new ClassFilter().addPrefixes("dev.tallygate.")));
    TcpIpConfig tcp = config.getNetworkConfig().getJoin().getTcpIpConfig().setEnabled(true);
    if (peerPort != 0) {
      // One that is not found soon enough would be a cluster of its own.
      tcp.addMember("127.0.0.1:" + peerPort).setConnectionTimeoutSeconds(60);
    }
    return config;
  }

  @Test
  void bothMembersCountTogether() {
    for (Algorithm algorithm : Algorithm.values()) {
      for (int i = 0; i < SUBJECTS; i++) {
        // Given
        Claim claim = claim(key("together-" + i, algorithm), "3");

        // When
        Reservation first = reserved(onOne, "a" + algorithm + i, claim);
        reserved(onOther, "b" + algorithm + i, claim);
        reserved(onOne, "c" + algorithm + i, claim);
        ReserveResult fourth = reserve(onOther, "d" + algorithm + i, claim);
        boolean refunded = join(onOther.settle(first, first.unitsOf(Set.of(claim.key()))));

        // Then
        assertThat(fourth)
            .isInstanceOfSatisfying(
                Exceeded.class,
                refusal -> {
                  assertThat(refusal.key()).isEqualTo(claim.key());
                  assertThat(refusal.used()).isEqualByComparingTo("3");
                  assertThat(refusal.retryAfter()).isPresent();
                });
        assertThat(refunded).isTrue();
        assertThat(join(onOne.settle(first, first.unitsOf(Set.of(claim.key()))))).isFalse();
        assertThat(join(onOne.usage(claim.key())).used()).isEqualByComparingTo("2");
        assertThat(join(onOther.usage(claim.key())).used()).isEqualByComparingTo("2");
      }
    }
  }

  @Test
  void claimsOnSeveralMembersAreHeldAllOrNone() {
    // Given
    Claim usedUp = claim(new CounterKey(Scope.CLUSTER, "", "calls", 86_400, Algorithm.FIXED), "1");
    reserved(onOne, "fills", usedUp);

    for (int i = 0; i < SUBJECTS; i++) {
      Claim roomy = claim(key("room-" + i, Algorithm.FIXED), "10");

      // When
      ReserveResult result = reserve(onOther, "both-" + i, roomy, usedUp);

      // Then
      assertThat(result).isInstanceOf(Exceeded.class);
      assertThat(join(onOne.usage(roomy.key())).used()).isEqualByComparingTo("0");
    }
    assertThat(join(onOther.usage(usedUp.key())).used()).isEqualByComparingTo("1");
  }

  @Test
  void countsAndReservationsOutliveTheMemberThatOwnedThem() {
    // Given
    Map<Claim, Reservation> reservations = new HashMap<>();
    List<Claim> claims = new ArrayList<>();
    for (int i = 0; i < SUBJECTS; i++) {
      Claim claim = claim(key("heir-" + i, Algorithm.SLIDING), "2");
      claims.add(claim);
      reservations.put(claim, reserved(onOther, "x" + i, claim));
      reserved(onOther, "y" + i, claim);
    }

    // When
    one.member().getLifecycleService().terminate();

    // Then
    for (Claim claim : claims) {
      assertThat(reserve(onOther, "z" + claim.key().subject(), claim)).isInstanceOf(Exceeded.class);
      assertThat(join(onOther.settle(reservations.get(claim), Map.of(claim.key(), claim.amount()))))
          .isTrue();
      assertThat(join(onOther.usage(claim.key())).used()).isEqualByComparingTo("1");
    }
  }

  private static CounterKey key(String subject, Algorithm algorithm) {
    return new CounterKey(Scope.GRANT, subject, "calls", 86_400, algorithm);
  }

  private static Claim claim(CounterKey key, String max) {
    return new Claim(key, BigDecimal.ONE, new BigDecimal(max), OnStoreLoss.DENY);
  }

  private static ReserveResult reserve(CounterStore store, String id, Claim... claims) {
    return join(store.reserve(id, List.of(claims)));
  }

  private static Reservation reserved(CounterStore store, String id, Claim... claims) {
    ReserveResult result = reserve(store, id, claims);
    assertThat(result).isInstanceOf(Reserved.class);
    return ((Reserved) result).reservation();
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
  }
}
