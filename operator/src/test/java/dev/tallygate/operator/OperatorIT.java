package dev.tallygate.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.operator.Operator.Settings;
import dev.tallygate.operator.chart.Helm;
import dev.tallygate.operator.gateway.GatewayClient;
import dev.tallygate.operator.gateway.PutResult;
import dev.tallygate.operator.kubernetes.ApiServer;
import dev.tallygate.operator.kubernetes.Leadership.Pod;
import dev.tallygate.registry.Token;
import io.kubernetes.client.openapi.ApiClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Operators between a real API server and three real gateways. */
@Timeout(300)
class OperatorIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> RIGHTS = Set.of("ServiceAccount", "Role", "RoleBinding");

  @TempDir static Path folder;
  private static ApiServer server;
  private static Gateways gateways;

  private final List<Operator> operators = new ArrayList<>();
  private String namespace;

  @BeforeAll
  static void startGateways() throws IOException {
    server = ApiServer.get();
    gateways = new Gateways(folder, 3);
  }

  @AfterAll
  static void stopGateways() {
    if (gateways != null) {
      gateways.close();
    }
  }

  @BeforeEach
  void namespaceWhereTheOperatorHasTheRightsThatTheChartGivesIt()
      throws IOException, InterruptedException {
    namespace = server.namespace();
    List<JsonNode> objects =
        Helm.of("helm4")
            .render(
                "--namespace",
                namespace,
                "--set",
                "fullnameOverride=tallygate,cluster.secret.existingSecret=s,admin.token.existingSecret=s");
    apply(
        objects.stream()
            .filter(each -> RIGHTS.contains(each.path("kind").asText()))
            .map(JsonNode::toString)
            .collect(Collectors.joining("\n---\n")));
    // The API server goes by a new Role a moment later.
    await().atMost(PATIENCE).until(this::mayList);
  }

  private boolean mayList() {
    String account = "system:serviceaccount:" + namespace + ":tallygate-operator";
    return server
            .tryKubectl(
                "", "--namespace", namespace, "auth", "can-i", "list", "grants", "--as", account)
            .exitCode()
        == 0;
  }

  private ApiClient client() throws IOException {
    return server.client(kubectl("create", "token", "tallygate-operator").strip());
  }

  @AfterEach
  void stopOperators() {
    operators.forEach(Operator::close);
  }

  private Operator operator(String identity) throws IOException {
    return new Operator(
        client(),
        new Settings(
            namespace,
            gateways.admin(1),
            () -> Gateways.ADMIN_TOKEN,
            Gateways.SECRET,
            Set.of(),
            "tallygate-operator",
            identity + "_" + UUID.randomUUID(),
            Optional.of(new Pod(identity, identity)),
            new InetSocketAddress("127.0.0.1", 0)));
  }

  private CompletableFuture<Boolean> start(Operator operator) {
    operators.add(operator);
    return CompletableFuture.supplyAsync(operator::run);
  }

  private void start() throws IOException {
    start(operator("operator"));
  }

  private void apply(String documents) {
    ApiServer.Said said =
        server.tryKubectl(documents, "--namespace", namespace, "apply", "--server-side", "-f", "-");
    assertThat(said.exitCode()).as(said.err()).isZero();
  }

  private void awaitCondition(String resource, String condition) {
    kubectl("wait", "--for=condition=" + condition, resource, "--timeout=40s");
  }

  private String kubectl(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--namespace", namespace));
    all.addAll(List.of(arguments));
    return server.kubectl(all.toArray(String[]::new));
  }

  private JsonNode status(String resource) throws IOException {
    return JSON.readTree(kubectl("get", resource, "-o", "json")).path("status");
  }

  private Optional<JsonNode> condition(String resource, String type) throws IOException {
    for (JsonNode condition : status(resource).path("conditions")) {
      if (condition.path("type").asText().equals(type)) {
        return Optional.of(condition);
      }
    }
    return Optional.empty();
  }

  private String message(String resource, String type) throws IOException {
    return condition(resource, type).map(each -> each.path("message").asText()).orElse("");
  }

  private String reason(String resource, String type) throws IOException {
    return condition(resource, type).map(each -> each.path("reason").asText()).orElse("");
  }

  private String token(String secret) throws IOException {
    JsonNode data = JSON.readTree(kubectl("get", "secret", secret, "-o", "json")).path("data");
    return new String(
        Base64.getDecoder().decode(data.path("token").asText()), StandardCharsets.UTF_8);
  }

  private static String serverNamed(String name) {
    return """
    apiVersion: tallygate.dev/v1alpha1
    kind: McpServer
    metadata: { name: %s }
    spec:
      url: %s
      trust: any
      credential: { secretRef: { name: upstream } }
    ---
    apiVersion: v1
    kind: Secret
    metadata: { name: upstream }
    stringData: { token: s3cret-of-%s }
    ---
    """
        .formatted(name, gateways.upstream(), name);
  }

  private static String policy(String spec) {
    return """
    apiVersion: tallygate.dev/v1alpha1
    kind: Policy
    metadata: { name: tools }
    spec: { version: "1", default: deny, %s }
    ---
    """
        .formatted(spec);
  }

  private static String grant(String name, String of, String more) {
    return """
    apiVersion: tallygate.dev/v1alpha1
    kind: Grant
    metadata: { name: %s }
    spec:
      serverRef: { name: %s }
      policyRef: { name: tools }
      token: { generate: true, secretRef: { name: %s-token } }
      %s
    ---
    """
        .formatted(name, of, name, more);
  }

  @Test
  void whatIsTooLargeForTheRegistryIsRefusedAndNotTakenForAGatewayThatIsAway() throws Exception {
    // Given
    GatewayClient client = new GatewayClient(gateways.admin(2), () -> Gateways.ADMIN_TOKEN);
    String tooLarge = "{\"policies\":{\"p\":\"" + "x".repeat(9 * 1024 * 1024) + "\"}}";

    // When
    PutResult result = client.put(tooLarge, client.published().revision(), 1);

    // Then
    assertThat(result).isEqualTo(new PutResult.Refused(List.of("the body is larger than 8MiB")));
  }

  @Test
  void whatIsAppliedIsEnforcedByEveryNodeWhenKubectlWaitReturns() throws Exception {
    // Given
    start();

    // When
    apply(serverNamed("first") + policy("tools: { echo: {} }") + grant("ci-bot", "first", ""));
    awaitCondition("grant/ci-bot", "Ready");

    // Then
    String token = token("ci-bot-token");
    assertThat(gateways.callAll("first", token, "echo"))
        .allSatisfy(answer -> assertThat(answer).startsWith("200 ").contains("done"));
    assertThat(gateways.lastCredential()).isEqualTo("Bearer s3cret-of-first");
    assertThat(gateways.callAll("first", token, "other"))
        .noneSatisfy(answer -> assertThat(answer).contains("done"));
    assertThat(message("grant/ci-bot", "Programmed"))
        .matches("enforced by 3 of 3 nodes at revision [0-9]+");
    assertThat(gateways.admin("GET", "/registry", "")).doesNotContain("s3cret-of-first");
    assertThat(kubectl("get", "tggrant")).containsPattern("ci-bot +first +tools +True +Ready");
    assertThat(kubectl("get", "events")).contains("Ready");
  }

  @Test
  void invalidPolicyKeepsItsLastAcceptedVersionInForceAndSaysSo() throws Exception {
    // Given
    start();
    apply(serverNamed("second") + policy("tools: { echo: {} }") + grant("bot", "second", ""));
    awaitCondition("grant/bot", "Ready");
    String token = token("bot-token");

    // When
    apply(
        policy(
            "tools: { other: { require: [{ conditions: [{ path: args.x, op: regex, value: '(' }] }]"
                + " } }"));
    await().atMost(PATIENCE).until(() -> reason("policy/tools", "Accepted").equals("Invalid"));

    // Then
    assertThat(message("policy/tools", "Accepted"))
        .contains("regex does not compile", "the last accepted version stays in force");
    assertThat(gateways.callAll("second", token, "echo"))
        .allSatisfy(answer -> assertThat(answer).contains("done"));

    // When an operator that never saw the valid one takes over
    operators.forEach(Operator::close);
    start();
    apply(grant("later", "second", ""));
    awaitCondition("grant/later", "Ready");

    // Then
    assertThat(gateways.callAll("second", token, "echo"))
        .allSatisfy(answer -> assertThat(answer).contains("done"));
  }

  @Test
  void policyThatIsNestedDeeplyIsRefusedAndHidesNoOther() throws Exception {
    // Given
    start();
    apply(serverNamed("deep") + policy("tools: { echo: {} }") + grant("bot", "deep", ""));
    awaitCondition("grant/bot", "Ready");
    String token = token("bot-token");

    for (int levels : new int[] {300, 3_000}) {
      // When
      apply(
          policy(
              "tools: { echo: { require: [{ conditions: [{ path: args.x, op: eq, value: "
                  + "[".repeat(levels)
                  + "]".repeat(levels)
                  + " }] }] } }"));
      kubectl("wait", "--for=condition=Accepted=false", "policy/tools", "--timeout=40s");

      // Then
      assertThat(
              kubectl(
                  "get",
                  "policy/tools",
                  "-o",
                  "jsonpath={.status.conditions[?(@.type==\"Accepted\")].reason}"))
          .isEqualTo("Invalid");
    }
    assertThat(gateways.callAll("deep", token, "echo"))
        .allSatisfy(answer -> assertThat(answer).contains("done"));

    // When
    operators.forEach(Operator::close);
    start();
    kubectl("delete", "grant/bot");

    // Then
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(gateways.callAll("deep", token, "echo"))
                    .allSatisfy(answer -> assertThat(answer).startsWith("401 ")));
  }

  @Test
  void suspendedAndDeletedGrantsAreRefusedByEveryNode() throws Exception {
    // Given
    start();
    apply(
        serverNamed("third")
            + policy("tools: { echo: {} }")
            + grant("one", "third", "")
            + grant("two", "third", ""));
    awaitCondition("grant/one", "Ready");
    awaitCondition("grant/two", "Ready");
    String one = token("one-token");
    String two = token("two-token");

    // When
    apply(grant("one", "third", "suspend: true"));
    awaitCondition("grant/one", "Ready=false");

    // Then
    assertThat(gateways.callAll("third", one, "echo"))
        .allSatisfy(answer -> assertThat(answer).startsWith("401 "));
    assertThat(reason("grant/one", "Ready")).isEqualTo("Suspended");

    // When
    apply(grant("one", "third", "suspend: false"));
    awaitCondition("grant/one", "Ready");
    kubectl("delete", "grant/two");

    // Then
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(gateways.callAll("third", two, "echo"))
                    .allSatisfy(answer -> assertThat(answer).startsWith("401 ")));
    assertThat(gateways.callAll("third", one, "echo"))
        .allSatisfy(answer -> assertThat(answer).contains("done"));
  }

  @Test
  void losingTheApiServerStopsNoCallAndTheOperatorComesBackByItself() throws Exception {
    // Given
    start();
    apply(serverNamed("fourth") + policy("tools: { echo: {} }") + grant("bot", "fourth", ""));
    awaitCondition("grant/bot", "Ready");
    String token = token("bot-token");

    // When
    server.stop();
    List<String> meanwhile = gateways.callAll("fourth", token, "echo");
    server.start();
    apply(grant("later", "fourth", ""));
    awaitCondition("grant/later", "Ready");

    // Then
    assertThat(meanwhile).allSatisfy(answer -> assertThat(answer).contains("done"));
    assertThat(gateways.callAll("fourth", token("later-token"), "echo"))
        .allSatisfy(answer -> assertThat(answer).contains("done"));
  }

  @Test
  void secondOperatorTakesOverAndTheFirstWritesNothingMore() throws Exception {
    // Given
    Operator first = operator("first");
    CompletableFuture<Boolean> firstRun = start(first);
    apply(serverNamed("fifth") + policy("tools: { echo: {} }") + grant("bot", "fifth", ""));
    awaitCondition("grant/bot", "Ready");
    long fence =
        JSON.readTree(gateways.admin("GET", "/registry/kubernetes", "")).path("fence").asLong();

    // When
    CompletableFuture<Boolean> secondRun = start(operator("second"));
    first.close();
    apply(grant("later", "fifth", ""));
    awaitCondition("grant/later", "Ready");

    // Then
    assertThat(firstRun).succeedsWithin(PATIENCE).isEqualTo(true);
    assertThat(secondRun).isNotDone();
    assertThat(
            JSON.readTree(gateways.admin("GET", "/registry/kubernetes", "")).path("fence").asLong())
        .isGreaterThan(fence);
    assertThat(gateways.admin("PUT", "/registry/kubernetes?fence=" + fence, "{}"))
        .contains("another took over");
    assertThat(
            server.kubectl(
                "-n",
                namespace,
                "get",
                "lease",
                "tallygate-operator",
                "-o",
                "jsonpath={.metadata.ownerReferences[*].uid}"))
        .isEqualTo("second");
  }

  @Test
  void objectThatAnotherSourceDeclaresIsRefusedAndDoesNotStopOthers() throws Exception {
    // Given
    start();
    apply(serverNamed("sixth") + policy("tools: { echo: {} }") + grant("bot", "sixth", ""));
    awaitCondition("grant/bot", "Ready");
    gateways.admin(
        "POST",
        "/grants",
        "{\"label\":\"taken\",\"server\":\"sixth\",\"tokenSha256\":\""
            + Token.random().sha256().hex()
            + "\"}");

    // When
    apply(grant("taken", "sixth", "") + grant("free", "sixth", ""));
    awaitCondition("grant/free", "Ready");

    // Then
    await().atMost(PATIENCE).until(() -> reason("grant/taken", "Accepted").equals("Refused"));
    assertThat(message("grant/taken", "Accepted")).contains("declared by another source");
    gateways.admin("POST", "/grants/taken/revoke", "");
  }

  @Test
  void operatorThatStartsAgainChangesNoStatus() throws Exception {
    // Given
    start();
    apply(serverNamed("seventh") + policy("tools: { echo: {} }") + grant("bot", "seventh", ""));
    awaitCondition("grant/bot", "Ready");
    String before = kubectl("get", "tallygate", "-o", "json");

    // When
    operators.forEach(Operator::close);
    Operator next = operator("next");
    long revision = revision();
    start(next);
    await().atMost(PATIENCE).until(() -> revision() > revision);
    await()
        .atMost(PATIENCE)
        .until(() -> metric(next, "tallygate_operator_reconcile_seconds_count") > 1);

    // Then
    assertThat(kubectl("get", "tallygate", "-o", "json")).isEqualTo(before);
    assertThat(metric(next, "tallygate_operator_status_writes_total")).isZero();
  }

  private static long revision() throws IOException {
    return JSON.readTree(gateways.admin("GET", "/registry/nodes", "")).path("revision").asLong();
  }

  private static double metric(Operator operator, String name) throws Exception {
    String all =
        java.net.http.HttpClient.newHttpClient()
            .send(
                java.net.http.HttpRequest.newBuilder(
                        java.net.URI.create("http://127.0.0.1:" + operator.port() + "/metrics"))
                    .build(),
                java.net.http.HttpResponse.BodyHandlers.ofString())
            .body();
    return all.lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElse(0);
  }
}
