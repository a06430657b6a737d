package dev.tallygate.operator.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.kubernetes.client.util.generic.dynamic.DynamicKubernetesObject;

/** From the client's JSON to ours, with every decimal as it is. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  private Json() {}

  static JsonNode of(DynamicKubernetesObject object) {
    try {
      return MAPPER.readTree(object.getRaw().toString());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what is JSON for the client is JSON", e);
    } catch (StackOverflowError e) {
      throw new IllegalStateException("it is nested too deeply", e);
    }
  }
}
