package dev.tallygate.load;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** Servers that are started one after the other, and ended the other way round. */
public final class Processes implements AutoCloseable {
  private final Path directory;
  private final Deque<ServerProcess> started = new ArrayDeque<>();

  /**
   * @param directory where they run, and what they say on standard error goes
   */
  public Processes(Path directory) {
    this.directory = directory;
  }

  public ServerProcess start(String name, List<String> command) throws IOException {
    return start(name, command, Map.of());
  }

  public ServerProcess start(String name, List<String> command, Map<String, String> environment)
      throws IOException {
    ServerProcess process = ServerProcess.start(name, directory, command, environment);
    started.push(process);
    return process;
  }

  /**
   * Starts the small MCP server that stands behind what is measured.
   *
   * @param more of its arguments
   * @return its port
   */
  public int startTarget(String name, String... more) throws IOException {
    int port = ServerProcess.freePort();
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                TargetServer.class.getName(),
                Integer.toString(port)));
    command.addAll(List.of(more));
    start(name, command).readyLine();
    return port;
  }

  /** CPU time of all of them. */
  public Duration cpuTime() {
    return started.stream().map(ServerProcess::cpuTime).reduce(Duration.ZERO, Duration::plus);
  }

  @Override
  public void close() {
    while (!started.isEmpty()) {
      started.pop().close();
    }
  }
}
