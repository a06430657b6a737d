package dev.tallygate.node.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A {@code tools/call} request.
 *
 * @param id a string or an integer
 * @param arguments empty where the call has none
 */
public record ToolCall(JsonNode id, String name, ObjectNode arguments) {}
