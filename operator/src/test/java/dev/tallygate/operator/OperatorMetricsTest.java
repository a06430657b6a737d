package dev.tallygate.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class OperatorMetricsTest {
  private static final Path REFERENCE = Path.of("../docs/metrics.md");

  @Test
  void everyMetricIsInTheReferenceWithItsTypeAndNoOther() throws IOException {
    // Given
    StringWriter measured = new StringWriter();

    // When
    TextFormat.write004(measured, new OperatorMetrics().registry().metricFamilySamples());

    // Then
    assertThat(
            found(
                "(?m)^\\| `(tallygate_operator_[a-z_]+)` \\| ([a-z]+) \\|",
                Files.readString(REFERENCE)))
        .isEqualTo(
            found(
                "(?m)^# TYPE (tallygate_operator_(?![a-z_]*_created )[a-z_]+) ([a-z]+)$",
                measured.toString()));
  }

  private static Map<String, String> found(String pattern, String text) {
    Map<String, String> found = new TreeMap<>();
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    while (matcher.find()) {
      found.put(matcher.group(1), matcher.group(2));
    }
    return found;
  }
}
