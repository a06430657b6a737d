package dev.tallygate.node.real;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The pinned npm packages of {@code src/test/resources/npm}, installed once for all builds.
 *
 * <p>They live outside the clone, in {@code $TALLYGATE_CACHE}, else {@code
 * $XDG_CACHE_HOME/tallygate}, else {@code ~/.cache/tallygate}, in a directory named by the hash of
 * the lock file. Install scripts do not run. Several JVMs may ask at once: one installs, beside the
 * final place, and the others wait for its rename.
 */
final class NpmPackages {
  private static final List<String> FILES = List.of("package.json", "package-lock.json");
  private static final List<String> SCRIPTS = List.of("preload.cjs", "client.mjs");
  private static final long INSTALL_MINUTES = 10;

  private static NpmPackages installed;
  private static Unavailable unavailable;

  private final Path workbench;
  private final Path modules;

  private NpmPackages(Path workbench, Path modules) {
    this.workbench = workbench;
    this.modules = modules;
  }

  /** Why the packages cannot be had here. */
  static final class Unavailable extends Exception {
    private static final long serialVersionUID = 1L;

    Unavailable(String message) {
      super(message);
    }
  }

  /** Installs where that was not done yet; the outcome holds for the life of the JVM. */
  static synchronized NpmPackages installed() throws Unavailable {
    if (unavailable != null) {
      throw unavailable;
    }
    if (installed == null) {
      try {
        Path modules = install(cache());
        installed = new NpmPackages(workbench(modules), modules);
        installed.requireRecentNode();
      } catch (Unavailable e) {
        unavailable = e;
        throw e;
      } catch (IOException e) {
        unavailable = new Unavailable("the npm packages could not be installed: " + e);
        throw unavailable;
      }
    }
    return installed;
  }

  /** The packages, for tests that are marked {@link NeedsNpm}. */
  static NpmPackages get() {
    try {
      return installed();
    } catch (Unavailable e) {
      throw new IllegalStateException("mark the test with @NeedsNpm", e);
    }
  }

  /** The Node that the packages run on. */
  String node() {
    Path own = modules.resolve(".bin/node");
    return Files.isExecutable(own) ? own.toString() : "node";
  }

  /** A file of a package. */
  String file(String packageAndPath) {
    return modules.resolve(packageAndPath).toString();
  }

  /** One of the committed scripts, beside a {@code node_modules} that resolves its imports. */
  String script(String name) {
    return workbench.resolve(name).toString();
  }

  /** A directory of this build for logs and scratch files. */
  Path workbench() {
    return workbench;
  }

  private static Path cache() {
    Map<String, String> environment = System.getenv();
    if (environment.containsKey("TALLYGATE_CACHE")) {
      return Path.of(environment.get("TALLYGATE_CACHE"), "tallygate");
    }
    if (environment.containsKey("XDG_CACHE_HOME")) {
      return Path.of(environment.get("XDG_CACHE_HOME"), "tallygate");
    }
    return Path.of(System.getProperty("user.home"), ".cache", "tallygate");
  }

  private static Path install(Path cache) throws IOException, Unavailable {
    String name = "npm-" + hash();
    Path home = cache.resolve(name);
    Path modules = home.resolve("node_modules");
    if (Files.isDirectory(modules)) {
      return modules;
    }
    Files.createDirectories(cache);
    try (FileChannel channel =
            FileChannel.open(
                cache.resolve(name + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      if (lock.isValid() && !Files.isDirectory(modules)) {
        Path temporary = cache.resolve(name + ".part");
        deleteTree(temporary);
        Files.createDirectories(temporary);
        for (String file : FILES) {
          Files.write(temporary.resolve(file), resource(file));
        }
        runNpm(temporary);
        Files.move(temporary, home, StandardCopyOption.ATOMIC_MOVE);
      }
    }
    return modules;
  }

  private static void runNpm(Path directory) throws IOException, Unavailable {
    System.out.println("Installing the npm packages for real MCP servers and clients (once)");
    Path log = directory.resolve("install.log");
    Process npm;
    try {
      npm =
          new ProcessBuilder(
                  "npm",
                  "ci",
                  "--ignore-scripts",
                  "--no-audit",
                  "--no-fund",
                  "--no-update-notifier",
                  "--loglevel=error")
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      throw new Unavailable(
          "npm could not be started; is it installed and on the PATH? " + e.getMessage());
    }
    npm.getOutputStream().close();
    try {
      for (int waited = 0; !npm.waitFor(5, TimeUnit.SECONDS); waited += 5) {
        System.out.println("  npm has unpacked " + packages(directory) + " packages");
        if (waited > INSTALL_MINUTES * 60) {
          throw new Unavailable("npm did not finish within " + INSTALL_MINUTES + " minutes");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Unavailable("the installation was interrupted");
    } finally {
      npm.descendants().forEach(ProcessHandle::destroy);
      npm.destroy();
    }
    if (npm.exitValue() != 0) {
      String firstLines = Files.readString(log).lines().limit(4).collect(Collectors.joining("; "));
      throw new Unavailable("npm ci failed: " + firstLines);
    }
    System.out.println("  done: " + packages(directory) + " packages");
  }

  private static long packages(Path directory) {
    Path modules = directory.resolve("node_modules");
    if (!Files.isDirectory(modules)) {
      return 0;
    }
    try (Stream<Path> entries = Files.list(modules)) {
      return entries.count();
    } catch (IOException | UncheckedIOException e) {
      return 0;
    }
  }

  /** Scripts resolve their imports from where they lie, so they lie beside the packages. */
  private static Path workbench(Path modules) throws IOException {
    Path workbench = Path.of("target", "real").toAbsolutePath();
    Files.createDirectories(workbench);
    Path link = workbench.resolve("node_modules");
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, modules.toAbsolutePath());
    for (String script : SCRIPTS) {
      Files.write(workbench.resolve(script), resource(script));
    }
    return workbench;
  }

  private void requireRecentNode() throws IOException, Unavailable {
    Process process = new ProcessBuilder(node(), "--version").redirectErrorStream(true).start();
    String version;
    try (InputStream output = process.getInputStream()) {
      version = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
    String[] parts = version.replace("v", "").split("\\.");
    boolean recent =
        parts.length == 3
            && (Integer.parseInt(parts[0]) > 22
                || parts[0].equals("22") && Integer.parseInt(parts[1]) >= 19);
    if (!recent) {
      throw new Unavailable("Node 22.19 or later is needed, found " + version);
    }
  }

  private static String hash() throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String file : FILES) {
        digest.update(resource(file));
      }
      String platform = System.getProperty("os.name") + "-" + System.getProperty("os.arch");
      return HexFormat.of().formatHex(digest.digest(), 0, 8)
          + "-"
          + platform.toLowerCase(Locale.ROOT).replace(' ', '_');
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = NpmPackages.class.getResourceAsStream("/npm/" + name)) {
      return in.readAllBytes();
    }
  }

  private static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> tree = Files.walk(root)) {
      deepestFirst = tree.sorted(Comparator.reverseOrder()).collect(Collectors.toList());
    }
    for (Path path : deepestFirst) {
      Files.delete(path);
    }
  }
}
