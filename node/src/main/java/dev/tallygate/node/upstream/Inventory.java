package dev.tallygate.node.upstream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.node.mcp.ListKind;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * All that a server says of itself which an agent would read: its tools, prompts and instructions,
 * in each version of MCP that it speaks, because servers word them otherwise in each.
 *
 * @param shown the definitions, those of the newest version first
 * @param unusable names of what cannot be pinned, because parsers differ in how they read it
 */
public record Inventory(ServerPins shown, Set<String> unusable) {
  private static final List<String> LEGACY_VERSIONS =
      List.of("2025-11-25", "2025-06-18", "2025-03-26");

  /**
   * What is remembered of one server at most, because it is the server that chooses how much there
   * is. As trees, definitions take ten times their length and more.
   */
  public static final int MAX_DEFINITIONS = 2_000;

  /** Of canonical JSON. */
  public static final int MAX_BYTES = 1024 * 1024;

  /** A definition may be as large as a list is allowed to be. */
  private static final JsonBounds BOUNDS =
      new JsonBounds(Integer.MAX_VALUE, 200, 1_000_000, Integer.MAX_VALUE);

  /**
   * Takes the inventory of a server. Fails with words for people if it speaks no version that the
   * gate knows.
   */
  public static Future<Inventory> of(Upstream upstream) {
    Taking taking = new Taking();
    Future<?> all = taking.attempt("MCP " + Speech.MODERN, taking.modern(upstream));
    for (String version : LEGACY_VERSIONS) {
      all =
          all.transform(done -> taking.attempt("MCP " + version, taking.legacy(upstream, version)));
    }
    return all.transform(
        done ->
            taking.succeeded && !taking.tooMuch
                ? Future.succeededFuture(
                    new Inventory(ServerPins.of(taking.shown), taking.unusable))
                : Future.failedFuture(String.join("; ", taking.failures)));
  }

  /**
   * Reads a definition strictly.
   *
   * @throws IllegalArgumentException if parsers differ in how they read it
   */
  public static Definition definition(byte[] item) {
    try {
      return Definition.of(StrictJson.read(item, BOUNDS));
    } catch (JsonRefused e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * The instructions as a definition.
   *
   * @throws IllegalArgumentException if they hold half a surrogate pair, which UTF-8 cannot write
   */
  public static Definition instructions(String text) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IllegalArgumentException("it has no spelling in UTF-8");
    }
    return Definition.of(TextNode.valueOf(text));
  }

  /** Names of the server's tools. */
  public List<String> tools() {
    return shown.keys().stream()
        .filter(key -> key.kind() == PinKey.Kind.TOOL)
        .map(PinKey::name)
        .toList();
  }

  private static final class Taking {
    private final Map<PinKey, Set<Definition>> shown = new HashMap<>();
    private final Set<String> unusable = new TreeSet<>();
    private final List<String> failures = new ArrayList<>();
    private boolean succeeded;
    private boolean tooMuch;
    private int definitions;
    private int bytes;

    Future<Void> attempt(String version, Future<Void> taken) {
      return taken.onFailure(e -> failures.add(version + ": " + e.getMessage())).otherwiseEmpty();
    }

    Future<Void> modern(Upstream upstream) {
      Speech speech = Speech.modern(upstream, true);
      return speech.ask("server/discover").compose(opening -> lists(speech, opening));
    }

    Future<Void> legacy(Upstream upstream, String version) {
      return Speech.legacy(upstream, version, true)
          .compose(
              speech ->
                  // Another version than was asked for has its own turn, if it has one.
                  (speech.version().equals(version) || !LEGACY_VERSIONS.contains(speech.version())
                          ? lists(speech, speech.opening())
                          : Future.<Void>succeededFuture())
                      .eventually(speech::end));
    }

    private Future<Void> lists(Speech speech, JsonNode opening) {
      JsonNode instructions = opening.path("instructions");
      if (instructions.isTextual()) {
        try {
          add(PinKey.INSTRUCTIONS, instructions(instructions.textValue()));
        } catch (IllegalArgumentException e) {
          unusable.add("instructions");
        }
      }
      Future<Void> tools =
          speech
              .list(ListKind.TOOLS, (name, item) -> take(PinKey.tool(name), item))
              .onSuccess(done -> succeeded = true);
      return opening.path("capabilities").has("prompts")
          ? tools.compose(
              done ->
                  speech
                      .list(ListKind.PROMPTS, (name, item) -> take(PinKey.prompt(name), item))
                      .otherwiseEmpty()) // some have none, whatever they say
          : tools;
    }

    private void take(PinKey key, byte[] item) {
      try {
        add(key, definition(item));
      } catch (IllegalArgumentException e) {
        unusable.add(key.name());
      }
    }

    private void add(PinKey key, Definition definition) {
      if (!shown.computeIfAbsent(key, thing -> new LinkedHashSet<>()).add(definition)) {
        return;
      }
      bytes += definition.length();
      if (++definitions > MAX_DEFINITIONS || bytes > MAX_BYTES) {
        tooMuch = true;
        throw new IllegalStateException(
            "it shows more than can be pinned: "
                + MAX_DEFINITIONS
                + " definitions of 1 MiB in all");
      }
    }
  }
}
