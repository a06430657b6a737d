package dev.tallygate.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;

/** What the figures were measured on. */
public record Machine(
    String processor,
    int cores,
    String memory,
    String system,
    String java,
    String commit,
    String date) {

  /** Reads it off. */
  public static Machine here(Path home) throws IOException, InterruptedException {
    return new Machine(
        field(Path.of("/proc/cpuinfo"), "model name", System.getProperty("os.arch")),
        Runtime.getRuntime().availableProcessors(),
        memoryOfMachine(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + Runtime.version(),
        commit(home),
        DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'")
            .withZone(ZoneOffset.UTC)
            .format(Instant.now()));
  }

  private static String memoryOfMachine() throws IOException {
    String kib = field(Path.of("/proc/meminfo"), "MemTotal", "");
    return kib.isEmpty()
        ? "unknown"
        : Math.round(Long.parseLong(kib.split(" ")[0]) / 1024.0 / 1024.0) + " GiB";
  }

  private static String field(Path file, String name, String otherwise) throws IOException {
    if (!Files.exists(file)) {
      return otherwise;
    }
    return Files.readAllLines(file).stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(line.indexOf(':') + 1).trim())
        .findFirst()
        .orElse(otherwise);
  }

  /** The commit that was built, and whether the sources had changed since. */
  private static String commit(Path home) throws IOException, InterruptedException {
    String commit = git(home, "rev-parse", "--short=12", "HEAD");
    String changed =
        git(home, "status", "--porcelain", "--", "pom.xml", "cluster-state", "node", "load-tests");
    return commit.isEmpty() ? "unknown" : commit + (changed.isEmpty() ? "" : " with local changes");
  }

  private static String git(Path home, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new java.util.ArrayList<>(List.of("git", "-C", home.toString()));
    command.addAll(List.of(arguments));
    try {
      Process git =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
      return git.waitFor() == 0 ? said : "";
    } catch (IOException notInstalled) {
      return "";
    }
  }
}
