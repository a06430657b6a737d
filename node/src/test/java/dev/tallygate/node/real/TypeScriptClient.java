package dev.tallygate.node.real;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.Era;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;

/** The official TypeScript SDK, version 2, driven through {@code client.mjs}. */
final class TypeScriptClient {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ObjectNode script = JSON.createObjectNode();
  private final ArrayNode operations;

  /** A client of {@code url}; {@code token} may be null. */
  TypeScriptClient(URI url, Era era, String token) {
    script.put("url", url.toString()).put("era", era.name().toLowerCase(Locale.ROOT));
    ObjectNode headers = script.putObject("headers");
    if (token != null) {
      headers.put("Authorization", "Bearer " + token);
    }
    operations = script.putArray("operations");
  }

  /**
   * What came of one connection.
   *
   * @param connected whether the handshake succeeded
   * @param version the protocol version agreed on
   * @param results one for each operation: {@code result}, or {@code error} with {@code name},
   *     {@code code}, {@code status}, {@code message}, {@code data}
   * @param error why the connection failed, missing where it did not
   */
  record Outcome(boolean connected, String version, List<JsonNode> results, JsonNode error) {
    /** The {@code result} of an operation. */
    JsonNode result(int index) {
      return results.get(index).path("result");
    }

    /** The {@code error} of an operation. */
    JsonNode error(int index) {
      return results.get(index).path("error");
    }

    /** The first text of a tool's answer. */
    String text(int index) {
      return result(index).at("/content/0/text").asText();
    }
  }

  /** Adds {@code tools/list}. */
  TypeScriptClient listTools() {
    return operation("listTools", null);
  }

  /** Adds {@code tools/call}. */
  TypeScriptClient call(String tool, Map<String, ?> arguments) {
    ObjectNode params = JSON.createObjectNode().put("name", tool);
    params.set("arguments", JSON.valueToTree(arguments));
    return operation("callTool", params);
  }

  /** Adds any method of the SDK's {@code Client}. */
  TypeScriptClient operation(String method, JsonNode params) {
    ObjectNode operation = operations.addObject().put("operation", method);
    if (params != null) {
      operation.set("params", params);
    }
    return this;
  }

  /** Connects, runs the operations in order, and closes. */
  Outcome run() {
    NpmPackages packages = NpmPackages.get();
    try (ChildProcess process =
        ChildProcess.start(
            "typescript-sdk", List.of(packages.node(), packages.script("client.mjs")), Map.of())) {
      process.input(script.toString());
      process.awaitExit(120);
      JsonNode output = JSON.readTree(process.output());
      if (!output.has("connected")) {
        throw new IllegalStateException(process.errors());
      }
      return new Outcome(
          output.path("connected").asBoolean(),
          output.path("version").asText(),
          StreamSupport.stream(output.path("results").spliterator(), false).toList(),
          output.path("error"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
