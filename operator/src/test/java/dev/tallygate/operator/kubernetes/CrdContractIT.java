package dev.tallygate.operator.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.gson.Gson;
import dev.tallygate.operator.TestYaml;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.CustomObjectsApi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a real API server takes of our resources: the documents of {@code crd/valid}, and those of
 * {@code crd/invalid} not, each with the message that its first line has. A second document in a
 * file is an update of the first.
 */
class CrdContractIT {
  private static final Path FOLDER = Path.of("src/test/resources/dev/tallygate/operator/crd");
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String MESSAGE = "# message: ";

  private static ApiServer server;
  private static String namespace;

  @BeforeAll
  static void start() {
    server = ApiServer.get();
    namespace = server.namespace();
  }

  static Stream<String> valid() throws IOException {
    return files("valid");
  }

  static Stream<String> invalid() throws IOException {
    return files("invalid");
  }

  private static Stream<String> files(String folder) throws IOException {
    try (Stream<Path> files = Files.list(FOLDER.resolve(folder))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("valid")
  void validDocumentIsTakenWhole(String file) throws Exception {
    // Given
    List<Object> documents = TestYaml.documents(FOLDER.resolve("valid").resolve(file));

    // When
    Object taken = null;
    for (Object document : documents) {
      taken = put(document, documents.size() > 1);
    }

    // Then
    Map<?, ?> spec = (Map<?, ?>) spec(documents.get(documents.size() - 1));
    assertThat(withoutDefaults(spec(taken), spec)).isEqualTo(spec);
  }

  @ParameterizedTest
  @MethodSource("invalid")
  void invalidDocumentIsRefusedWithItsMessage(String file) throws Exception {
    // Given
    Path path = FOLDER.resolve("invalid").resolve(file);
    String message = Files.readAllLines(path).get(0);
    assertThat(message).startsWith(MESSAGE);
    List<Object> documents = TestYaml.documents(path);
    for (Object document : documents.subList(0, documents.size() - 1)) {
      put(document, true);
    }

    // When, Then
    assertThatThrownBy(() -> put(documents.get(documents.size() - 1), documents.size() > 1))
        .isInstanceOfSatisfying(
            ApiException.class,
            refused ->
                assertThat(new Gson().fromJson(refused.getResponseBody(), Map.class).get("message"))
                    .asString()
                    .contains(message.substring(MESSAGE.length())));
  }

  @Test
  void manualExplainsEveryField() {
    for (String kind : List.of("policies", "mcpservers", "grants")) {
      // When, Then: the API server publishes it a moment after the resources are defined
      await()
          .atMost(PATIENCE)
          .ignoreException(IllegalStateException.class)
          .untilAsserted(
              () ->
                  assertThat(server.kubectl("explain", kind + ".tallygate.dev.spec"))
                      .contains("FIELDS:")
                      .doesNotContain("<no description>"));
    }
    assertThat(server.kubectl("explain", "grants.tallygate.dev.spec.suspend"))
        .contains("Refuses the token for as long as it is true");
  }

  @Test
  void grantsAreSelectedByServerAndShownInColumns() throws Exception {
    // Given
    String own = server.namespace();
    for (String name : List.of("one", "two")) {
      server.tryKubectl(
          """
          apiVersion: tallygate.dev/v1alpha1
          kind: Grant
          metadata: { name: %s }
          spec: { serverRef: { name: %s }, policyRef: { name: p }, token: { secretRef: { name: t } } }
          """
              .formatted(name, name),
          "--namespace",
          own,
          "apply",
          "--server-side",
          "-f",
          "-");
    }

    // When
    String selected =
        server.kubectl(
            "--namespace", own, "get", "tggrant", "--field-selector", "spec.serverRef.name=two");
    String all = server.kubectl("--namespace", own, "get", "tallygate", "-o", "wide");

    // Then
    assertThat(selected.lines()).hasSize(2);
    assertThat(selected)
        .containsPattern("NAME +SERVER +POLICY +READY +REASON +EXPIRES +AGE")
        .containsPattern("two +two +p");
    assertThat(all).contains("SECRET", "FINGERPRINT", "REVISION");
  }

  /** With a dry run, unless an update is to follow. */
  private static Object put(Object document, boolean keep) throws Exception {
    Map<?, ?> object = (Map<?, ?>) document;
    Map<?, ?> metadata = (Map<?, ?>) object.get("metadata");
    String name = metadata.get("name").toString();
    String plural =
        switch (object.get("kind").toString()) {
          case "Policy" -> "policies";
          case "McpServer" -> "mcpservers";
          default -> "grants";
        };
    CustomObjectsApi api = new CustomObjectsApi(server.client());
    if (keep) {
      try {
        Map<?, ?> there =
            (Map<?, ?>)
                api.getNamespacedCustomObject("tallygate.dev", "v1alpha1", namespace, plural, name)
                    .execute();
        @SuppressWarnings("unchecked")
        Map<String, Object> written = (Map<String, Object>) metadata;
        written.put("resourceVersion", ((Map<?, ?>) there.get("metadata")).get("resourceVersion"));
        return api.replaceNamespacedCustomObject(
                "tallygate.dev", "v1alpha1", namespace, plural, name, document)
            .fieldValidation("Strict")
            .execute();
      } catch (ApiException e) {
        if (e.getCode() != 404) {
          throw e;
        }
      }
    }
    var create =
        api.createNamespacedCustomObject("tallygate.dev", "v1alpha1", namespace, plural, document)
            .fieldValidation("Strict");
    return keep ? create.execute() : create.dryRun("All").execute();
  }

  private static Object spec(Object document) {
    Gson gson = new Gson();
    return ((Map<?, ?>) gson.fromJson(gson.toJson(document), Map.class)).get("spec");
  }

  /** What was written, as it was taken: defaults of fields that were not written are left out. */
  private static Object withoutDefaults(Object taken, Object written) {
    if (!(taken instanceof Map<?, ?> all) || !(written instanceof Map<?, ?> some)) {
      return taken;
    }
    Map<Object, Object> kept = new HashMap<>();
    some.forEach((key, value) -> kept.put(key, withoutDefaults(all.get(key), value)));
    return kept;
  }
}
