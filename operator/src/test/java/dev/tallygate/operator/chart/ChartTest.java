package dev.tallygate.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the chart promises, by what Helm makes of it. */
class ChartTest {
  private static final String SECRETS =
      "cluster.secret.existingSecret=made-before,admin.token.existingSecret=made-before";
  private static final Pattern METRIC = Pattern.compile("\\b(tallygate|jvm|process)_[a-z_]+\\b");

  private static Helm helm;

  @TempDir private Path folder;

  @BeforeAll
  static void newestHelm() throws IOException, InterruptedException {
    helm = Helm.of("helm4");
  }

  static Stream<Path> valueSets() throws IOException {
    return Stream.concat(
        Helm.valueSets(),
        Stream.of(
            Helm.CHART.resolve("values-production.yaml"), Helm.CHART.resolve("values-small.yaml")));
  }

  static Stream<Arguments> helmsAndValueSets() throws IOException {
    List<Path> sets = valueSets().toList();
    return Stream.of("helm3", "helm4")
        .flatMap(name -> sets.stream().map(set -> Arguments.of(name, set)));
  }

  private static List<JsonNode> rendered(Path values) throws IOException, InterruptedException {
    return helm.render("--set", SECRETS, "-f", values.toString());
  }

  private static Stream<JsonNode> of(List<JsonNode> objects, String kind) {
    return objects.stream().filter(each -> each.path("kind").asText().equals(kind));
  }

  private static JsonNode one(List<JsonNode> objects, String kind, String name) {
    return of(objects, kind)
        .filter(each -> each.at("/metadata/name").asText().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("there is no " + kind + " " + name));
  }

  private static Stream<JsonNode> each(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  /** What every pod is made by, with the name of what makes it. */
  private static List<JsonNode> podSpecs(List<JsonNode> objects) {
    List<JsonNode> specs = new ArrayList<>();
    objects.stream().map(each -> each.at("/spec/template/spec")).forEach(specs::add);
    of(objects, "Pod").map(each -> each.path("spec")).forEach(specs::add);
    specs.removeIf(JsonNode::isMissingNode);
    return specs;
  }

  private static List<JsonNode> containers(JsonNode pod) {
    return Stream.concat(each(pod.path("initContainers")), each(pod.path("containers"))).toList();
  }

  @ParameterizedTest
  @MethodSource("helmsAndValueSets")
  void bothHelmsFindNothingWrong(String name, Path values)
      throws IOException, InterruptedException {
    // When
    Helm.Ran ran =
        Helm.of(name).run("lint", "--strict", ".", "--set", SECRETS, "-f", values.toString());

    // Then
    assertThat(ran.exit()).as(ran.out() + ran.err()).isZero();
    assertThat(Helm.of(name).template("--set", SECRETS, "-f", values.toString()).exit()).isZero();
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void everyPodIsRestricted(Path values) throws IOException, InterruptedException {
    // When
    List<JsonNode> pods = podSpecs(rendered(values));

    // Then
    assertThat(pods).hasSizeGreaterThanOrEqualTo(3);
    for (JsonNode pod : pods) {
      assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
      assertThat(pod.at("/securityContext/runAsUser").asInt()).isEqualTo(65532);
      assertThat(pod.at("/securityContext/seccompProfile/type").asText())
          .isEqualTo("RuntimeDefault");
      assertThat(pod.at("/securityContext/fsGroupChangePolicy").asText())
          .isEqualTo("OnRootMismatch");
      for (String shared : List.of("hostNetwork", "hostPID", "hostIPC")) {
        assertThat(pod.path(shared).asBoolean()).as(shared).isFalse();
      }
      assertThat(each(pod.path("volumes")).filter(each -> each.has("hostPath"))).isEmpty();
      for (JsonNode container : containers(pod)) {
        JsonNode security = container.path("securityContext");
        assertThat(security.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
        assertThat(security.path("readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(security.path("runAsNonRoot").asBoolean()).isTrue();
        assertThat(security.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
        assertThat(security.at("/capabilities/add").isMissingNode()).isTrue();
        assertThat(
                each(container.path("volumeMounts")).map(each -> each.path("mountPath").asText()))
            .contains("/tmp");
        assertThat(container.at("/resources/limits/memory").asText()).isNotEmpty();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void onlyTheOperatorIsGivenAToken(Path values) throws IOException, InterruptedException {
    // When
    List<JsonNode> objects = rendered(values);

    // Then
    for (JsonNode pod : podSpecs(objects)) {
      boolean isOperator = pod.at("/containers/0/name").asText().equals("operator");
      assertThat(pod.path("automountServiceAccountToken").asBoolean(true)).isEqualTo(isOperator);
    }
    assertThat(of(objects, "ServiceAccount"))
        .allMatch(each -> !each.path("automountServiceAccountToken").asBoolean(true));
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void noRightIsAWildcardAndNoneIsHeldInTheWholeCluster(Path values)
      throws IOException, InterruptedException {
    // When
    List<JsonNode> objects = rendered(values);

    // Then
    Stream.concat(of(objects, "Role"), of(objects, "ClusterRole"))
        .flatMap(role -> each(role.path("rules")))
        .forEach(
            rule -> assertThat(rule.toString()).doesNotContain("\"*\"").doesNotContain("escalate"));
    assertThat(of(objects, "ClusterRoleBinding")).isEmpty();
    assertThat(of(objects, "ClusterRole"))
        .allMatch(role -> role.at("/metadata/labels").toString().contains("/aggregate-to-"));
  }

  @Test
  void theOperatorMayDoWhatItDoesAndNoMore() throws IOException, InterruptedException {
    // When
    JsonNode role = one(helm.render("--set", SECRETS), "Role", "t-tallygate-operator");

    // Then
    List<String> rights = new ArrayList<>();
    for (JsonNode rule : role.path("rules")) {
      String groups = texts(rule.path("apiGroups"));
      String only = rule.has("resourceNames") ? " " + texts(rule.path("resourceNames")) : "";
      rights.add(
          "%s: %s %s%s"
              .formatted(groups, texts(rule.path("verbs")), texts(rule.path("resources")), only));
    }
    assertThat(rights)
        .containsExactly(
            "tallygate.dev: list,watch policies,mcpservers,grants",
            "tallygate.dev: patch policies/status,mcpservers/status,grants/status",
            ": list,watch,create secrets",
            ": list,watch configmaps",
            "events.k8s.io: create events",
            "coordination.k8s.io: create leases",
            "coordination.k8s.io: get,update,patch leases t-tallygate-operator");
  }

  private static String texts(JsonNode array) {
    return each(array).map(JsonNode::asText).collect(Collectors.joining(","));
  }

  @Test
  void membersPortIsOpenToMembersAndGatewaysOnly() throws IOException, InterruptedException {
    // When
    List<JsonNode> objects = helm.render("--set", SECRETS);

    // Then
    assertThat(from(objects, "state", 5701)).containsExactlyInAnyOrder("state", "gateway");
    assertThat(from(objects, "gateway", 5701)).containsExactlyInAnyOrder("state", "gateway");
    assertThat(from(objects, "operator", 5701)).isEmpty();
  }

  @Test
  void adminPortIsOpenToTheOperatorAndToWhomIsNamed() throws IOException, InterruptedException {
    // When
    List<JsonNode> closed = helm.render("--set", SECRETS);
    List<JsonNode> open =
        helm.render(
            "--set",
            SECRETS,
            "--set",
            "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring");

    // Then
    assertThat(from(closed, "gateway", 9090)).containsExactly("operator");
    assertThat(from(closed, "state", 9090)).isEmpty();
    assertThat(from(closed, "operator", 9090)).isEmpty();
    assertThat(from(open, "gateway", 9090)).containsExactlyInAnyOrder("operator", "monitoring");
    assertThat(from(open, "state", 9090)).containsExactly("monitoring");
    assertThat(from(closed, "gateway", 8080)).containsExactly("everybody");
  }

  /** Components, and namespaces by their label, whose pods reach a port. */
  private static List<String> from(List<JsonNode> objects, String component, int port) {
    JsonNode policy = one(objects, "NetworkPolicy", "t-tallygate-" + component);
    assertThat(policy.at("/spec/podSelector/matchLabels/app.kubernetes.io~1component").asText())
        .isEqualTo(component);
    assertThat(each(policy.at("/spec/policyTypes")).map(JsonNode::asText)).contains("Ingress");
    List<String> from = new ArrayList<>();
    for (JsonNode rule : policy.at("/spec/ingress")) {
      // A rule without ports would open them all.
      assertThat(rule.path("ports")).isNotEmpty();
      if (each(rule.path("ports")).noneMatch(each -> each.path("port").asInt() == port)) {
        continue;
      }
      if (!rule.has("from")) {
        from.add("everybody");
      }
      for (JsonNode peer : rule.path("from")) {
        JsonNode labels = peer.at("/podSelector/matchLabels");
        if (labels.isMissingNode()) {
          from.add(peer.at("/namespaceSelector/matchLabels/name").asText());
        } else {
          assertThat(labels.path("app.kubernetes.io/instance").asText()).isEqualTo("t");
          from.add(labels.path("app.kubernetes.io/component").asText());
        }
      }
    }
    return from;
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void everySelectorFindsItsPods(Path values) throws IOException, InterruptedException {
    // Given
    List<JsonNode> objects = rendered(values);
    List<JsonNode> labels = new ArrayList<>();
    objects.forEach(each -> labels.add(each.at("/spec/template/metadata/labels")));
    of(objects, "Pod").forEach(each -> labels.add(each.at("/metadata/labels")));
    labels.removeIf(JsonNode::isMissingNode);

    // When
    List<JsonNode> selectors = new ArrayList<>();
    of(objects, "Service").forEach(each -> selectors.add(each.at("/spec/selector")));
    for (String kind : List.of("StatefulSet", "Deployment", "PodDisruptionBudget")) {
      of(objects, kind).forEach(each -> selectors.add(each.at("/spec/selector/matchLabels")));
    }
    of(objects, "NetworkPolicy")
        .forEach(each -> selectors.add(each.at("/spec/podSelector/matchLabels")));

    // Then
    for (JsonNode selector : selectors) {
      assertThat(selector).isNotEmpty();
      assertThat(labels.stream().filter(pod -> selects(selector, pod)))
          .as(selector.toString())
          .hasSize(1);
    }
  }

  private static boolean selects(JsonNode selector, JsonNode labels) {
    return selector.properties().stream()
        .allMatch(entry -> entry.getValue().equals(labels.get(entry.getKey())));
  }

  @ParameterizedTest
  @CsvSource({
    "replcas=2, replcas",
    "gateway.replcas=2, replcas",
    "gateway.audit.volume.typ=claim, typ",
    "networkPolicy.egress.upstream=x, upstream",
    "state.jvm.maxheap=1g, maxheap",
    "crds.kep=true, kep",
    "state.replicas=2, replicas",
    "gateway.audit.onFailure=ignore, onFailure",
    "operator.jvm.maxHeap=1GB, maxHeap",
    "image.digest=latest, digest",
  })
  void aMistakeInValuesIsRefusedByItsName(String value, String named)
      throws IOException, InterruptedException {
    for (String each : List.of("helm3", "helm4")) {
      // When
      Helm.Ran ran = Helm.of(each).template("--set", SECRETS, "--set", value);

      // Then
      assertThat(ran.exit()).isNotZero();
      assertThat(ran.err()).contains(named).contains("schema");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "gateway.ingress.enabled=true, gateway.ingress.hosts needs a name",
    "gateway.httpRoute.enabled=true, gateway.httpRoute.parentRefs needs the Gateway",
  })
  void aWayInThatLeadsNowhereIsRefused(String value, String message)
      throws IOException, InterruptedException {
    // When
    Helm.Ran ran = helm.template("--set", SECRETS, "--set", value);

    // Then
    assertThat(ran.exit()).isNotZero();
    assertThat(ran.err()).contains(message);
  }

  @Test
  void gatewaysAnswerToEveryNameOfTheirService() throws IOException, InterruptedException {
    // When
    List<JsonNode> objects =
        helm.render("--set", SECRETS + ",gateway.listen.allowedHosts[0]=mcp.example.org");

    // Then
    String file =
        one(objects, "ConfigMap", "t-tallygate-gateway").at("/data/gateway.yaml").asText();
    assertThat(each(Helm.all(file).get(0).at("/listen/allowedHosts")).map(JsonNode::asText))
        .containsExactly(
            "mcp.example.org",
            "t-tallygate-gateway",
            "t-tallygate-gateway.gates",
            "t-tallygate-gateway.gates.svc",
            "t-tallygate-gateway.gates.svc.cluster.local");
  }

  @Test
  void everyObjectOfTheSchemaIsClosedAndEveryValueIsDescribed() throws IOException {
    closed("values", Helm.json(Helm.CHART.resolve("values.schema.json")));
  }

  private static void closed(String path, JsonNode schema) {
    assertThat(schema.path("description").asText()).as(path).isNotEmpty();
    if (schema.has("properties")) {
      assertThat(schema.path("additionalProperties").asBoolean(true)).as(path).isFalse();
      schema
          .path("properties")
          .properties()
          .forEach(each -> closed(path + "." + each.getKey(), each.getValue()));
    }
  }

  @Test
  void theReadmeListsEveryValueWithItsDefault() throws IOException {
    // Given
    JsonNode schema = Helm.json(Helm.CHART.resolve("values.schema.json"));
    JsonNode values = Helm.yaml(Helm.CHART.resolve("values.yaml"));

    // When
    List<String> rows =
        new ArrayList<>(List.of("| value | default | meaning |", "| --- | --- | --- |"));
    rows(List.of(), schema, values, rows);

    // Then
    String readme = Files.readString(Helm.CHART.resolve("README.md"));
    String table =
        readme.substring(
            readme.indexOf("<!-- values -->\n") + "<!-- values -->\n".length(),
            readme.indexOf("<!-- /values -->"));
    assertThat(table.strip().lines()).containsExactlyElementsOf(rows);
  }

  private static void rows(List<String> path, JsonNode schema, JsonNode value, List<String> rows) {
    if (schema.has("properties")) {
      // None that the schema does not know: Helm would refuse its own defaults.
      for (Map.Entry<String, JsonNode> each : schema.path("properties").properties()) {
        if (path.isEmpty() && each.getKey().equals("global")) {
          continue;
        }
        List<String> inside = new ArrayList<>(path);
        inside.add(each.getKey());
        rows(inside, each.getValue(), value.path(each.getKey()), rows);
      }
      return;
    }
    String shown = value.isMissingNode() ? "" : "`" + value + "`";
    rows.add(
        "| `%s` | %s | %s |"
            .formatted(
                String.join(".", path),
                shown.replace("|", "\\|"),
                schema.path("description").asText().replace("|", "\\|")));
  }

  @Test
  void withoutAKubernetesClusterSecretsAreAskedForAndNotMadeAnew()
      throws IOException, InterruptedException {
    // When
    Helm.Ran ran = helm.template();

    // Then
    assertThat(ran.exit()).isNotZero();
    assertThat(ran.err())
        .containsPattern("(cluster.secret|admin.token).existingSecret is needed")
        .contains("kubectl create secret generic");
    assertThat(of(helm.render("--set", SECRETS), "Secret")).isEmpty();
  }

  @Test
  void resourceDefinitionsStayWhenTheReleaseGoes() throws IOException, InterruptedException {
    // When
    List<JsonNode> kept = of(helm.render("--set", SECRETS), "CustomResourceDefinition").toList();
    Stream<JsonNode> none =
        of(helm.render("--set", SECRETS + ",crds.install=false"), "CustomResourceDefinition");

    // Then
    assertThat(kept)
        .extracting(each -> each.at("/metadata/name").asText())
        .containsExactlyInAnyOrder(
            "grants.tallygate.dev", "mcpservers.tallygate.dev", "policies.tallygate.dev");
    assertThat(kept)
        .allMatch(
            each ->
                each.at("/metadata/annotations/helm.sh~1resource-policy").asText().equals("keep"));
    assertThat(none).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("valueSets")
  void everyPodHasTimeToEndInOrder(Path values) throws IOException, InterruptedException {
    List<JsonNode> objects = rendered(values);
    Matcher drain = Pattern.compile(" drain: (\\d+)s").matcher(objects.toString());
    assertThat(drain.find()).isTrue();
    for (JsonNode pod : podSpecs(objects)) {
      JsonNode container = pod.at("/containers/0");
      if (List.of("state", "gateway").contains(container.path("name").asText())) {
        assertThat(pod.path("terminationGracePeriodSeconds").asInt())
            .isGreaterThanOrEqualTo(Integer.parseInt(drain.group(1)) + 30);
        assertThat(container.at("/readinessProbe/httpGet/path").asText()).isEqualTo("/readyz");
        assertThat(container.at("/livenessProbe/httpGet/path").asText()).isEqualTo("/livez");
      }
    }
  }

  @Test
  void theNumberOfGatewaysIsLeftToWhoScalesThem() throws IOException, InterruptedException {
    // When
    List<JsonNode> own = helm.render("--set", SECRETS + ",gateway.autoscaling.enabled=true");
    List<JsonNode> another = helm.render("--set", SECRETS + ",gateway.autoscaling.external=true");
    Helm.Ran both =
        helm.template(
            "--set",
            SECRETS + ",gateway.autoscaling.enabled=true,gateway.autoscaling.external=true");

    // Then
    for (List<JsonNode> objects : List.of(own, another)) {
      assertThat(one(objects, "Deployment", "t-tallygate-gateway").path("spec").has("replicas"))
          .isFalse();
    }
    assertThat(of(own, "HorizontalPodAutoscaler")).hasSize(1);
    assertThat(of(another, "HorizontalPodAutoscaler")).isEmpty();
    assertThat(both.exit()).isNotZero();
    assertThat(both.err())
        .contains("gateway.autoscaling.enabled and gateway.autoscaling.external cannot be used");
  }

  @Test
  void theSmallSetTakes512MiBInAll() throws IOException, InterruptedException {
    // When
    List<JsonNode> objects = rendered(Helm.CHART.resolve("values-small.yaml"));

    // Then
    int all = 0;
    for (JsonNode object : objects) {
      JsonNode container = object.at("/spec/template/spec/containers/0");
      if (!container.isMissingNode()) {
        String limit = container.at("/resources/limits/memory").asText();
        assertThat(container.at("/resources/requests/memory").asText()).isEqualTo(limit);
        all += object.at("/spec/replicas").asInt() * Integer.parseInt(limit.replace("Mi", ""));
      }
    }
    assertThat(all).isEqualTo(512);
  }

  @Test
  void everyNameThatThePagesShowIsOneOfTheRelease() throws IOException, InterruptedException {
    // Given
    List<JsonNode> objects = helm.render("--set", SECRETS + ",fullnameOverride=gates-tallygate");
    List<String> services =
        of(objects, "Service").map(each -> each.at("/metadata/name").asText()).toList();
    List<String> names = objects.stream().map(each -> each.at("/metadata/name").asText()).toList();

    // When
    Set<String> shown = new TreeSet<>();
    Set<String> asked = new TreeSet<>();
    for (Path page : pages()) {
      String text = Files.readString(page);
      matches("\\bgates-tallygate[a-z-]*", text).forEach(shown::add);
      matches("\\bgates-tallygate[a-z-]*(?=\\.gates\\.svc)", text).forEach(asked::add);
    }

    // Then
    assertThat(shown).contains("gates-tallygate-gateway").isSubsetOf(names);
    assertThat(asked).contains("gates-tallygate-gateway").isSubsetOf(services);
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages =
        new ArrayList<>(List.of(Helm.HOME.resolve("README.md"), Helm.CHART.resolve("README.md")));
    try (Stream<Path> docs = Files.list(Helm.HOME.resolve("docs"))) {
      docs.filter(page -> page.toString().endsWith(".md")).forEach(pages::add);
    }
    return pages;
  }

  private static Stream<String> matches(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().map(MatchResult::group);
  }

  @Test
  void alertsAndDashboardAskForMetricsThatThereAre() throws IOException {
    // Given
    String documented = Files.readString(Helm.HOME.resolve("docs/metrics.md"));
    Set<String> asked = new TreeSet<>();
    JsonNode alerts = Helm.yaml(Helm.CHART.resolve("files/alerts.yaml"));
    alerts.findValues("expr").forEach(expr -> asked.addAll(metrics(expr.asText())));
    JsonNode dashboard = Helm.json(Helm.CHART.resolve("files/dashboard.json"));
    dashboard.findValues("expr").forEach(expr -> asked.addAll(metrics(expr.asText())));

    // When // Then
    assertThat(asked).hasSizeGreaterThan(30);
    for (String metric : asked) {
      String family = metric.replaceFirst("_(bucket|sum|count)$", "");
      assertThat(documented)
          .as(metric)
          .containsPattern(
              metric.startsWith("tallygate_")
                  ? "`" + family + "`"
                  : "`" + metric.split("_")[0] + "_\\*`");
    }
  }

  private static List<String> metrics(String query) {
    return METRIC.matcher(query).results().map(MatchResult::group).toList();
  }

  @Test
  void alertsHoldTheirTests() throws IOException, InterruptedException {
    // Given
    List<JsonNode> objects = helm.render("--set", SECRETS + ",metrics.prometheusRule.enabled=true");
    JsonNode rules = one(objects, "PrometheusRule", "t-tallygate").path("spec");
    Files.writeString(folder.resolve("rules.yaml"), rules.toPrettyString());
    Files.copy(Helm.CHART.resolve("alerts-test.yaml"), folder.resolve("alerts-test.yaml"));

    // When
    Helm.Ran check;
    Helm.Ran tests;
    try {
      check = Helm.run(folder, List.of("promtool", "check", "rules", "rules.yaml"));
      tests = Helm.run(folder, List.of("promtool", "test", "rules", "alerts-test.yaml"));
    } catch (IOException e) {
      Assumptions.abort("promtool is not installed: " + e.getMessage());
      return;
    }

    // Then
    assertThat(check.exit()).as(check.out() + check.err()).isZero();
    assertThat(tests.exit()).as(tests.out() + tests.err()).isZero();
    Set<String> tested = new TreeSet<>();
    Pattern.compile("Tallygate[A-Za-z]+")
        .matcher(Files.readString(folder.resolve("alerts-test.yaml")))
        .results()
        .forEach(found -> tested.add(found.group()));
    assertThat(rules.findValuesAsText("alert")).containsExactlyInAnyOrderElementsOf(tested);
  }
}
