package dev.tallygate.load.limits;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.load.LoadFailure;
import dev.tallygate.load.Processes;
import dev.tallygate.load.ServerProcess;
import dev.tallygate.load.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that is measured, each in processes of its own on this machine: three data members, a gateway
 * that makes the decisions, and what it asks in the other limiters' turns. Deleted at the end.
 */
final class Grid implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration STARTS_WITHIN = Duration.ofSeconds(10);
  private static final int MEMBERS = 3;
  private static final int LOOPS = 2;

  private final TemporaryFolder folder;
  private final Path directory;
  private final Processes processes;
  private final List<ServerProcess> members = new ArrayList<>();
  private final Map<String, String> notRun = new LinkedHashMap<>();
  private ServerProcess gateway;

  private Grid(TemporaryFolder folder) {
    this.folder = folder;
    this.directory = folder.path();
    this.processes = new Processes(directory);
  }

  static Grid start() throws IOException, InterruptedException {
    Grid grid = new Grid(TemporaryFolder.named("tallygate-limits"));
    try {
      List<String> ports = new ArrayList<>();
      grid.startRedis("redis").ifPresent(port -> ports.add(LimitsProcess.REDIS + "=" + port));
      grid.startGubernator().ifPresent(port -> ports.add(LimitsProcess.GUBERNATOR + "=" + port));
      grid.startEnvoy().ifPresent(port -> ports.add(LimitsProcess.ENVOY + "=" + port));
      grid.startCluster(ports);
      return grid;
    } catch (IOException | InterruptedException | RuntimeException e) {
      grid.close();
      throw e;
    }
  }

  /** Why limiters are missing, by limiter. */
  Map<String, String> notRun() {
    return notRun;
  }

  /** CPU time of all that was started. */
  Duration cpuTime() {
    return processes.cpuTime();
  }

  Drive.Outcome drive(Drive.Order order) throws IOException {
    say(gateway, order);
    return outcome(gateway, order);
  }

  /** Has the data members drive at once, as nodes that hold counts and serve calls do. */
  List<Drive.Outcome> driveMembers(Drive.Order each) throws IOException {
    for (ServerProcess member : members) {
      say(member, each);
    }
    List<Drive.Outcome> outcomes = new ArrayList<>();
    for (ServerProcess member : members) {
      outcomes.add(outcome(member, each));
    }
    return outcomes;
  }

  /** Heap in use of all data members together, collected. */
  long membersHeap() throws IOException {
    long bytes = 0;
    for (ServerProcess member : members) {
      member.say("heap");
      bytes += member.readyLine().path("bytes").asLong();
    }
    return bytes;
  }

  /** Heap that a counter takes at the gateway while something of it is leased. */
  long leaseHeap(int counters) throws IOException {
    gateway.say("leases " + counters);
    return gateway.readyLine().path("bytes").asLong();
  }

  private static void say(ServerProcess process, Drive.Order order) throws IOException {
    process.say("drive " + JSON.writeValueAsString(order));
  }

  private static Drive.Outcome outcome(ServerProcess process, Drive.Order order)
      throws IOException {
    JsonNode answer = process.readyLine();
    Drive.Outcome outcome = JSON.treeToValue(answer, Drive.Outcome.class);
    if (outcome.admitted() == 0) {
      throw new LoadFailure(order + ": no decision was made: " + outcome.failure());
    }
    return outcome;
  }

  private void startCluster(List<String> ports) throws IOException {
    List<String> memberPorts = new ArrayList<>();
    for (int i = 0; i < MEMBERS; i++) {
      memberPorts.add(Integer.toString(ServerProcess.freePort()));
    }
    for (String port : memberPorts) {
      members.add(startMember("MEMBER", port, memberPorts, List.of(), "3g"));
    }
    for (ServerProcess member : members) {
      member.readyLine();
    }
    gateway =
        startMember(
            "GATEWAY", Integer.toString(ServerProcess.freePort()), memberPorts, ports, "1g");
    gateway.readyLine();
  }

  private ServerProcess startMember(
      String role, String port, List<String> members, List<String> others, String heap)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "-Djava.util.concurrent.ForkJoinPool.common.parallelism=4",
                "-cp",
                System.getProperty("java.class.path"),
                LimitsProcess.class.getName(),
                role,
                port,
                String.join(",", members),
                Integer.toString(LOOPS)));
    command.addAll(others);
    return processes.start(role + "-" + port, command);
  }

  private Optional<Integer> startRedis(String name) throws IOException, InterruptedException {
    Optional<Path> program = program("redis-server");
    if (program.isEmpty()) {
      notRun.put(LimitsProcess.REDIS, "redis-server is not installed");
      return Optional.empty();
    }
    int port = ServerProcess.freePort();
    processes
        .start(
            name,
            List.of(
                program.get().toString(),
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no"))
        .awaitListening(port, STARTS_WITHIN);
    return Optional.of(port);
  }

  /** Three that divide the counters between them; the first is asked. */
  private Optional<Integer> startGubernator() throws IOException, InterruptedException {
    Optional<Path> program = peer(LimitsProcess.GUBERNATOR);
    if (program.isEmpty()) {
      return Optional.empty();
    }
    String first = "127.0.0.1:" + ServerProcess.freePort();
    int asked = 0;
    for (int i = 0; i < MEMBERS; i++) {
      int port = ServerProcess.freePort();
      String gossip = i == 0 ? first : "127.0.0.1:" + ServerProcess.freePort();
      ServerProcess process =
          processes.start(
              "gubernator-" + i,
              List.of(program.get().toString()),
              Map.of(
                  "GUBER_GRPC_ADDRESS",
                  "127.0.0.1:" + port,
                  "GUBER_HTTP_ADDRESS",
                  "127.0.0.1:" + ServerProcess.freePort(),
                  "GUBER_ADVERTISE_ADDRESS",
                  "127.0.0.1:" + port,
                  "GUBER_PEER_DISCOVERY_TYPE",
                  "member-list",
                  "GUBER_MEMBERLIST_ADDRESS",
                  gossip,
                  "GUBER_MEMBERLIST_BIND_ADDRESS",
                  gossip,
                  "GUBER_MEMBERLIST_KNOWN_NODES",
                  first,
                  "GUBER_LOG_LEVEL",
                  "error"));
      process.awaitListening(port, STARTS_WITHIN);
      asked = i == 0 ? port : asked;
    }
    return Optional.of(asked);
  }

  private Optional<Integer> startEnvoy() throws IOException, InterruptedException {
    Optional<Path> program = peer(LimitsProcess.ENVOY);
    if (program.isEmpty()) {
      return Optional.empty();
    }
    Optional<Integer> redis = startRedis("redis-of-ratelimit");
    if (redis.isEmpty()) {
      notRun.put(LimitsProcess.ENVOY, "redis-server is not installed");
      return Optional.empty();
    }
    Path config = Files.createDirectories(directory.resolve("runtime/ratelimit/config"));
    Files.writeString(
        config.resolve("load.yaml"),
        """
        domain: load
        descriptors:
          - key: grant
            rate_limit: { unit: day, requests_per_unit: %d }
        """
            .formatted(Limiter.MAX));
    int port = ServerProcess.freePort();
    Map<String, String> environment = new LinkedHashMap<>();
    for (String host : List.of("HOST", "GRPC_HOST", "DEBUG_HOST")) {
      environment.put(host, "127.0.0.1");
    }
    environment.put("GRPC_PORT", Integer.toString(port));
    environment.put("PORT", Integer.toString(ServerProcess.freePort()));
    environment.put("DEBUG_PORT", Integer.toString(ServerProcess.freePort()));
    environment.put("USE_STATSD", "false");
    environment.put("BACKEND_TYPE", "redis");
    environment.put("REDIS_SOCKET_TYPE", "tcp");
    environment.put("REDIS_URL", "127.0.0.1:" + redis.get());
    environment.put("RUNTIME_ROOT", directory.resolve("runtime").toString());
    environment.put("RUNTIME_SUBDIRECTORY", "ratelimit");
    environment.put("RUNTIME_WATCH_ROOT", "false");
    environment.put("LOG_LEVEL", "error");
    processes
        .start("ratelimit", List.of(program.get().toString()), environment)
        .awaitListening(port, STARTS_WITHIN);
    return Optional.of(port);
  }

  /** What {@code load-tests/limits} has built, or why it has not. */
  private Optional<Path> peer(String name) {
    String path = System.getProperty("tallygate.peer." + name, "");
    if (!path.isEmpty() && Files.isExecutable(Path.of(path))) {
      return Optional.of(Path.of(path));
    }
    notRun.put(
        name, System.getProperty("tallygate.peer." + name + ".notRun", "it has not been built"));
    return Optional.empty();
  }

  private static Optional<Path> program(String name) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  @Override
  public void close() {
    processes.close();
    folder.close();
  }
}
