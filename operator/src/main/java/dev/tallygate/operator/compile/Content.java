package dev.tallygate.operator.compile;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.CanonicalJson;
import java.nio.charset.StandardCharsets;

/**
 * What a resource is in the registry, as JSON: one text for one content. Immutable.
 *
 * @param text with keys in order, and numbers as they are
 */
public record Content(String text) {
  public Content(JsonNode json) {
    this(
        new String(
            CanonicalJson.bytes(json, number -> number.decimalValue().toString()),
            StandardCharsets.UTF_8));
  }
}
