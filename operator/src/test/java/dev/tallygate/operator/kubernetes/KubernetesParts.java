package dev.tallygate.operator.kubernetes;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Real programs of Kubernetes, as {@code load-tests/kubernetes-parts} gets them. */
public final class KubernetesParts {
  private static final long BUILD_MINUTES = 30;
  private static final int CANNOT_BE_HAD = 3;
  private static final Map<String, Object> FOUND = new HashMap<>();

  private KubernetesParts() {}

  /** The folder with kube-apiserver, etcd and kubectl; the test is skipped where there is none. */
  static Path apiServer() {
    return found("api-server");
  }

  /** The folder with kubectl, helm3 and helm4; the test is skipped where there is none. */
  public static Path clients() {
    return found("clients");
  }

  private static synchronized Path found(String what) {
    Object found = FOUND.computeIfAbsent(what, KubernetesParts::get);
    assumeTrue(found instanceof Path, found::toString);
    return (Path) found;
  }

  /** A folder, or why there is none. */
  private static Object get(String what) {
    try {
      Path out = Files.createTempFile("kubernetes-parts", ".out");
      Path err = Files.createTempFile("kubernetes-parts", ".err");
      Process process =
          new ProcessBuilder("../load-tests/kubernetes-parts", what)
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      try {
        if (!process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
          throw new IllegalStateException(
              "kubernetes-parts took more than " + BUILD_MINUTES + " min");
        }
        String told = Files.readString(err, StandardCharsets.UTF_8).strip();
        if (process.exitValue() == CANNOT_BE_HAD) {
          return told;
        }
        if (process.exitValue() != 0) {
          throw new IllegalStateException("kubernetes-parts failed: " + told);
        }
        return Path.of(Files.readString(out, StandardCharsets.UTF_8).strip());
      } finally {
        process.destroyForcibly();
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
