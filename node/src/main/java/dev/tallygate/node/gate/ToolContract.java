package dev.tallygate.node.gate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.node.mcp.ArgumentSchema;
import dev.tallygate.node.mcp.McpParamHeaders;
import java.util.Optional;

/**
 * What a tool's definition asks of its calls.
 *
 * @param headers the arguments that must be repeated in headers
 * @param schema what the arguments must be like; empty where the schema cannot be used
 * @param unusable why not
 */
record ToolContract(
    Optional<McpParamHeaders> headers, Optional<ArgumentSchema> schema, String unusable) {

  static ToolContract of(JsonNode definition) {
    JsonNode inputSchema = definition.path("inputSchema");
    Optional<McpParamHeaders> headers =
        McpParamHeaders.declaredBy(inputSchema).filter(declared -> !declared.isEmpty());
    try {
      return new ToolContract(headers, Optional.of(ArgumentSchema.of(inputSchema)), "");
    } catch (IllegalArgumentException e) {
      return new ToolContract(headers, Optional.empty(), e.getMessage());
    }
  }
}
