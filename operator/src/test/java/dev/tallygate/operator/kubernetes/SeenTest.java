package dev.tallygate.operator.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.tallygate.operator.resources.Kind;
import io.kubernetes.client.openapi.JSON;
import io.kubernetes.client.util.generic.dynamic.DynamicKubernetesObject;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of objects, however odd they are. */
class SeenTest {
  /** The API server takes up to 10,000 levels. */
  @ParameterizedTest
  @ValueSource(ints = {10, 250, 900, 2_000, 9_900})
  void policyThatIsNestedDeeplyIsThereAndHidesNoOther(int levels) {
    // Given
    String policy =
        "{\"metadata\":{\"name\":\"deep\",\"uid\":\"u\",\"generation\":3},\"spec\":{\"version\":\"1\","
            + "\"default\":\"allow\",\"x\":"
            + "[".repeat(levels)
            + "]".repeat(levels)
            + "}}";

    // When
    JsonObject read = JSON.deserialize(policy, JsonObject.class);
    Seen seen = Seen.resource(new DynamicKubernetesObject(read), Kind.POLICY);

    // Then
    assertThat(seen.resource())
        .hasValueSatisfying(
            resource -> {
              assertThat(resource.name()).isEqualTo("deep");
              assertThat(resource.generation()).isEqualTo(3);
              assertThat(resource.policy().orElseThrow().policy()).isEmpty();
            });
  }
}
