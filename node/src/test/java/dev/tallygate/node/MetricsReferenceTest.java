package dev.tallygate.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.node.audit.AuditRecord;
import dev.tallygate.policy.Denial;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reference of metrics names what a node measures, by type. */
class MetricsReferenceTest {
  private static final Path REFERENCE = Path.of("..", "docs", "metrics.md");

  @TempDir Path directory;

  @Test
  void everyMetricIsInTheReferenceWithItsTypeAndNoOther() throws Exception {
    // Given
    Path config =
        Files.writeString(
            directory.resolve("tallygate.yaml"),
            """
            listen: { port: 0 }
            admin: { port: 0 }
            servers:
              files: { url: "http://127.0.0.1:1/mcp" }
            audit: { file: audit.jsonl }
            """);

    // When
    String measured;
    try (Node node = Node.start(config)) {
      measured =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(
                          URI.create("http://127.0.0.1:" + node.adminPort() + "/metrics"))
                      .build(),
                  BodyHandlers.ofString())
              .body();
    }

    // Then
    assertThat(
            // What the operator measures is a test of its own.
            found(
                "(?m)^\\| `(tallygate_(?!operator_)[a-z_]+)` \\| ([a-z]+) \\|",
                Files.readString(REFERENCE)))
        .isEqualTo(found("(?m)^# TYPE (tallygate_[a-z_]+) ([a-z]+)$", measured));
    assertThat(measured).contains("# TYPE jvm_", "# TYPE process_");
  }

  @Test
  void everyOutcomeAndEndIsInTheReference() throws Exception {
    // When
    String reference = Files.readString(REFERENCE);

    // Then
    for (Denial.Reason reason : Denial.Reason.values()) {
      assertThat(row(reference, "tallygate_decisions_total")).contains(label(reason));
    }
    for (AuditRecord.End end : AuditRecord.End.values()) {
      assertThat(row(reference, "tallygate_forwarded_total")).contains(label(end));
    }
  }

  private static String row(String reference, String metric) {
    return reference
        .lines()
        .filter(line -> line.startsWith("| `" + metric))
        .findFirst()
        .orElseThrow();
  }

  private static String label(Enum<?> value) {
    return "`" + value.name().toLowerCase(Locale.ROOT) + "`";
  }

  /** Name and type of each metric. */
  private static Set<String> found(String pattern, String text) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        // The library adds the time at which each series began.
        .filter(metric -> !metric.group(1).endsWith("_created"))
        .map(metric -> metric.group(1) + " " + metric.group(2))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
