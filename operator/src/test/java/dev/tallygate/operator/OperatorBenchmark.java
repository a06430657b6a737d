package dev.tallygate.operator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.operator.kubernetes.ApiServer;
import dev.tallygate.registry.Token;
import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.apis.CustomObjectsApi;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.openapi.models.V1Secret;
import io.kubernetes.client.util.PatchUtils;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Measures how long a change of a Policy takes from the request to the API server until the last of
 * three gateways judges calls by it, with few resources and with many, and what the operator needs
 * for it. Run by {@code load-tests/operator}.
 */
public final class OperatorBenchmark {
  private static final int GATEWAYS = 3;
  private static final int WRITERS = 8;
  private static final int HEAP_MIB = 256;
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ApiServer server = ApiServer.get();
  private final String namespace = server.namespace();
  private final ApiClient client;
  private final Gateways gateways;
  private final Path folder;
  private final int operatorPort = ApiServer.freePorts(1).get(0);
  private final Process operator;
  private final Token token = Token.random();
  private final List<String> rows = new ArrayList<>();

  private OperatorBenchmark(Path folder) throws IOException {
    this.folder = folder;
    client = server.client();
    gateways = new Gateways(folder, GATEWAYS, List.of("-Xmx512m"));
    operator = operator();
  }

  /**
   * Runs, and writes the page.
   *
   * @param arguments how many policies, how many grants, how many changes, and the page
   */
  public static void main(String[] arguments) throws Exception {
    int policies = Integer.parseInt(arguments[0]);
    int grants = Integer.parseInt(arguments[1]);
    int changes = Integer.parseInt(arguments[2]);
    OperatorBenchmark benchmark = new OperatorBenchmark(Files.createTempDirectory("operator"));
    try {
      benchmark.run(policies, grants, changes);
      String page = benchmark.page();
      System.out.println(page);
      if (arguments.length > 3) {
        Files.writeString(Path.of(arguments[3]), page);
      }
    } finally {
      benchmark.operator.destroyForcibly();
      benchmark.gateways.close();
    }
    System.exit(0);
  }

  private Process operator() throws IOException {
    Path adminToken =
        Files.writeString(folder.resolve("operator-admin-token"), Gateways.ADMIN_TOKEN);
    Path secret = Files.writeString(folder.resolve("operator-secret"), Gateways.SECRET);
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + HEAP_MIB + "m",
            "-XX:+UseSerialGC",
            "-jar",
            "target/tallygate-operator.jar",
            "--namespace=" + namespace,
            "--gateway=" + gateways.admin(1),
            "--admin-token-file=" + adminToken,
            "--cluster-secret-file=" + secret,
            "--listen=127.0.0.1:" + operatorPort,
            "--kubeconfig=" + server.kubeconfig())
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("operator.log").toFile())
        .start();
  }

  private void run(int policies, int grants, int changes) throws Exception {
    create("mcpservers", "McpServer", "one", Map.of("url", gateways.upstream(), "trust", "any"));
    create("policies", "Policy", "judged", document("echo"));
    grant("judged", "judged", token);
    until(() -> answers("done"));
    System.err.println("few resources: " + changes + " changes...");
    measure("1 policy, 1 grant", changes);

    long began = System.nanoTime();
    System.err.println(policies + " policies and " + grants + " grants are made...");
    ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
    List<Future<?>> made = new ArrayList<>();
    for (int i = 0; i < policies; i++) {
      String name = "policy-" + i;
      made.add(
          writers.submit(
              () -> {
                create("policies", "Policy", name, document("tool-" + name));
                return null;
              }));
    }
    for (int i = 0; i < grants; i++) {
      String name = "grant-" + i;
      String policy = "policy-" + i % policies;
      made.add(
          writers.submit(
              () -> {
                grant(name, policy, Token.random());
                return null;
              }));
    }
    for (Future<?> each : made) {
      each.get();
    }
    System.err.printf("made in %.0f s; waiting until all are ready...%n", seconds(began));
    until(() -> ready() >= policies + grants + 3);
    System.err.printf("all are ready after %.0f s%n", seconds(began));
    rows.add(
        String.format(
            Locale.ROOT,
            "%n%d policies and %d grants with their Secrets: %.0f s from the first that was written until each had `Ready: True`. The operator"
                + " has a heap of %d MiB.",
            policies,
            grants,
            seconds(began),
            HEAP_MIB));
    measure(policies + 1 + " policies, " + (grants + 1) + " grants", changes);
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / (double) TimeUnit.SECONDS.toNanos(1);
  }

  private interface Check {
    boolean holds() throws Exception;
  }

  private static void until(Check check) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!check.holds()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("it took more than " + PATIENCE);
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private boolean answers(String wanted) {
    return gateways.callAll("one", token.reveal(), "echo").stream()
        .allMatch(answer -> answer.contains(wanted));
  }

  private long ready() throws Exception {
    double written = metric("tallygate_operator_resources{kind=\"Grant\",accepted=\"true\",}");
    if (written == 0) {
      return 0;
    }
    JsonNode list =
        JSON.readTree(
            JSON.writeValueAsString(
                new CustomObjectsApi(client)
                    .listNamespacedCustomObject("tallygate.dev", "v1alpha1", namespace, "grants")
                    .execute()));
    long count = 0;
    for (String plural : List.of("grants", "policies", "mcpservers")) {
      JsonNode all =
          plural.equals("grants")
              ? list
              : JSON.readTree(
                  JSON.writeValueAsString(
                      new CustomObjectsApi(client)
                          .listNamespacedCustomObject(
                              "tallygate.dev", "v1alpha1", namespace, plural)
                          .execute()));
      for (JsonNode item : all.path("items")) {
        for (JsonNode condition : item.at("/status/conditions")) {
          if (condition.path("type").asText().equals("Ready")
              && condition.path("status").asText().equals("True")) {
            count++;
          }
        }
      }
    }
    TimeUnit.SECONDS.sleep(1);
    return count;
  }

  private void measure(String what, int changes) throws Exception {
    double[] millis = new double[changes];
    double runsBefore = metric("tallygate_operator_reconcile_seconds_count");
    double timeBefore = metric("tallygate_operator_reconcile_seconds_sum");
    double writesBefore = metric("tallygate_operator_status_writes_total");
    double cpuBefore = metric("process_cpu_seconds_total");
    for (int i = 0; i < changes; i++) {
      boolean allowed = i % 2 == 1;
      long began = System.nanoTime();
      patch("policies", "judged", document(allowed ? "echo" : "other"));
      while (!answers(allowed ? "done" : "dev.tallygate")) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      millis[i] = seconds(began) * 1000;
      // What the operator writes of one change is not to meet the next.
      TimeUnit.MILLISECONDS.sleep(500);
    }
    Arrays.sort(millis);
    double runs = metric("tallygate_operator_reconcile_seconds_count") - runsBefore;
    double time = metric("tallygate_operator_reconcile_seconds_sum") - timeBefore;
    rows.add(
        String.format(
            Locale.ROOT,
            "| %s | %d | %.0f | %.0f | %.0f | %.1f | %.0f | %.1f | %.0f | %d |",
            what,
            changes,
            millis[changes / 2],
            millis[(int) Math.ceil(changes * 0.99) - 1],
            millis[changes - 1],
            runs / changes,
            1000 * time / runs,
            (metric("tallygate_operator_status_writes_total") - writesBefore) / changes,
            1000 * (metric("process_cpu_seconds_total") - cpuBefore) / changes,
            residentMib()));
  }

  private long residentMib() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc", operator.pid() + "", "status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
      }
    }
    return 0;
  }

  private String page() {
    String machine =
        Runtime.getRuntime().availableProcessors()
            + " cores, JDK "
            + System.getProperty("java.version")
            + ", "
            + LocalDate.now();
    return """
    # What a change takes on Kubernetes

    From the request to the API server that changes a Policy until the last of three gateways judges calls by it; made by `load-tests/operator`
    (%s). API server, etcd, operator, gateways and the clients that ask share the machine.

    | resources | changes | p50 ms | p99 ms | longest ms | runs a change | ms a run | statuses written a change | CPU ms of the operator a change | its RSS, MiB |
    | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
    """
            .formatted(machine)
        + String.join("\n", tableFirst())
        + "\n";
  }

  /** The rows of the table before what is said besides. */
  private List<String> tableFirst() {
    List<String> ordered =
        new ArrayList<>(rows.stream().filter(row -> row.startsWith("|")).toList());
    rows.stream().filter(row -> !row.startsWith("|")).forEach(ordered::add);
    return ordered;
  }

  private static Map<String, Object> document(String tool) {
    return Map.of(
        "version",
        "1",
        "default",
        "deny",
        "tools",
        Map.of(
            tool,
            Map.of(
                "limits",
                List.of(Map.of("counter", "calls", "window", "minute", "max", 1_000_000)))));
  }

  private void grant(String name, String policy, Token of) throws ApiException {
    new CoreV1Api(client)
        .createNamespacedSecret(
            namespace,
            new V1Secret()
                .metadata(new V1ObjectMeta().name(name + "-token"))
                .stringData(Map.of("token", of.reveal())))
        .execute();
    create(
        "grants",
        "Grant",
        name,
        Map.of(
            "serverRef", Map.of("name", "one"),
            "policyRef", Map.of("name", policy),
            "token", Map.of("secretRef", Map.of("name", name + "-token"))));
  }

  private void create(String plural, String kind, String name, Map<String, Object> spec)
      throws ApiException {
    new CustomObjectsApi(client)
        .createNamespacedCustomObject(
            "tallygate.dev",
            "v1alpha1",
            namespace,
            plural,
            Map.of(
                "apiVersion",
                "tallygate.dev/v1alpha1",
                "kind",
                kind,
                "metadata",
                Map.of("name", name),
                "spec",
                spec))
        .execute();
  }

  private void patch(String plural, String name, Map<String, Object> spec) throws Exception {
    String replaced =
        JSON.writeValueAsString(List.of(Map.of("op", "replace", "path", "/spec", "value", spec)));
    PatchUtils.patch(
        Object.class,
        () ->
            new CustomObjectsApi(client)
                .patchNamespacedCustomObject(
                    "tallygate.dev", "v1alpha1", namespace, plural, name, new V1Patch(replaced))
                .buildCall(null),
        V1Patch.PATCH_FORMAT_JSON_PATCH,
        client);
  }

  private double metric(String name) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + operatorPort + "/metrics"))
                .build(),
            BodyHandlers.ofString())
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElse(0);
  }
}
