package dev.tallygate.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import dev.tallygate.hazelcast.ClusterSettings.Bind;
import dev.tallygate.hazelcast.ClusterSettings.Secret;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who is let into a cluster that runs. */
@Timeout(180)
class ClusterDoorTest {
  private static final Secret OTHER_SECRET = new Secret("another secret of this test");

  private static final TestCluster cluster = new TestCluster(2);
  private static EmbeddedHazelcast one;
  private static EmbeddedHazelcast two;

  @BeforeAll
  static void start() throws IOException {
    one = EmbeddedHazelcast.start(cluster.member(0));
    two = EmbeddedHazelcast.start(cluster.member(1));
    await().atMost(Duration.ofSeconds(60)).until(() -> one.quorum().holds());
  }

  @AfterAll
  static void stop() {
    one.member().getLifecycleService().terminate();
    two.member().getLifecycleService().terminate();
  }

  static Stream<Arguments> strangers() {
    ClusterSettings good = cluster.stranger(2, cluster.secret());
    ClusterSettings otherSecret = cluster.stranger(2, OTHER_SECRET);
    ClusterSettings otherSize = cluster.stranger(3, cluster.secret());
    MemberPass pass = MemberPass.of(good);
    return Stream.of(
        Arguments.of(otherSecret, MemberPass.of(otherSecret), "its `secret` is not the cluster's"),
        Arguments.of(
            otherSize, MemberPass.of(otherSize), "its `dataMembers` is 3, the cluster's 2"),
        Arguments.of(
            good,
            new MemberPass("5.8", pass.ledgerFormat(), 2, pass.secretDigest()),
            "it has Hazelcast 5.8, the cluster 5.7"),
        Arguments.of(
            good,
            new MemberPass(pass.hazelcast(), 99, 2, pass.secretDigest()),
            "it writes counts in format 99, the cluster in " + MemberPass.LEDGER_FORMAT));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("strangers")
  void strangerIsRefusedWithOneLineAndWhatRunsKeepsRunning(
      ClusterSettings settings, MemberPass pass, String why) {
    // When // Then
    assertThatThrownBy(() -> EmbeddedHazelcast.start(settings, pass))
        .isInstanceOf(JoinRefused.class)
        .hasMessageContaining(why)
        .hasMessageNotContaining("\n")
        .hasMessageNotContaining(settings.secret().value());
    assertThat(one.quorum().present()).isEqualTo(2);
    assertThat(two.quorum().holds()).isTrue();
  }

  @Test
  void processOfAClusterWithAnotherNameDoesNotGoOnAlone() {
    // Given
    ClusterSettings settings = cluster.named("another-name");

    // When // Then
    assertThatThrownBy(() -> EmbeddedHazelcast.start(settings))
        .isInstanceOf(JoinRefused.class)
        .hasMessageContaining("another `name`, or of another Hazelcast version")
        .hasMessageNotContaining("\n");
  }

  @Test
  void clientsOfHazelcastAreNotLetIn() {
    // Given a client that knows the cluster's name
    Bind address = cluster.member(0).bind();
    ClientConfig config = new ClientConfig();
    config.setClusterName(one.member().getConfig().getClusterName());
    config.getNetworkConfig().addAddress(address.toString());
    config
        .getConnectionStrategyConfig()
        .getConnectionRetryConfig()
        .setClusterConnectTimeoutMillis(1);

    // When // Then
    assertThatThrownBy(() -> HazelcastClient.newHazelcastClient(config))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Unable to connect");
  }

  @Test
  void addressThatIsTakenIsAnErrorThatNamesIt() throws IOException {
    // Given
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ClusterSettings settings = cluster.at(taken.getLocalPort());

      // When // Then
      assertThatThrownBy(() -> EmbeddedHazelcast.start(settings))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("127.0.0.1:" + taken.getLocalPort());
    }
  }

  @Test
  void passIsReadAsItIsWritten() {
    // Given
    MemberPass pass = MemberPass.of(cluster.member(0));

    // When // Then
    assertThat(MemberPass.find("x " + pass.text() + ", y")).contains(pass);
    assertThat(pass.text()).doesNotContain(cluster.secret().value());
    assertThat(pass.cures(pass)).isEmpty();
    assertThat(cluster.member(0).toString()).doesNotContain(cluster.secret().value());
  }
}
