package dev.tallygate.operator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.operator.compile.Compilation;
import dev.tallygate.operator.compile.Credentials;
import dev.tallygate.operator.compile.Published;
import dev.tallygate.operator.compile.Refusal;
import dev.tallygate.operator.compile.Refusals;
import dev.tallygate.operator.gateway.Enforcement;
import dev.tallygate.operator.resources.Resources;
import dev.tallygate.operator.status.Statuses;
import dev.tallygate.operator.status.Statuses.Progress;
import dev.tallygate.registry.Sealing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What comes of resources, as files: NAME.in.yaml has the resources, NAME.out.yaml what is
 * published and what each status says. {@code -Dtallygate.write=true} writes the latter.
 */
class GoldenTest {
  private static final Path FOLDER = Path.of("src/test/resources/dev/tallygate/operator/golden");
  private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
  private static final long REVISION = 42;
  private static final Credentials CREDENTIALS =
      new Credentials(new Sealing("a secret of the cluster"), Set.of("the admin token"), Set.of());
  private static final ObjectMapper JSON = new ObjectMapper();

  static Stream<String> cases() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".in.yaml"))
          .map(name -> name.substring(0, name.length() - ".in.yaml".length()))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void resourcesBecomeWhatTheFileSays(String name) throws IOException {
    // Given
    TestResources given = TestResources.read(FOLDER.resolve(name + ".in.yaml"));

    // When
    String found = found(given);

    // Then
    Path expected = FOLDER.resolve(name + ".out.yaml");
    if (Boolean.getBoolean("tallygate.write")) {
      Files.writeString(expected, found);
    }
    assertThat(found).isEqualTo(Files.readString(expected, UTF_8));
  }

  private static String found(TestResources given) throws IOException {
    Resources resources = given.resources();
    Refusals refusals = new Refusals(new HashMap<>(), Map.of());
    Published published = given.published();
    Compilation compilation = Compilation.of(resources, published, refusals, CREDENTIALS, NOW);
    given
        .refused()
        .forEach(
            (ref, message) ->
                refusals
                    .contents()
                    .put(ref, new Refusal(compilation.contents().get(ref), message)));
    Compilation last = Compilation.of(resources, published, refusals, CREDENTIALS, NOW);
    ObjectNode out = JSON.createObjectNode();
    out.set("published", JSON.readTree(Compilation.document(last.contents(), last.pins())));
    ObjectNode secrets = JSON.createObjectNode();
    new TreeMap<>(last.wanted())
        .forEach((ref, wanted) -> secrets.put(ref.name(), wanted.name() + "/" + wanted.key()));
    out.set("secrets", secrets);
    ObjectNode statuses = out.putObject("statuses");
    Enforcement enforcement = given.enforcement().orElse(threeNodes());
    new TreeMap<>(last.verdicts())
        .forEach(
            (ref, verdict) -> {
              JsonNode status =
                  Statuses.of(
                      verdict,
                      new Progress(OptionalLong.of(REVISION), enforcement, Optional.empty()),
                      NOW);
              ObjectNode shown = status.deepCopy();
              ObjectNode conditions = JSON.createObjectNode();
              for (JsonNode condition : status.get("conditions")) {
                conditions.put(
                    condition.get("type").asText(),
                    condition.get("status").asText()
                        + " "
                        + condition.get("reason").asText()
                        + ": "
                        + condition.get("message").asText());
              }
              shown.set("conditions", conditions);
              statuses.set(ref.toString(), shown);
            });
    return TestYaml.write(out);
  }

  private static Enforcement threeNodes() {
    return new Enforcement(
        REVISION,
        List.of(
            new Enforcement.Node("gate-1", REVISION),
            new Enforcement.Node("gate-2", REVISION),
            new Enforcement.Node("gate-3", REVISION)),
        List.of());
  }
}
