package dev.tallygate.node.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tallygate.policy.Finding;
import dev.tallygate.registry.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The user's reference says what the reader does. */
class ConfigurationReferenceTest {
  private static final Path REFERENCE = Path.of("..", "docs", "configuration.md");

  static Stream<String> examples() throws IOException {
    return Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(REFERENCE))
        .results()
        .map(match -> match.group(1));
  }

  @ParameterizedTest
  @MethodSource("examples")
  void everyExampleIsValid(String example) {
    // When
    ConfigReading reading = new ConfigReader().readAlone(Path.of("tallygate.yaml"), example);

    // Then
    assertThat(reading.findings())
        .extracting(ConfigFinding::finding)
        .extracting(Finding::message)
        .isEmpty();
    assertThat(reading.config()).isPresent();
  }

  @Test
  void everyKeyIsInTheReference() throws IOException {
    // Given
    String reference = Files.readString(REFERENCE);

    // When // Then
    for (String key : ConfigReader.KEYS) {
      assertThat(reference).contains("### `" + key + "`");
    }
    for (List<String> keys :
        List.of(
            ConfigReader.LISTEN_KEYS,
            ConfigReader.AUDIT_KEYS,
            GrantReader.KEYS,
            List.of("url", "headers", "ca", "methods", "denyMethods"),
            ClusterReader.KEYS.stream()
                .filter(key -> !List.of("bind", "join", "heartbeat").contains(key))
                .toList(),
            ClusterReader.BIND_KEYS.stream().map("bind."::concat).toList(),
            ClusterReader.HEARTBEAT_KEYS.stream().map("heartbeat."::concat).toList(),
            List.of("join.members"),
            ClusterReader.KUBERNETES_KEYS.stream().map("join.kubernetes."::concat).toList(),
            List.of("durability", "shortestWindow"),
            CountersReader.DATABASE_KEYS.stream().map("database."::concat).toList(),
            TlsReader.KEYS.stream().map("tls."::concat).toList(),
            ServerReader.TIMEOUT_KEYS.stream().map("timeouts."::concat).toList(),
            ServerReader.LIMIT_KEYS.stream().map("limits."::concat).toList())) {
      for (String key : keys) {
        assertThat(reference).contains("| `" + key + "` |");
      }
    }
  }

  @Test
  void theMethodsOfTheReferenceAreThoseThatPass() throws IOException {
    // Given
    String list =
        Pattern.compile("The default list:\n\n```\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(REFERENCE))
            .results()
            .findFirst()
            .orElseThrow()
            .group(1);

    // Then
    assertThat(list.strip().split("\\s+"))
        .containsExactlyInAnyOrderElementsOf(Server.DEFAULT_METHODS);
  }

  @Test
  void theDefaultsOfTheReferenceAreTheReaders() throws IOException {
    // Given
    String reference = Files.readString(REFERENCE);
    String smallest = examples().findFirst().orElseThrow();

    // When
    NodeConfig config =
        new ConfigReader().readAlone(Path.of("tallygate.yaml"), smallest).config().orElseThrow();

    // Then
    var server = config.servers().get("everything");
    assertThat(reference)
        .contains("| `port` | `" + config.listen().port() + "` |")
        .contains("| `port` | `" + config.admin().port() + "` |")
        .contains("| `maxConnections` | `" + config.listen().maxConnections() + "` |")
        .contains("| `maxBytes` | `" + Units.text(config.audit().maxBytes()) + "` |")
        .contains("| `keepFiles` | `" + config.audit().keepFiles() + "` |")
        .contains("| `timeouts.connect` | `" + Units.text(server.timeouts().connect()) + "` |")
        .contains("| `timeouts.response` | `" + Units.text(server.timeouts().response()) + "` |")
        .contains("| `timeouts.idle` | `" + Units.text(server.timeouts().idle()) + "` |")
        .contains("| `limits.requestBytes` | `" + Units.text(server.bounds().maxRequestBytes()))
        .contains("| `limits.listBytes` | `" + Units.text(server.bounds().maxListBytes()) + "` |")
        .contains("| `limits.eventBytes` | `" + Units.text(server.bounds().maxEventBytes()))
        .contains("| `limits.connections` | `" + server.bounds().maxConnections() + "` |");
  }
}
