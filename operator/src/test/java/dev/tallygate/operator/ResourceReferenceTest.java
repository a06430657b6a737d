package dev.tallygate.operator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/resources.md} is made of the resource definitions, with an example for each kind from
 * the documents that a real API server took. {@code -Dtallygate.write=true} writes it.
 */
class ResourceReferenceTest {
  private static final Path PAGE = Path.of("../docs/resources.md");
  private static final Path CRDS = Path.of("../helm/tallygate/files/crds");
  private static final Path EXAMPLES =
      Path.of("src/test/resources/dev/tallygate/operator/crd/valid");
  private static final Map<String, String> EXAMPLE =
      Map.of(
          "grants", "grant-everything",
          "mcpservers", "server-everything",
          "policies", "policy-everything");
  private static final Pattern LINE_ENDS = Pattern.compile("\\s+");

  @Test
  void pageSaysWhatTheDefinitionsSay() throws IOException {
    // When
    String page = page();

    // Then
    if (Boolean.getBoolean("tallygate.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE)).isEqualTo(page);
  }

  private static String page() throws IOException {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # Resources

        The custom resources of `tallygate.dev/v1alpha1`, made of [their definitions](../helm/tallygate/files/crds). `kubectl explain` says the
        same: `kubectl explain grants.tallygate.dev.spec`. What they do is in [kubernetes.md](kubernetes.md).
        """);
    for (String plural : List.of("policies", "mcpservers", "grants")) {
      JsonNode definition =
          new ObjectMapper()
              .valueToTree(TestYaml.documents(CRDS.resolve(plural + ".yaml")).get(0))
              .path("spec");
      JsonNode names = definition.path("names");
      JsonNode schema = definition.at("/versions/0/schema/openAPIV3Schema");
      page.append("\n## ").append(names.path("kind").asText()).append("\n\n");
      page.append(text(schema)).append("\n\n");
      page.append("Short name: `")
          .append(names.at("/shortNames/0").asText())
          .append("`; all three kinds: `kubectl get tallygate`.\n\n```yaml\n")
          .append(Files.readString(EXAMPLES.resolve(EXAMPLE.get(plural) + ".yaml")))
          .append("```\n\n| field | type | default | meaning |\n| --- | --- | --- | --- |\n");
      rows(page, "spec", schema.at("/properties/spec"), true);
      page.append("\nWhat it reports:\n\n| field | type | meaning |\n| --- | --- | --- |\n");
      schema
          .at("/properties/status/properties")
          .properties()
          .forEach(
              field ->
                  page.append("| `status.")
                      .append(field.getKey())
                      .append("` | ")
                      .append(type(field.getValue()))
                      .append(" | ")
                      .append(text(field.getValue()))
                      .append(" |\n"));
    }
    return page.toString();
  }

  private static void rows(StringBuilder page, String path, JsonNode schema, boolean required) {
    page.append("| `").append(path).append("` | ").append(type(schema)).append(" | ");
    page.append(required ? "required" : schema.has("default") ? value(schema.get("default")) : "");
    page.append(" | ").append(text(schema)).append(" |\n");
    List<String> needed = schema.path("required").valueStream().map(JsonNode::asText).toList();
    schema
        .path("properties")
        .properties()
        .forEach(
            field ->
                rows(
                    page,
                    path + "." + field.getKey(),
                    field.getValue(),
                    needed.contains(field.getKey())));
    if (schema.at("/additionalProperties/type").asText().equals("object")) {
      rows(page, path + ".NAME", schema.get("additionalProperties"), false);
    }
    if (schema.at("/items/type").asText().equals("object")) {
      rows(page, path + "[]", schema.get("items"), false);
    }
  }

  private static String value(JsonNode value) {
    return "`" + (value.isTextual() ? value.asText() : value.toString()) + "`";
  }

  private static String type(JsonNode schema) {
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      return "integer or text";
    }
    String type = schema.path("type").asText("any");
    return switch (type) {
      case "string" ->
          schema.has("enum")
              ? schema
                  .path("enum")
                  .valueStream()
                  .map(ResourceReferenceTest::value)
                  .collect(Collectors.joining(", "))
              : schema.path("format").asText("text").replace("date-time", "time");
      case "array" -> "list";
      case "object" -> schema.has("additionalProperties") ? "map" : "object";
      default -> type;
    };
  }

  private static String text(JsonNode schema) {
    String text = LINE_ENDS.matcher(schema.path("description").asText()).replaceAll(" ").strip();
    List<String> rules =
        schema
            .path("x-kubernetes-validations")
            .valueStream()
            .map(rule -> rule.path("message").asText())
            .filter(message -> !text.contains(message))
            .toList();
    String all = rules.isEmpty() ? text : text + " Rules: " + String.join("; ", rules) + ".";
    return all.replace("|", "\\|");
  }
}
