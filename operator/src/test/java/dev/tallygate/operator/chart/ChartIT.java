package dev.tallygate.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.operator.kubernetes.ApiServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a real API server makes of the chart. */
class ChartIT {
  private static final String SECRET = "gate-tallygate-cluster-secret";

  @TempDir private Path folder;

  private ApiServer server;
  private String namespace;

  @BeforeEach
  void namespaceThatTakesRestrictedPodsOnly() throws IOException {
    server = ApiServer.get();
    namespace = server.namespace();
    server.kubectl(
        "label",
        "namespace",
        namespace,
        "pod-security.kubernetes.io/enforce=restricted",
        "pod-security.kubernetes.io/warn=restricted");
    Files.writeString(
        folder.resolve("kubeconfig"), server.kubectl("config", "view", "--raw", "-o", "json"));
  }

  private Helm.Ran helm(String name, String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--namespace", namespace));
    all.addAll(List.of("--kubeconfig", folder.resolve("kubeconfig").toString()));
    return Helm.of(name).run(all.toArray(String[]::new));
  }

  private String secret() {
    return server.kubectl(
        "-n", namespace, "get", "secret", SECRET, "-o", "jsonpath={.data.cluster-secret}");
  }

  static Stream<Path> valueSets() throws IOException {
    return Helm.valueSets();
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void everyObjectIsTakenAsItIsWithoutAWarning(Path values)
      throws IOException, InterruptedException {
    // Given
    Helm.Ran rendered =
        helm(
            "helm4",
            "template",
            "gate",
            ".",
            "--no-hooks",
            "-f",
            values.toString(),
            "--set",
            // Kinds that a bare API server does not know, or knows already.
            "crds.install=false,gateway.httpRoute.enabled=false");
    assertThat(rendered.exit()).as(rendered.err()).isZero();

    // When
    ApiServer.Said said =
        server.tryKubectl(
            rendered.out(),
            "apply",
            "-n",
            namespace,
            "--dry-run=server",
            "--validate=strict",
            "-f",
            "-");

    // Then
    assertThat(said.exitCode()).as(said.err()).isZero();
    assertThat(said.err()).isEmpty();
    assertThat(said.out()).contains("statefulset.apps/", "deployment.apps/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"helm3", "helm4"})
  void secretsAreMadeOnceAndStayWhenTheReleaseGoes(String name)
      throws IOException, InterruptedException {
    // When
    Helm.Ran install = helm(name, "install", "gate", ".", "--set", "crds.install=false");
    assertThat(install.exit()).as(install.err()).isZero();
    String made = secret();

    // Then
    assertThat(made).hasSizeGreaterThan(40);
    helm(name, "upgrade", "gate", ".", "--set", "crds.install=false,gateway.replicas=3");
    assertThat(secret()).isEqualTo(made);
    helm(name, "uninstall", "gate");
    assertThat(secret()).isEqualTo(made);
    Helm.Ran again = helm(name, "install", "gate", ".", "--set", "crds.install=false");
    assertThat(again.exit()).as(again.err()).isZero();
    assertThat(secret()).isEqualTo(made);
  }

  @ParameterizedTest
  @ValueSource(strings = {"helm3", "helm4"})
  void anUpgradeKeepsAsManyGatewaysAsWhoScalesThemWants(String name)
      throws IOException, InterruptedException {
    // Given
    upgrade(name, "gateway.replicas=6");

    // When
    upgrade(name, "gateway.autoscaling.enabled=true");
    String begun = gateways();
    scaleGateways(9);
    upgrade(name, "gateway.autoscaling.enabled=true,gateway.drainSeconds=6");
    String scaled = gateways();
    scaleGateways(0);
    upgrade(name, "gateway.autoscaling.enabled=true,gateway.autoscaling.minReplicas=3");
    String stopped = gateways();
    scaleGateways(7);
    upgrade(name, "gateway.autoscaling.external=true");
    String others = gateways();
    scaleGateways(0);
    upgrade(name, "gateway.autoscaling.external=true,gateway.drainSeconds=7");

    // Then
    assertThat(begun).isEqualTo("6");
    assertThat(scaled).isEqualTo("9");
    assertThat(stopped).isEqualTo("3");
    assertThat(others).isEqualTo("7");
    assertThat(gateways()).isEqualTo("0");
  }

  private void upgrade(String name, String values) throws IOException, InterruptedException {
    Helm.Ran ran =
        helm(name, "upgrade", "--install", "gate", ".", "--set", "crds.install=false," + values);
    assertThat(ran.exit()).as(ran.err()).isZero();
  }

  private String gateways() {
    return server.kubectl(
        "-n",
        namespace,
        "get",
        "deployment",
        "gate-tallygate-gateway",
        "-o",
        "jsonpath={.spec.replicas}");
  }

  private void scaleGateways(int replicas) {
    server.kubectl(
        "-n", namespace, "scale", "deployment/gate-tallygate-gateway", "--replicas=" + replicas);
  }

  @ParameterizedTest
  @ValueSource(strings = {"helm3", "helm4"})
  void aMadeSecretWithoutTheWantedKeyIsNotMadeAnew(String name)
      throws IOException, InterruptedException {
    // Given
    upgrade(name, "gateway.replicas=2");

    // When
    Helm.Ran refused =
        helm(
            name,
            "upgrade",
            "gate",
            ".",
            "--set",
            "crds.install=false,cluster.secret.key=another-key");

    // Then
    assertThat(refused.exit()).isNotZero();
    assertThat(refused.err())
        .contains(SECRET + " has no key another-key", "cluster.secret.key", "cluster-secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"helm3", "helm4"})
  void anotherNumberOfMembersIsRefusedUntilAllAreStopped(String name)
      throws IOException, InterruptedException {
    // Given
    Helm.Ran install = helm(name, "install", "gate", ".", "--set", "crds.install=false");
    assertThat(install.exit()).as(install.err()).isZero();
    String[] upgrade = {"upgrade", "gate", ".", "--set", "crds.install=false,state.replicas=5"};

    // When
    Helm.Ran refused = helm(name, upgrade);
    server.kubectl("-n", namespace, "scale", "statefulset/gate-tallygate-state", "--replicas=0");
    Helm.Ran taken = helm(name, upgrade);

    // Then
    assertThat(refused.exit()).isNotZero();
    assertThat(refused.err()).contains("cannot change from 3 to 5", "--replicas=0");
    assertThat(taken.exit()).as(taken.err()).isZero();
  }
}
