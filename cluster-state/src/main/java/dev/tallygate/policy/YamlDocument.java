package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.json.Position;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads the part of YAML 1.2 that says the same as JSON, with the place of every value. Anchors,
 * aliases, tags and scalars that YAML libraries read differently (octal numbers, {@code 1_000}) are
 * refused.
 */
final class YamlDocument {
  static final int MAX_BYTES = 1024 * 1024;
  static final int MAX_DEPTH = 32;
  static final int MAX_VALUES = 100_000;

  private static final LoadSettings SETTINGS =
      LoadSettings.builder()
          .setCodePointLimit(MAX_BYTES)
          .setAllowNonScalarKeys(true)
          .setUseMarks(true)
          .build();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private static final Pattern JSON_NUMBER =
      Pattern.compile("-?(0|[1-9][0-9]{0,62})(\\.[0-9]{1,62})?([eE][-+]?[0-9]{1,2})?");
  private static final Pattern READ_AS_NUMBER_BY_SOME =
      Pattern.compile(
          "[-+]?(0[xXoObB][0-9a-fA-F_]+|[0-9][0-9_]*(\\.[0-9_]*)?([eE][-+]?[0-9]+)?"
              + "|\\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\\.(inf|Inf|INF)|\\.(nan|NaN|NAN))");

  private final Map<String, Position> positions = new HashMap<>();
  private final List<JsonDocument.DuplicateKey> duplicates = new ArrayList<>();

  private YamlDocument() {}

  static JsonDocument read(byte[] utf8) throws Refused {
    if (utf8.length > MAX_BYTES) {
      throw new Refused(Position.START, "the text has more than " + MAX_BYTES + " bytes");
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new Refused(Position.START, "the text is not UTF-8");
    }
    try {
      screen(text);
      Optional<Node> root = new Compose(SETTINGS).composeString(text);
      if (root.isEmpty()) {
        throw new Refused(Position.START, "the text is empty");
      }
      YamlDocument reading = new YamlDocument();
      reading.positions.put("", Position.START);
      JsonNode value = reading.value(root.get(), "");
      return new JsonDocument(value, reading.positions, reading.duplicates);
    } catch (MarkedYamlEngineException e) {
      throw new Refused(
          e.getProblemMark().map(YamlDocument::place).orElse(Position.START), e.getProblem());
    } catch (YamlEngineException e) {
      throw new Refused(Position.START, "the text is not YAML: " + firstLine(e.getMessage()));
    } catch (NumberFormatException e) {
      // That is all that the library says of one at the end of the text.
      throw new Refused(Position.START, "the text is not YAML: an escape in it is cut off");
    }
  }

  /** Walks the events, so that nothing is built of a text that is refused. */
  private static void screen(String text) throws Refused {
    int depth = 0;
    int values = 0;
    int documents = 0;
    for (Event event : new Parse(SETTINGS).parseString(text)) {
      Position place = event.getStartMark().map(YamlDocument::place).orElse(Position.START);
      if (event instanceof DocumentStartEvent && ++documents > 1) {
        throw new Refused(place, "a second document begins here; write one document");
      }
      if (event instanceof AliasEvent
          || (event instanceof NodeEvent node && node.getAnchor().isPresent())) {
        throw new Refused(place, "anchors and aliases are not read; write the value out");
      }
      boolean tagged =
          (event instanceof ScalarEvent scalar && scalar.getTag().isPresent())
              || (event instanceof CollectionStartEvent start && start.getTag().isPresent());
      if (tagged) {
        throw new Refused(place, "tags are not read; write the value without \"!\"");
      }
      if (event instanceof NodeEvent && ++values > MAX_VALUES) {
        throw new Refused(place, "the text has more than " + MAX_VALUES + " values");
      }
      if (event instanceof CollectionStartEvent && ++depth > MAX_DEPTH) {
        throw new Refused(place, "the text is nested deeper than " + MAX_DEPTH + " levels");
      }
      if (event instanceof CollectionEndEvent) {
        depth--;
      }
    }
  }

  private JsonNode value(Node node, String pointer) throws Refused {
    positions.putIfAbsent(pointer, placeOf(node));
    if (node instanceof MappingNode mapping) {
      return object(mapping, pointer);
    }
    if (node instanceof SequenceNode sequence) {
      ArrayNode array = NODES.arrayNode();
      for (Node element : sequence.getValue()) {
        array.add(value(element, JsonPointers.child(pointer, array.size())));
      }
      return array;
    }
    return scalar((ScalarNode) node);
  }

  private ObjectNode object(MappingNode mapping, String pointer) throws Refused {
    ObjectNode object = NODES.objectNode();
    for (NodeTuple member : mapping.getValue()) {
      if (!(member.getKeyNode() instanceof ScalarNode key)) {
        throw new Refused(placeOf(member.getKeyNode()), "a key must be a plain text");
      }
      String at = JsonPointers.child(pointer, key.getValue());
      if (object.has(key.getValue())) {
        duplicates.add(new JsonDocument.DuplicateKey(at, placeOf(key)));
        continue;
      }
      positions.put(at, placeOf(key));
      object.set(key.getValue(), value(member.getValueNode(), at));
    }
    return object;
  }

  private static JsonNode scalar(ScalarNode scalar) throws Refused {
    String text = scalar.getValue();
    if (scalar.getScalarStyle() != ScalarStyle.PLAIN) {
      return NODES.textNode(text);
    }
    switch (text) {
      case "", "~", "null", "Null", "NULL":
        return NODES.nullNode();
      case "true", "True", "TRUE":
        return NODES.booleanNode(true);
      case "false", "False", "FALSE":
        return NODES.booleanNode(false);
      default:
    }
    if (JSON_NUMBER.matcher(text).matches()) {
      BigDecimal number = new BigDecimal(text);
      boolean fits = number.scale() == 0 && number.precision() <= 18;
      return fits ? NODES.numberNode(number.longValueExact()) : NODES.numberNode(number);
    }
    if (READ_AS_NUMBER_BY_SOME.matcher(text).matches()) {
      throw new Refused(
          placeOf(scalar),
          "YAML readers differ on this number; write it in plain decimals, or in quotes as a text");
    }
    return NODES.textNode(text);
  }

  private static Position placeOf(Node node) {
    return node.getStartMark().map(YamlDocument::place).orElse(Position.START);
  }

  private static Position place(Mark mark) {
    return new Position(mark.getLine() + 1, mark.getColumn() + 1);
  }

  private static String firstLine(String message) {
    return message == null ? "" : message.lines().findFirst().orElse("");
  }

  /** A text that is not read, and where it goes wrong. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Position position;

    Refused(Position position, String message) {
      super(message, null, false, false);
      this.position = position;
    }

    Position position() {
      return position;
    }
  }
}
