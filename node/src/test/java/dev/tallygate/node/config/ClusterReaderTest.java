package dev.tallygate.node.config;

import static dev.tallygate.node.config.ConfigFolder.BASE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tallygate.hazelcast.ClusterSettings;
import dev.tallygate.hazelcast.ClusterSettings.Bind;
import dev.tallygate.hazelcast.ClusterSettings.Join;
import dev.tallygate.hazelcast.ClusterSettings.Role;
import dev.tallygate.hazelcast.ClusterSettings.Secret;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterReaderTest {
  private static final String SECRET = "0123456789abcdef0123456789abcdef";
  private static final String REST =
      "dataMembers: 3, join: { members: [localhost] }, secret: " + SECRET + " }\n";

  @TempDir Path directory;
  private ConfigFolder folder;

  @BeforeEach
  void folder() {
    folder = new ConfigFolder(directory);
  }

  @Test
  void everythingIsReadAsWritten() {
    // Given
    folder.environment.put("POD_IP", "10.0.0.11");
    folder.write("secret", SECRET + "\n");
    folder.with(
        BASE
            + """
            name: node-1
            cluster:
              role: member
              name: gates
              dataMembers: 5
              bind: { host: "${env:POD_IP}", port: 6000 }
              join: { members: [10.0.0.11, "state.example.org:6000", "[fd00::1]:6000"] }
              secret: "${file:secret}"
              heartbeat: { interval: 1s, timeout: 15s }
              dataDir: state
            """);

    // When
    ClusterSettings cluster = folder.config().cluster().orElseThrow();

    // Then
    assertThat(cluster.node()).isEqualTo("node-1");
    assertThat(cluster.name()).isEqualTo("gates");
    assertThat(cluster.role()).isEqualTo(Role.MEMBER);
    assertThat(cluster.dataMembers()).isEqualTo(5);
    assertThat(cluster.quorum()).isEqualTo(3);
    assertThat(cluster.backups()).isEqualTo(2);
    assertThat(cluster.bind()).isEqualTo(new Bind("10.0.0.11", 6000));
    assertThat(((Join.Members) cluster.join()).members())
        .containsExactly("10.0.0.11", "state.example.org:6000", "[fd00::1]:6000");
    assertThat(cluster.secret()).isEqualTo(new Secret(SECRET));
    assertThat(cluster.heartbeatInterval()).isEqualTo(Duration.ofSeconds(1));
    assertThat(cluster.heartbeatTimeout()).isEqualTo(Duration.ofSeconds(15));
    assertThat(cluster.dataDir()).contains(directory.resolve("state"));
    assertThat(folder.config().toString()).doesNotContain(SECRET);
  }

  @Test
  void whatIsLeftOutHasDefaults() {
    // Given
    folder.with(BASE + "cluster: { role: gateway, " + REST);

    // When
    ClusterSettings cluster = folder.config().cluster().orElseThrow();

    // Then
    assertThat(cluster.role()).isEqualTo(Role.GATEWAY);
    assertThat(cluster.name()).isEqualTo(ClusterSettings.DEFAULT_NAME);
    assertThat(cluster.bind()).isEqualTo(new Bind("127.0.0.1", ClusterSettings.DEFAULT_PORT));
    assertThat(cluster.heartbeatInterval()).isEqualTo(Duration.ofSeconds(2));
    assertThat(cluster.heartbeatTimeout()).isEqualTo(Duration.ofSeconds(12));
    assertThat(cluster.quorum()).isEqualTo(2);
    assertThat(cluster.backups()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "cluster: {}\n", "cluster: { role: standalone }\n"})
  void nodeStandsAloneUnlessToldOtherwise(String cluster) {
    // Given
    folder.with(BASE + cluster);

    // When // Then
    assertThat(folder.config().cluster()).isEmpty();
  }

  @Test
  void kubernetesIsFoundByDnsOrByItsApi() {
    // Given
    String cluster =
        BASE
            + "cluster: { role: gateway, dataMembers: 3, bind: { host: 10.0.0.1 }, secret: "
            + SECRET
            + ", join: ";

    // When // Then
    folder.with(cluster + "{ kubernetes: { serviceDns: state.gates.svc.cluster.local } } }\n");
    assertThat(folder.config().cluster().orElseThrow().join())
        .isEqualTo(new Join.ServiceDns("state.gates.svc.cluster.local"));
    folder.with(cluster + "{ kubernetes: { namespace: gates, service: state } } }\n");
    assertThat(folder.config().cluster().orElseThrow().join())
        .isEqualTo(new Join.Service("gates", "state"));
  }

  /** The mark § stands before the place that a finding must name; it is not part of the text. */
  static Stream<Arguments> badTexts() {
    return Stream.of(
        arguments("{ role: §members }\n", "standalone, member or gateway"),
        arguments("{ role: §standalone, dataMembers: 3 }\n", "say member or gateway"),
        arguments("§{ dataMembers: 3 }\n", "say member or gateway"),
        arguments("{ §rol: member }\n", "did you mean `role`?"),
        arguments("§{ role: member, secret: " + SECRET + " }\n", "`dataMembers` is missing"),
        arguments("§{ role: member, dataMembers: 3, secret: " + SECRET + " }\n", "`join` is miss"),
        arguments(
            "§{ role: gateway, dataMembers: 3, join: { members: [localhost] } }\n",
            "`secret` is missing"),
        arguments("§{ role: member, " + REST.replace("localhost", "10.0.0.11"), "cannot reach"),
        arguments(
            "{ role: member, bind: §{ port: 1 }, " + REST.replace("localhost", "a"),
            "cannot reach"),
        arguments("{ role: member, name: §a b, " + REST, "`name` must be"),
        arguments("{ role: member, " + REST.replace("3", "§0"), "from 1 to 9"),
        arguments("{ role: member, " + REST.replace("3", "§10"), "from 1 to 9"),
        arguments("{ role: member, " + REST.replace("Members: 3", "Members: §4"), "odd number"),
        arguments("{ role: member, bind: { host: §0.0.0.0 }, " + REST, "name the one"),
        arguments("{ role: member, bind: { host: §'::' }, " + REST, "name the one"),
        arguments("{ role: member, bind: { host: §'a b' }, " + REST, "host name or an IP"),
        arguments("{ role: member, bind: { host: §'${env:NO}' }, " + REST, "NO is not set"),
        arguments("{ role: member, bind: { port: §0 }, " + REST, "from 1 to 65535"),
        arguments(
            "{ role: member, " + REST.replace("{ members: [localhost] }", "§{}"), "either members"),
        arguments(
            "{ role: member, " + REST.replace("[localhost]", "§[]"), "one data member at least"),
        arguments("{ role: member, " + REST.replace("[localhost]", "§['http://a']"), "not a host"),
        arguments("{ role: member, " + REST.replace("[localhost]", "§['a:0']"), "not a host"),
        arguments(
            "{ role: member, "
                + REST.replace("members: [localhost]", "kubernetes: §{ service: s }"),
            "namespace and service"),
        arguments("{ role: member, " + REST.replace(SECRET, "§tooshort"), "fewer than 16"),
        arguments("{ role: member, " + REST.replace(SECRET, "§'${file:no}'"), "does not exist"),
        arguments("{ role: member, heartbeat: { interval: §500ms }, " + REST, "from 1s to 10s"),
        arguments("{ role: member, heartbeat: { interval: §1500ms }, " + REST, "whole seconds"),
        arguments("{ role: member, heartbeat: { timeout: §2m }, " + REST, "from 5s to 1m"),
        arguments(
            "{ role: member, heartbeat: §{ interval: 3s, timeout: 11s }, " + REST,
            "raise it to 12s"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badTexts")
  void settingsThatBreakPromisesAreToldWithPlaceAndCure(String marked, String cure) {
    // Given
    String place = folder.withMarked(BASE + "cluster: " + marked);

    // When // Then
    assertThat(folder.findings())
        .anySatisfy(finding -> assertThat(finding).startsWith(place + ": ").contains(cure))
        .allSatisfy(finding -> assertThat(finding).doesNotContain("tooshort", SECRET));
  }

  @Test
  void dataMemberAloneNeedsNeitherServersNorAudit() throws ConfigRefused {
    // Given
    folder.with("admin: { port: 9191 }\ncluster: { role: member, dataDir: data, " + REST);

    // When
    StateConfig state = folder.reader().readState(folder.file);

    // Then
    assertThat(state.admin().port()).isEqualTo(9191);
    assertThat(state.cluster().role()).isEqualTo(Role.STATE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "admin: {}\n",
        "cluster: { role: standalone }\n",
        "cluster: { role: gateway, " + REST
      })
  void onlyAMemberHoldsData(String text) {
    // Given
    folder.with(text);

    // When // Then
    assertThatThrownBy(() -> folder.reader().readState(folder.file))
        .isInstanceOf(ConfigRefused.class)
        .hasMessageContaining("say role: member");
  }
}
