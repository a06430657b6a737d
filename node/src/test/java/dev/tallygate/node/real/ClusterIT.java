package dev.tallygate.node.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.FreePorts;
import dev.tallygate.node.fixture.ReceivedRequest;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.gate.TestClient;
import dev.tallygate.registry.Token;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three members and a gateway as users run them, each a JVM of its own, on loopback. */
@Timeout(300)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClusterIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int MEMBERS = 3;
  private static final int GATEWAY = MEMBERS;
  private static final String SECRET = "a secret of this test only";

  /**
   * Windows of a day, since one of a minute might end in between. Of what is plenty nodes lease;
   * what is scarce they ask for call by call.
   */
  private static final String POLICY =
      """
      {"version": "1", "default": "deny", "tools": {
        "scarce": {"limits": [{"counter": "scarce", "window": "day", "max": 10}]},
        "handed": {"limits": [{"counter": "handed", "window": "day", "max": 40}]},
        "evaded": {"limits": [{"counter": "evaded", "window": "day", "max": 10}]},
        "plenty": {"limits": [{"counter": "plenty", "window": "day", "max": 1000000}]},
        "free": {}
      }}
      """;

  @TempDir static Path directory;

  private static final String cluster = "it-" + UUID.randomUUID();
  private static final Token token = Token.random();
  private static final List<Integer> ports = FreePorts.some(MEMBERS + 2);
  private static final GateProcess[] nodes = new GateProcess[MEMBERS + 1];
  private static final ExecutorService clients = Executors.newFixedThreadPool(40);
  private static final List<String> sessions = new ArrayList<>();
  private static FixtureServer upstream;

  @BeforeAll
  static void start() {
    upstream =
        FixtureServer.start(
            Tool.named("scarce"),
            Tool.named("handed"),
            Tool.named("evaded"),
            Tool.named("plenty"),
            Tool.named("free"));
    IntStream.range(0, nodes.length)
        .mapToObj(at -> CompletableFuture.runAsync(() -> nodes[at] = settings(at).start(), clients))
        .toList()
        .forEach(CompletableFuture::join);
    awaitMembers(MEMBERS, nodes);
    awaitCounting(nodes);
  }

  @AfterAll
  static void stop() {
    for (GateProcess node : nodes) {
      if (node != null) {
        node.process().kill();
        node.close();
      }
    }
    clients.shutdownNow();
    upstream.close();
  }

  @Test
  @Order(1)
  void tenOfFortyCallsAtOnceOverAllNodesAreAdmitted() throws Exception {
    // When
    List<Callable<Boolean>> calls =
        IntStream.range(0, 40)
            .<Callable<Boolean>>mapToObj(i -> () -> admitted(nodes[i % nodes.length], "scarce"))
            .toList();
    int admitted = 0;
    for (Future<Boolean> call : clients.invokeAll(calls)) {
      admitted += call.get() ? 1 : 0;
    }

    // Then
    assertThat(admitted).isEqualTo(10);
    assertThat(forwarded("scarce")).isEqualTo(10);
  }

  @Test
  @Order(2)
  void sessionOpenedOnOneNodeWorksOnAll() {
    // Given
    sessions.add(sessionOpenedOn(0));
    sessions.add(sessionOpenedOn(0));

    // Then
    for (GateProcess node : nodes) {
      assertInSession(node, sessions.get(0));
    }
  }

  /** Attack A26 over several nodes, each way on each of them at once. */
  @Test
  @Order(2)
  void neitherSessionsNorErasNorRoundsNorNodesFindRoomBeyondTheLimit() throws Exception {
    // Given
    List<Callable<String>> ways = new ArrayList<>();
    for (int at = 0; at < nodes.length; at++) {
      TestClient alice = alice(at);
      String ofAnotherNode = sessionOpenedOn((at + 1) % nodes.length);
      for (int i = 0; i < 4; i++) {
        String round = "round-" + i;
        ways.add(() -> alice.call("evaded").body());
        ways.add(() -> alice.legacyCall(ofAnotherNode, "evaded").body());
        ways.add(
            () ->
                TestClient.send(
                        alice
                            .modern(
                                "tools/call",
                                "\"name\":\"evaded\",\"arguments\":{},\"requestState\":\""
                                    + round
                                    + "\",\"inputResponses\":{\"q\":{\"action\":\"accept\"}}")
                            .header("Mcp-Name", "evaded"))
                    .body());
      }
    }

    // When
    int admitted = 0;
    for (Future<String> way : clients.invokeAll(ways)) {
      admitted += isAdmitted(way.get(), "evaded") ? 1 : 0;
    }

    // Then
    assertThat(admitted).isEqualTo(10);
    assertThat(forwarded("evaded")).isEqualTo(10);
  }

  @Test
  @Order(3)
  void limitHoldsWhenAMemberIsKilledAndTheOthersAreReadyAgain() throws Exception {
    // When
    nodes[0].process().kill();

    // Then
    awaitMembers(2, nodes[1], nodes[2], nodes[GATEWAY]);
    for (GateProcess node : List.of(nodes[1], nodes[2], nodes[GATEWAY])) {
      assertThat(admitted(node, "scarce")).isFalse();
      awaitCounting(node);
      assertThat(admitted(node, "scarce")).isFalse();
    }
    assertThat(forwarded("scarce")).isEqualTo(10);

    // When
    nodes[0] = settings(0).start();

    // Then
    awaitMembers(MEMBERS, nodes);
    awaitCounting(nodes);
    assertThat(admitted(nodes[0], "scarce")).isFalse();
  }

  @Test
  @Order(4)
  void sessionsOutliveTheNodeThatTheyWereOpenedOn() {
    for (GateProcess node : nodes) {
      for (String session : sessions) {
        assertInSession(node, session);
      }
    }

    // When
    TestClient.send(alice(1).legacyStream(sessions.get(0)).DELETE());

    // Then
    for (int at = 0; at < nodes.length; at++) {
      TestClient alice = alice(at);
      await()
          .atMost(PATIENCE)
          .until(() -> alice.legacyCall(sessions.get(0), "free").statusCode() == 404);
    }
  }

  @Test
  @Order(5)
  void callsKeepGoingAndNoCountIsLostWhileAMemberLeavesInOrder() throws Exception {
    // Given
    awaitCounting(nodes);
    for (int i = 0; i < 15; i++) {
      assertThat(admitted(nodes[i % nodes.length], "handed")).isTrue();
    }
    AtomicBoolean leaving = new AtomicBoolean(true);
    Queue<String> refusals = new ConcurrentLinkedQueue<>();
    List<Future<?>> callers = new ArrayList<>();
    for (GateProcess node : List.of(nodes[0], nodes[2], nodes[GATEWAY])) {
      callers.add(
          clients.submit(
              () -> {
                while (leaving.get()) {
                  String answer = call(node, "plenty");
                  if (!isAdmitted(answer, "plenty")) {
                    refusals.add(answer);
                  }
                }
              }));
    }

    // When
    nodes[1].process().terminate();
    nodes[1].process().awaitExit((int) PATIENCE.toSeconds());
    awaitMembers(2, nodes[0], nodes[2], nodes[GATEWAY]);
    leaving.set(false);
    for (Future<?> caller : callers) {
      caller.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    // Then
    assertThat(refusals).isEmpty();
    awaitCounting(nodes[0], nodes[2]);
    int more = 0;
    while (admitted(nodes[(more % 2) * 2], "handed")) {
      more++;
    }
    assertThat(more).isEqualTo(25);

    // When
    nodes[1] = settings(1).start();

    // Then
    awaitMembers(MEMBERS, nodes);
    assertThat(admitted(nodes[1], "handed")).isFalse();
    awaitCounting(nodes[1]);
    assertThat(admitted(nodes[1], "handed")).isFalse();
  }

  @Test
  @Order(6)
  void memberWithAnotherSecretIsRefusedWithOneLine() throws Exception {
    // Given
    GateProcess.Settings stranger = settings(GATEWAY + 1);
    ((ObjectNode) stranger.config().path("cluster")).put("secret", "another secret of the test");

    // When
    try (ChildProcess process = stranger.launch()) {
      int exit = process.awaitExit((int) PATIENCE.toSeconds());

      // Then
      assertThat(exit).isEqualTo(1);
      assertThat(process.errors().lines().filter(line -> !line.contains(" INFO ")))
          .containsExactly(
              "tallygate: cluster \""
                  + cluster
                  + "\" does not let this process in: its `secret` is not the cluster's");
    }
    awaitMembers(MEMBERS, nodes);
  }

  @Test
  @Order(5)
  void processThatWouldStartAThreadForEachCallIsRefusedWithTheCure() {
    // When
    try (ChildProcess process =
        settings(GATEWAY + 1).launch("-Djava.util.concurrent.ForkJoinPool.common.parallelism=1")) {
      int exit = process.awaitExit((int) PATIENCE.toSeconds());

      // Then
      assertThat(exit).isEqualTo(1);
      assertThat(process.errors().lines().filter(line -> !line.contains(" INFO ")))
          .singleElement()
          .asString()
          .startsWith("tallygate: the common pool has a parallelism of 1")
          .contains("-Djava.util.concurrent.ForkJoinPool.common.parallelism=4");
    }
  }

  private static GateProcess.Settings settings(int at) {
    GateProcess.Settings settings =
        GateProcess.in(directory.resolve("node-" + at))
            .server("fixture", upstream.url())
            .policy("limited", POLICY)
            .grant("alice", "fixture", "limited", token);
    settings.config().put("name", "node-" + at);
    ObjectNode part =
        settings
            .config()
            .putObject("cluster")
            .put("role", at == GATEWAY ? "gateway" : "member")
            .put("name", cluster)
            .put("dataMembers", MEMBERS)
            .put("secret", SECRET)
            .put("dataDir", "data");
    part.putObject("bind").put("host", "127.0.0.1").put("port", ports.get(at));
    var members = part.putObject("join").putArray("members");
    ports.subList(0, MEMBERS).forEach(port -> members.add("127.0.0.1:" + port));
    return settings;
  }

  /** Waits until all of them are ready, see so many data members and have all copies of counts. */
  private static void awaitMembers(int count, GateProcess... among) {
    for (GateProcess node : among) {
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(200))
          .untilAsserted(
              () -> {
                node.process().requireAlive();
                assertThat(node.admin("/readyz").statusCode()).isEqualTo(200);
                var seen = new ObjectMapper().readTree(node.admin("/cluster").body());
                assertThat(seen.at("/quorum/present").asInt()).isEqualTo(count);
                assertThat(seen.path("partitionsSafe").asBoolean()).isTrue();
              });
    }
  }

  /** Until they can tell: for some seconds after a change calls are refused where nobody can. */
  private static void awaitCounting(GateProcess... among) {
    for (GateProcess node : among) {
      await().atMost(PATIENCE).until(() -> admitted(node, "plenty"));
    }
  }

  private static String sessionOpenedOn(int node) {
    return await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> alice(node).initialize(), opened -> true);
  }

  private static TestClient alice(int node) {
    return new TestClient(nodes[node].url("fixture"), nodes[node].token("alice"));
  }

  private static void assertInSession(GateProcess node, String session) {
    TestClient alice = new TestClient(node.url("fixture"), node.token("alice"));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(alice.legacyCall(session, "free").body()).contains("\"text\":\"free\""));
  }

  private static boolean admitted(GateProcess node, String tool) {
    return isAdmitted(call(node, tool), tool);
  }

  private static String call(GateProcess node, String tool) {
    return new TestClient(node.url("fixture"), node.token("alice")).call(tool).body();
  }

  private static boolean isAdmitted(String answer, String tool) {
    return answer.contains("\"text\":\"" + tool + "\"");
  }

  private static int forwarded(String tool) {
    return (int)
        upstream.requests().stream()
            .filter(request -> request.header("Tallygate-Decision-Id").isPresent())
            .map(ReceivedRequest::text)
            .filter(body -> body.contains("\"name\":\"" + tool + "\""))
            .count();
  }
}
