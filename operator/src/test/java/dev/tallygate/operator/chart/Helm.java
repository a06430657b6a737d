package dev.tallygate.operator.chart;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallygate.operator.kubernetes.KubernetesParts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The real Helm, at work on the chart. */
public final class Helm {
  static final Path HOME = Path.of("..").toAbsolutePath().normalize();
  static final Path CHART = HOME.resolve("helm/tallygate");
  static final String NAMESPACE = "gates";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long SECONDS = 300;

  private final Path program;

  private Helm(Path program) {
    this.program = program;
  }

  /** What a program said, and how it ended. */
  record Ran(int exit, String out, String err) {}

  /**
   * Helm of one generation; skips the test where it cannot be had.
   *
   * @param name helm3 or helm4
   */
  public static Helm of(String name) {
    return new Helm(KubernetesParts.clients().resolve(name));
  }

  Ran run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    return run(CHART, command);
  }

  /** The objects of a release with these arguments, such as {@code -f ci/all-values.yaml}. */
  public List<JsonNode> render(String... arguments) throws IOException, InterruptedException {
    Ran ran = template(arguments);
    if (ran.exit() != 0) {
      throw new IOException(ran.err());
    }
    return all(ran.out());
  }

  Ran template(String... arguments) throws IOException, InterruptedException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "template", "t", ".", "--namespace", NAMESPACE, "-a", "monitoring.coreos.com/v1"));
    all.addAll(List.of(arguments));
    return run(all.toArray(String[]::new));
  }

  /** Every document of a YAML text, in which no key may stand twice. */
  static List<JsonNode> all(String text) {
    LoaderOptions strict = new LoaderOptions();
    strict.setAllowDuplicateKeys(false);
    return StreamSupport.stream(
            new Yaml(new SafeConstructor(strict)).loadAll(text).spliterator(), false)
        .filter(document -> document != null)
        .map(document -> (JsonNode) JSON.valueToTree(document))
        .toList();
  }

  static JsonNode yaml(Path file) throws IOException {
    return all(Files.readString(file)).get(0);
  }

  static JsonNode json(Path file) throws IOException {
    return JSON.readTree(Files.readString(file));
  }

  /** Sets of values that the chart is rendered with. */
  static Stream<Path> valueSets() throws IOException {
    try (Stream<Path> files = Files.list(CHART.resolve("ci"))) {
      return files.sorted().toList().stream();
    }
  }

  static Ran run(Path folder, List<String> command) throws IOException, InterruptedException {
    Path err = Files.createTempFile("tallygate-chart", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectError(err.toFile())
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(command + " does not end");
      }
      return new Ran(process.exitValue(), out, Files.readString(err));
    } finally {
      Files.delete(err);
    }
  }
}
