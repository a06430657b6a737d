package dev.tallygate.node.real;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.node.fixture.FixtureServer;
import dev.tallygate.node.fixture.Tool;
import dev.tallygate.node.fixture.ToolCall;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * A server that offers the tools of a published one, under their names and input schemas, over HTTP
 * in both eras. It does nothing real, and it shares a habit of its models: a call that fails is
 * answered with plain text, {@code Error: ...}, not marked as an error.
 */
final class Replica implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final FixtureServer server;
  private final Map<String, String> memories = new ConcurrentSkipListMap<>();
  private final AtomicInteger lastMemory = new AtomicInteger();

  private Replica(String name) {
    List<Tool> tools = new ArrayList<>();
    for (ObjectNode definition : definitions(name)) {
      tools.add(new Tool(definition, arguments -> run(definition, arguments)));
    }
    server = FixtureServer.with().name(name).tools(tools).start();
  }

  /** A paid server of 22 tools. */
  static Replica x402engine() {
    return new Replica("x402engine");
  }

  /** A local server of 14 tools, with one memory already in it, {@code mem-0}. */
  static Replica aModularKingdom() {
    Replica replica = new Replica("a-modular-kingdom");
    replica.memories.put("mem-0", "the first memory");
    return replica;
  }

  /** The names of a replica's tools, in its order. */
  static List<String> toolNames(String replica) {
    return definitions(replica).stream().map(tool -> tool.path("name").asText()).toList();
  }

  /** Its MCP endpoint. */
  URI url() {
    return server.url();
  }

  /** Everything that reached it. */
  FixtureServer server() {
    return server;
  }

  /** The tool calls that it ran, in order. */
  List<ToolCall> calls() {
    return server.calls();
  }

  /** What {@code save_memory} and {@code delete_memory} left, by id. */
  Map<String, String> memories() {
    return new TreeMap<>(memories);
  }

  @Override
  public void close() {
    server.close();
  }

  private ObjectNode run(ObjectNode definition, JsonNode arguments) {
    for (JsonNode required : definition.at("/inputSchema/required")) {
      if (!arguments.has(required.asText())) {
        return Tool.text("Error: " + required.asText() + " is missing");
      }
    }
    String tool = definition.path("name").asText();
    Function<JsonNode, String> own =
        switch (tool) {
          case "execute_code", "code_execute" -> Replica::execute;
          case "save_memory" -> this::remember;
          case "delete_memory" -> this::forget;
          case "list_all_memories" -> nothing -> memories().toString();
          default -> given -> tool + " " + given;
        };
    return Tool.text(own.apply(arguments));
  }

  private static String execute(JsonNode arguments) {
    String code = arguments.path("code").asText();
    return code.contains("raise") ? "Error: the program ended with status 1" : "ran: " + code;
  }

  private String remember(JsonNode arguments) {
    String id = "mem-" + lastMemory.incrementAndGet();
    memories.put(id, arguments.path("content").asText());
    return "saved as " + id;
  }

  private String forget(JsonNode arguments) {
    String id = arguments.path("memory_id").asText();
    return memories.remove(id) == null ? "Error: no memory " + id : "deleted " + id;
  }

  /** A replica's entries of {@code tools/list}, in its order. */
  static List<ObjectNode> definitions(String replica) {
    try (InputStream in = Replica.class.getResourceAsStream("/replicas/" + replica + ".json")) {
      List<ObjectNode> definitions = new ArrayList<>();
      JSON.readTree(in).path("tools").forEach(tool -> definitions.add((ObjectNode) tool));
      return definitions;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
