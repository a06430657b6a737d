package dev.tallygate.load.accuracy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallygate.load.ServerProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Processes that form one cluster, each a JVM of its own. */
final class LedgerCluster implements AutoCloseable {
  private static final int PORT = 5701;
  private static final long READY_SECONDS = 180;
  private static final JsonMapper JSON = new JsonMapper();

  /** One process, which may have been ended. */
  private record Member(Process process, Writer in, BufferedReader out, Path log) {
    void say(String line) throws IOException {
      in.write(line + "\n");
      in.flush();
    }

    JsonNode answer() throws IOException {
      for (String line; (line = out.readLine()) != null; ) {
        if (line.startsWith("{") || line.startsWith("[")) {
          return JSON.readTree(line);
        }
      }
      List<String> said = Files.readAllLines(log);
      throw new IOException(
          "a process of the cluster has ended: "
              + String.join("\n", said.subList(Math.max(0, said.size() - 20), said.size())));
    }
  }

  private final Network network;
  private final Optional<Database> database;
  private final Path directory;
  private final int dataMembers;
  private final Map<Integer, Integer> ports = new TreeMap<>();
  private final Map<Integer, Member> members = new TreeMap<>();
  private final Map<Integer, Long> skews = new TreeMap<>();
  private final List<String> logs = new ArrayList<>();
  private int started;

  /**
   * @param database where members write their counts; empty where they do not
   */
  LedgerCluster(Network network, Path directory, int dataMembers, Optional<Database> database) {
    this.database = database;
    this.network = network;
    this.directory = directory;
    this.dataMembers = dataMembers;
  }

  /** Starts the data members, all at once, and waits until each can count. */
  void start() throws IOException, InterruptedException {
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < dataMembers; i++) {
      all.add(i);
      begin(i, "MEMBER");
    }
    awaitReady(all);
  }

  /** Starts one process and waits until it can count. */
  void start(int number, String role) throws IOException, InterruptedException {
    begin(number, role);
    awaitReady(List.of(number));
  }

  /** Sets the clock of a process so far off: now, if it runs, and at its next start. */
  void setClock(int number, long millis) throws IOException {
    skews.put(number, millis);
    if (members.containsKey(number)) {
      members.get(number).say("clock " + millis);
    }
  }

  private void begin(int number, String role) throws IOException, InterruptedException {
    for (int i = 0; i < Math.max(dataMembers, number + 1); i++) {
      if (!ports.containsKey(i)) {
        ports.put(i, network.canBeCut() ? PORT : ServerProcess.freePort());
      }
    }
    List<String> others = new ArrayList<>();
    for (int i = 0; i < dataMembers; i++) {
      others.add(network.host(i) + ":" + ports.get(i));
    }
    String log = directory.resolve("calls-" + number + "-" + started++).toString();
    logs.add(log);
    List<String> command = new ArrayList<>(network.on(number));
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx192m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.util.concurrent.ForkJoinPool.common.parallelism=4",
            "-Dcom.hazelcast.clock.impl=" + SkewedClock.class.getName(),
            "-D" + SkewedClock.PROPERTY + "=" + skews.getOrDefault(number, 0L),
            "-cp",
            System.getProperty("java.class.path"),
            LedgerProcess.class.getName(),
            "node-" + number,
            network.host(number),
            ports.get(number).toString(),
            role,
            Integer.toString(dataMembers),
            String.join(",", others),
            log,
            database.map(Database::url).orElse("")));
    Path said = directory.resolve("node-" + number + ".log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectError(ProcessBuilder.Redirect.appendTo(said.toFile()))
            .start();
    members.put(
        number,
        new Member(
            process,
            process.outputWriter(StandardCharsets.UTF_8),
            process.inputReader(StandardCharsets.UTF_8),
            said));
  }

  private void awaitReady(List<Integer> numbers) throws IOException, InterruptedException {
    Thread patience = new Thread(() -> giveUp(numbers));
    patience.setDaemon(true);
    patience.start();
    for (int number : numbers) {
      members.get(number).answer();
    }
    patience.interrupt();
    patience.join();
  }

  private void giveUp(List<Integer> numbers) {
    try {
      TimeUnit.SECONDS.sleep(READY_SECONDS);
      numbers.forEach(number -> members.get(number).process().destroyForcibly());
    } catch (InterruptedException ready) {
      Thread.currentThread().interrupt();
    }
  }

  List<Integer> numbers() {
    return List.copyOf(members.keySet());
  }

  Network network() {
    return network;
  }

  void load(int number, LedgerProcess.Load load) throws IOException {
    members.get(number).say("load " + JSON.writeValueAsString(load));
  }

  Database database() {
    return database.orElseThrow();
  }

  /** What became of the calls, at each process that ever ran. */
  List<Tally> tallies() throws IOException {
    List<Tally> all = new ArrayList<>();
    for (String log : logs) {
      if (Files.exists(Tally.file(log))) {
        all.add(Tally.read(Tally.file(log)));
      }
    }
    return all;
  }

  void signal(int number, String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(pid(number))).start().waitFor();
  }

  /** That of the JVM, whatever it was started through. */
  private long pid(int number) {
    ProcessHandle handle = members.get(number).process().toHandle();
    return handle.descendants().reduce((one, deeper) -> deeper).orElse(handle).pid();
  }

  /** Ends a process at once, as a crash would. */
  void kill(int number) throws IOException, InterruptedException {
    signal(number, "KILL");
    members.remove(number).process().waitFor(10, TimeUnit.SECONDS);
  }

  /** Lets a process leave in order. */
  void leave(int number) throws IOException, InterruptedException {
    Member member = members.remove(number);
    member.say("leave");
    if (!member.process().waitFor(60, TimeUnit.SECONDS)) {
      member.process().destroyForcibly();
    }
  }

  /** All that calls went by. */
  List<UnitLog.Entry> admitted() throws IOException {
    return units(UnitLog::admitted);
  }

  /** All that was charged, and all that was given back. */
  List<UnitLog.Entry> charged() throws IOException {
    return units(UnitLog::charged);
  }

  private List<UnitLog.Entry> units(Function<String, Path> file) throws IOException {
    List<UnitLog.Entry> all = new ArrayList<>();
    for (String log : logs) {
      if (Files.exists(file.apply(log))) {
        all.addAll(UnitLog.read(file.apply(log)));
      }
    }
    return all;
  }

  @Override
  public void close() {
    for (int number : numbers()) {
      Member member = members.get(number);
      member.process().descendants().forEach(ProcessHandle::destroyForcibly);
      member.process().destroyForcibly();
    }
  }
}
