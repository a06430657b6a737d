package dev.tallygate.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A server in a process of its own, with all that it starts. Ended by its process id. */
public final class ServerProcess implements AutoCloseable {
  private static final Duration END_WITHIN = Duration.ofSeconds(15);
  private static final Duration LOOKS_AGAIN = Duration.ofMillis(50);

  private final String name;
  private final Path log;
  private final Process process;

  private ServerProcess(String name, Path log, Process process) {
    this.name = name;
    this.log = log;
    this.process = process;
  }

  /** Starts {@code command}; what it says on standard error goes to a file in {@code directory}. */
  public static ServerProcess start(String name, Path directory, List<String> command)
      throws IOException {
    return start(name, directory, command, Map.of());
  }

  /** As {@link #start(String, Path, List)}, with more in its environment. */
  public static ServerProcess start(
      String name, Path directory, List<String> command, Map<String, String> environment)
      throws IOException {
    Path log = directory.resolve(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(directory.toFile()).redirectError(log.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    return new ServerProcess(name, log, process);
  }

  /** Waits for the line of JSON by which the server says that it is ready. */
  public JsonNode readyLine() throws IOException {
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    for (String line; (line = out.readLine()) != null; ) {
      if (line.startsWith("{")) {
        return new JsonMapper().readTree(line);
      }
    }
    throw ended();
  }

  /** A port of loopback that nobody listens on. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Waits until something listens on a port, for a server that does not say when it is ready. */
  public void awaitListening(int port, Duration patience) throws IOException, InterruptedException {
    for (long left = patience.dividedBy(LOOKS_AGAIN); left > 0 && isAlive(); left--) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        if (socket.isConnected()) {
          return;
        }
      } catch (ConnectException e) {
        Thread.sleep(LOOKS_AGAIN.toMillis());
      }
    }
    throw ended();
  }

  /** Says a line on its standard input; a line of JSON that answers it is read as the first. */
  public void say(String line) throws IOException {
    Writer in = process.outputWriter(StandardCharsets.UTF_8);
    in.write(line + "\n");
    in.flush();
  }

  /** Ends it at once, as a crash would. */
  public void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  /** The failure of a server that is not running; tells what it said last. */
  public IOException ended() throws IOException {
    return new IOException(name + " did not start: " + lastWords());
  }

  /** The end of what it said on standard error. */
  List<String> lastWords() throws IOException {
    List<String> said = Files.readAllLines(log);
    return said.subList(Math.max(0, said.size() - 20), said.size());
  }

  long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** CPU time of the process and of all that it started. */
  public Duration cpuTime() {
    return cpuTime(process.toHandle());
  }

  static Duration cpuTime(ProcessHandle root) {
    return Stream.concat(Stream.of(root), root.descendants())
        .map(one -> one.info().totalCpuDuration().orElse(Duration.ZERO))
        .reduce(Duration.ZERO, Duration::plus);
  }

  /** Resident memory in bytes, where the system tells it: that of now, or the most there was. */
  OptionalLong residentBytes(boolean peak) throws IOException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    if (!Files.exists(status)) {
      return OptionalLong.empty();
    }
    Optional<String> line =
        Files.readAllLines(status).stream()
            .filter(one -> one.startsWith(peak ? "VmHWM:" : "VmRSS:"))
            .findFirst();
    return line.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(
            1024
                * Arrays.stream(line.get().split("\\s+"))
                    .skip(1)
                    .mapToLong(Long::parseLong)
                    .findFirst()
                    .orElseThrow());
  }

  @Override
  public void close() {
    List<ProcessHandle> started = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(END_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    started.forEach(ProcessHandle::destroy);
  }
}
