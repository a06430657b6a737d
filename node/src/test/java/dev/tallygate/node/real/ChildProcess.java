package dev.tallygate.node.real;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process that a test started. It writes to files of its own, and ends with the test: on {@link
 * #close}, or when the JVM exits. Its standard input stays open as long as the JVM lives.
 */
final class ChildProcess implements AutoCloseable {
  private static final Set<ChildProcess> RUNNING = ConcurrentHashMap.newKeySet();
  private static final AtomicInteger COUNT = new AtomicInteger();

  static {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> RUNNING.forEach(ChildProcess::close), "end-children"));
  }

  private final String name;
  private final Process process;
  private final Path output;
  private final Path errors;

  private ChildProcess(String name, Process process, Path output, Path errors) {
    this.name = name;
    this.process = process;
    this.output = output;
    this.errors = errors;
  }

  /** Starts {@code command}; its output goes to files that are named after {@code name}. */
  static ChildProcess start(String name, List<String> command, Map<String, String> environment) {
    try {
      Path logs = Path.of("target", "real", "logs").toAbsolutePath();
      Files.createDirectories(logs);
      String unique = name + "-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
      Path output = logs.resolve(unique + ".out");
      Path errors = logs.resolve(unique + ".err");
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectOutput(output.toFile())
              .redirectError(errors.toFile());
      builder.environment().putAll(environment);
      ChildProcess child = new ChildProcess(name, builder.start(), output, errors);
      RUNNING.add(child);
      return child;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The process id. */
  long pid() {
    return process.pid();
  }

  /** Whether it still runs. */
  boolean alive() {
    return process.isAlive();
  }

  /** What it wrote to standard output so far. */
  String output() {
    return read(output);
  }

  /** What it wrote to standard error so far. */
  String errors() {
    return read(errors);
  }

  /** Fails, with everything that it wrote, where it does not run any more. */
  void requireAlive() {
    if (!alive()) {
      throw new IllegalStateException(
          name + " ended with " + process.exitValue() + "\n" + output() + errors());
    }
  }

  /** Gives it this input and no more. */
  void input(String text) {
    try (var in = process.getOutputStream()) {
      in.write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until it ends by itself and gives its exit code. */
  int awaitExit(int seconds) {
    try {
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        throw new IllegalStateException(
            name + " still runs after " + seconds + " s\n" + output() + errors());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Asks it to end (SIGTERM), and does not wait. */
  void terminate() {
    process.destroy();
  }

  /** Ends it at once (SIGKILL). */
  void kill() {
    process.destroyForcibly();
  }

  /** Asks it to end, with all that it started, and insists after some seconds. */
  @Override
  public void close() {
    List<ProcessHandle> family = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    family.forEach(ProcessHandle::destroyForcibly);
    RUNNING.remove(this);
  }

  private static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
