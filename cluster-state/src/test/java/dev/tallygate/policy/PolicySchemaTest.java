package dev.tallygate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.StrictJson;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The published JSON Schema and the validator accept and refuse the same documents. */
class PolicySchemaTest {
  private static final String SCHEMA = "policy.schema.json";
  private static final Schema COMPILED =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(new String(Policies.resource(SCHEMA), StandardCharsets.UTF_8));

  @ParameterizedTest
  @MethodSource("valid")
  void validDocumentIsAcceptedByBoth(Path document) throws Exception {
    assertThat(COMPILED.validate(json(document))).isEmpty();
    assertThat(Policies.errors(Policy.read(Files.readAllBytes(document)))).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("invalid")
  void invalidDocumentIsRefusedByBoth(Path document) throws Exception {
    PolicyReading reading = Policy.read(Files.readAllBytes(document));
    assertThat(COMPILED.validate(json(document))).isNotEmpty();
    assertThat(Policies.errors(reading)).isNotEmpty();
    assertThat(reading.policy()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("beyondSchema")
  void documentBeyondTheSchemaIsRefusedByTheValidatorAlone(Path document) throws Exception {
    assertThat(reasons()).containsKey(nameOf(document));
    assertThat(COMPILED.validate(json(document))).isEmpty();
    assertThat(Policies.errors(Policy.read(Files.readAllBytes(document)))).isNotEmpty();
  }

  @Test
  void publishedSchemaIsTheOneThatIsShipped() throws IOException {
    assertThat(Files.readAllBytes(Path.of("..", "docs", SCHEMA)))
        .isEqualTo(Policies.resource(SCHEMA));
  }

  static Stream<Path> valid() throws Exception {
    return Stream.concat(documents("corpus/valid"), documents("samples"));
  }

  static Stream<Path> invalid() throws Exception {
    return documents("corpus/invalid");
  }

  static Stream<Path> beyondSchema() throws Exception {
    return documents("corpus/beyond-schema");
  }

  private static Stream<Path> documents(String folder) throws IOException, URISyntaxException {
    Path path = Path.of(PolicySchemaTest.class.getResource(folder).toURI());
    try (Stream<Path> files = Files.list(path)) {
      return files.filter(f -> f.toString().endsWith(".json")).sorted().toList().stream();
    }
  }

  private static Properties reasons() throws IOException {
    Properties reasons = new Properties();
    reasons.load(
        PolicySchemaTest.class.getResourceAsStream("corpus/beyond-schema/reasons.properties"));
    return reasons;
  }

  private static String nameOf(Path document) {
    return document.getFileName().toString().replace(".json", "");
  }

  private static JsonNode json(Path document) throws Exception {
    return StrictJson.readDocument(Files.readAllBytes(document), JsonBounds.DOCUMENT).root();
  }
}
