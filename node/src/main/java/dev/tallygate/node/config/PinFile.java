package dev.tallygate.node.config;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.PrettyPrinter;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators.Spacing;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonBounds;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.json.JsonRefused;
import dev.tallygate.json.StrictJson;
import dev.tallygate.policy.Finding;
import dev.tallygate.policy.Finding.Severity;
import dev.tallygate.registry.Definition;
import dev.tallygate.registry.PinKey;
import dev.tallygate.registry.ServerPins;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * The lock file: the approved definitions of each server, as JSON that people can review and
 * commit. Each stands with its digest, which a reader checks.
 */
public final class PinFile {
  private static final int VERSION = 1;

  /** Definitions may be as deep as a list of tools may, and stand some levels further in. */
  private static final JsonBounds BOUNDS =
      new JsonBounds(YamlReader.MAX_BYTES, 250, 1_000_000, YamlReader.MAX_BYTES);

  private static final JsonMapper JSON = new JsonMapper();
  private static final Map<String, PinKey.Kind> SECTIONS =
      new TreeMap<>(Map.of("tools", PinKey.Kind.TOOL, "prompts", PinKey.Kind.PROMPT));

  private static final String INSTRUCTIONS = "instructions";

  private PinFile() {}

  /** The lock file of a configuration that names none: beside it, by its name. */
  static String nameFor(Path configuration) {
    return configuration.getFileName().toString().replaceFirst("\\.(ya?ml|json)$", "")
        + ".lock.json";
  }

  /** Reads a lock file's text; what is wrong goes to {@code findings}. */
  static Map<String, ServerPins> read(byte[] text, Collection<Finding> findings) {
    try {
      JsonDocument document = StrictJson.readDocument(text, BOUNDS);
      for (JsonDocument.DuplicateKey twice : document.duplicates()) {
        findings.add(
            new Finding(
                Severity.ERROR, twice.pointer(), twice.position(), "this key occurs twice"));
      }
      return new Reading(document, findings).servers();
    } catch (JsonRefused e) {
      findings.add(new Finding(Severity.ERROR, e.pointer(), e.position(), e.getMessage()));
      return Map.of();
    }
  }

  /** Reads the servers of a lock file's JSON; what is wrong goes to {@code findings}. */
  static Map<String, ServerPins> read(ObjectNode servers, Collection<Finding> findings) {
    ObjectNode root = JSON.createObjectNode().put("lockVersion", VERSION);
    root.set("servers", servers);
    return new Reading(new JsonDocument(root, Map.of(), List.of()), findings).servers();
  }

  /**
   * Changes a lock file, which need not exist yet; commands and nodes take turns.
   *
   * @return what is in it now
   * @throws IOException with the reason and the cure; the file is then as it was
   */
  public static Map<String, ServerPins> change(
      Path file, UnaryOperator<Map<String, ServerPins>> change) throws IOException {
    try {
      Files.write(file, format(Map.of()), CREATE_NEW, WRITE);
    } catch (FileAlreadyExistsException e) {
      // As it mostly does.
    } catch (FileSystemException e) {
      throw new IOException(
          file
              + " cannot be made; its folder must be there, and writable by the user who runs this",
          e);
    }
    try (LockedFile locked = LockedFile.open(file)) {
      byte[] before = locked.read();
      List<Finding> findings = new ArrayList<>();
      Map<String, ServerPins> pins = read(before, findings);
      if (!findings.isEmpty()) {
        throw new IOException(file + ":" + findings.get(0));
      }
      Map<String, ServerPins> changed = change.apply(pins);
      if (!changed.equals(pins)) {
        locked.replace(before, format(changed));
      }
      return changed;
    }
  }

  /** Indents may make it many times as long as its definitions, so it is bounded as it is made. */
  static byte[] format(Map<String, ServerPins> pins) throws IOException {
    ObjectNode root = JSON.createObjectNode().put("lockVersion", VERSION);
    ObjectNode servers = root.putObject("servers");
    new TreeMap<>(pins).forEach((name, server) -> write(server, servers.putObject(name)));
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
                PrettyPrinter.DEFAULT_SEPARATORS.withObjectFieldValueSpacing(Spacing.AFTER))
            .withObjectIndenter(new DefaultIndenter("  ", "\n"))
            .withArrayIndenter(new DefaultIndenter("  ", "\n"));
    Text text = new Text();
    JSON.writer(printer).without(JsonGenerator.Feature.AUTO_CLOSE_TARGET).writeValue(text, root);
    text.write('\n');
    return text.bytes.toByteArray();
  }

  /** Takes no more than is read back. */
  private static final class Text extends OutputStream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      if (bytes.size() + length > BOUNDS.maxBytes()) {
        throw new IOException(
            "the lock file would be larger than " + Units.text(BOUNDS.maxBytes()));
      }
      bytes.write(from, offset, length);
    }
  }

  /** What the lock file says of a server. */
  static ObjectNode json(ServerPins server) {
    ObjectNode object = JSON.createObjectNode();
    write(server, object);
    return object;
  }

  private static void write(ServerPins server, ObjectNode to) {
    if (server.has(PinKey.INSTRUCTIONS)) {
      write(server.of(PinKey.INSTRUCTIONS), to.putArray(INSTRUCTIONS));
    }
    SECTIONS.forEach(
        (section, kind) -> {
          TreeMap<String, List<Definition>> named = new TreeMap<>();
          for (PinKey key : server.keys()) {
            if (key.kind() == kind) {
              named.put(key.name(), server.of(key));
            }
          }
          if (!named.isEmpty()) {
            ObjectNode object = to.putObject(section);
            named.forEach((name, definitions) -> write(definitions, object.putArray(name)));
          }
        });
  }

  private static void write(List<Definition> definitions, ArrayNode to) {
    for (Definition definition : definitions) {
      to.addObject().put("sha256", definition.digest().hex()).set("definition", definition.value());
    }
  }

  /** One reading of a document; what is wrong is found, and left out. */
  private record Reading(JsonDocument document, Collection<Finding> findings) {
    Map<String, ServerPins> servers() {
      JsonNode root = document.root();
      Map<String, ServerPins> pins = new HashMap<>();
      if (!root.isObject() || root.path("lockVersion").asInt() != VERSION) {
        error("", "this is not a lock file of version 1; `tallygate pin` writes them");
        return pins;
      }
      for (Map.Entry<String, JsonNode> member : root.properties()) {
        if (member.getKey().equals("servers") && member.getValue().isObject()) {
          member
              .getValue()
              .properties()
              .forEach(e -> pins.put(e.getKey(), server("/servers", e.getKey(), e.getValue())));
        } else if (!member.getKey().equals("lockVersion")) {
          error(JsonPointers.child("", member.getKey()), "this does not belong here; remove it");
        }
      }
      return pins;
    }

    private ServerPins server(String parent, String name, JsonNode sections) {
      String pointer = JsonPointers.child(parent, name);
      Map<PinKey, List<Definition>> pins = new HashMap<>();
      for (Map.Entry<String, JsonNode> section : sections.properties()) {
        String at = JsonPointers.child(pointer, section.getKey());
        switch (section.getKey()) {
          case INSTRUCTIONS -> pins.put(PinKey.INSTRUCTIONS, definitions(at, section.getValue()));
          case "tools", "prompts" -> {
            for (Map.Entry<String, JsonNode> named : section.getValue().properties()) {
              PinKey key = new PinKey(SECTIONS.get(section.getKey()), named.getKey());
              String item = JsonPointers.child(at, named.getKey());
              pins.put(key, definitions(item, named.getValue()));
            }
          }
          default -> error(at, "a server has tools, prompts and instructions; remove it");
        }
      }
      return ServerPins.of(pins);
    }

    private List<Definition> definitions(String pointer, JsonNode items) {
      List<Definition> definitions = new ArrayList<>();
      if (!items.isArray() || items.isEmpty()) {
        error(pointer, "must be a list of {sha256, definition}");
      }
      for (int i = 0; i < items.size(); i++) {
        JsonNode item = items.get(i);
        try {
          Definition definition = Definition.of(item.required("definition"));
          if (!definition.digest().hex().equals(item.path("sha256").asText())) {
            error(
                JsonPointers.child(pointer, i),
                "the digest is not that of the definition: one of them was changed by hand;"
                    + " remove the entry and run `tallygate pin`");
          }
          definitions.add(definition);
        } catch (IllegalArgumentException e) {
          error(JsonPointers.child(pointer, i), "must be {sha256, definition}");
        }
      }
      return definitions;
    }

    private void error(String pointer, String message) {
      findings.add(new Finding(Severity.ERROR, pointer, document.positionOf(pointer), message));
    }
  }
}
