package dev.tallygate.node.config;

import dev.tallygate.json.Position;
import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.node.config.YamlNode.Mapping;
import dev.tallygate.node.config.YamlNode.Scalar;
import dev.tallygate.node.config.YamlNode.Sequence;
import dev.tallygate.node.config.YamlNode.Span;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads one YAML 1.2 document with the places of its values, within bounds.
 *
 * <p>Refused: more than {@value #MAX_BYTES} bytes, {@value #MAX_DEPTH} levels or {@value
 * #MAX_VALUES} values, bytes that are not UTF-8, aliases (one line could stand for a million),
 * tags, keys that are not plain text, and keys that occur twice.
 */
final class YamlReader {
  static final int MAX_BYTES = 4 * 1024 * 1024;
  static final int MAX_DEPTH = 32;
  static final int MAX_VALUES = 200_000;

  private static final LoadSettings SETTINGS =
      LoadSettings.builder().setCodePointLimit(MAX_BYTES).build();

  private final String text;
  private final int offset;
  private final Iterator<Event> events;
  private int values;
  private int codePoints;
  private int units;

  private YamlReader(String text) {
    this.text = text;
    this.offset = text.startsWith("\uFEFF") ? 1 : 0;
    this.units = offset;
    this.events = new Parse(SETTINGS).parseString(text.substring(offset)).iterator();
  }

  /** Decodes a file, which must be UTF-8; a byte order mark stays in the text. */
  static String decode(byte[] bytes) throws YamlRefused {
    if (bytes.length > MAX_BYTES) {
      throw new YamlRefused(
          Position.START,
          "the file has " + bytes.length + " bytes; at most " + MAX_BYTES + " are read");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new YamlRefused(Position.START, "the file is not UTF-8; save it in that encoding");
    }
  }

  /** Reads the document; empty where the text holds none. */
  static Optional<YamlNode> read(String text) throws YamlRefused {
    try {
      return new YamlReader(text).document();
    } catch (MarkedYamlEngineException e) {
      Position position =
          e.getProblemMark().or(e::getContextMark).map(YamlReader::place).orElse(Position.START);
      String context = e.getContext() == null ? "" : e.getContext() + ": ";
      throw new YamlRefused(position, "not valid YAML: " + context + e.getProblem());
    } catch (ReaderException e) {
      throw new YamlRefused(
          placeOf(text, e.getPosition()),
          String.format("the character U+%04X is not allowed in YAML", e.getCodePoint()));
    } catch (YamlEngineException e) {
      throw new YamlRefused(Position.START, "not valid YAML: " + e.getMessage());
    } catch (NumberFormatException e) {
      // That is all that the library says of one at the end of the text.
      throw new YamlRefused(Position.START, "not valid YAML: an escape in it is cut off");
    }
  }

  private Optional<YamlNode> document() throws YamlRefused {
    events.next(); // start of the stream
    if (events.next().getEventId() == Event.ID.StreamEnd) {
      return Optional.empty();
    }
    YamlNode root = node(events.next(), 1);
    events.next(); // end of the document
    Event end = events.next();
    if (end.getEventId() != Event.ID.StreamEnd) {
      throw refused(end, "a second document begins here; a configuration is one document");
    }
    return root instanceof Scalar scalar && scalar.text().isEmpty()
        ? Optional.empty()
        : Optional.of(root);
  }

  private YamlNode node(Event event, int depth) throws YamlRefused {
    if (++values > MAX_VALUES) {
      throw refused(event, "more than " + MAX_VALUES + " values");
    }
    if (depth > MAX_DEPTH) {
      throw refused(event, "nested deeper than " + MAX_DEPTH + " levels");
    }
    return switch (event.getEventId()) {
      case Scalar -> scalar((ScalarEvent) event);
      case SequenceStart -> sequence((CollectionStartEvent) event, depth);
      case MappingStart -> mapping((CollectionStartEvent) event, depth);
      case Alias ->
          throw refused(event, "aliases (*name) are not supported; write the value out here");
      default -> throw refused(event, "unexpected " + event.getEventId());
    };
  }

  private Scalar scalar(ScalarEvent event) throws YamlRefused {
    refuseTag(event, event.getTag());
    int start = start(event);
    int end = event.getEndMark().map(this::index).orElse(start);
    boolean block =
        event.getScalarStyle() == ScalarStyle.LITERAL
            || event.getScalarStyle() == ScalarStyle.FOLDED;
    if (block) {
      while (end > start && Character.isWhitespace(text.charAt(end - 1))) {
        end--;
      }
    }
    return new Scalar(event.getValue(), event.isPlain(), span(event, start, end));
  }

  private Sequence sequence(CollectionStartEvent start, int depth) throws YamlRefused {
    refuseTag(start, start.getTag());
    int from = start(start);
    List<YamlNode> items = new ArrayList<>();
    Event next = events.next();
    while (next.getEventId() != Event.ID.SequenceEnd) {
      items.add(node(next, depth + 1));
      next = events.next();
    }
    YamlNode last = items.isEmpty() ? null : items.get(items.size() - 1);
    return new Sequence(items, start.isFlow(), span(start, from, end(start, next, from, last)));
  }

  private Mapping mapping(CollectionStartEvent start, int depth) throws YamlRefused {
    refuseTag(start, start.getTag());
    int from = start(start);
    List<Entry> entries = new ArrayList<>();
    Map<String, Position> seen = new HashMap<>();
    YamlNode last = null;
    Event next = events.next();
    while (next.getEventId() != Event.ID.MappingEnd) {
      YamlNode keyNode = node(next, depth + 1);
      if (!(keyNode instanceof Scalar key) || key.isNull()) {
        throw new YamlRefused(keyNode.span().position(), "a key must be a single piece of text");
      }
      Position first = seen.putIfAbsent(key.text(), key.span().position());
      if (first != null) {
        throw new YamlRefused(
            key.span().position(),
            "`" + key.text() + "` is given twice; first on line " + first.line() + ". Keep one");
      }
      last = node(events.next(), depth + 1);
      entries.add(new Entry(key, last));
      next = events.next();
    }
    return new Mapping(entries, start.isFlow(), span(start, from, end(start, next, from, last)));
  }

  /** A block's own end mark lies at the next token, beyond comments; its last value ends it. */
  private int end(CollectionStartEvent start, Event end, int from, YamlNode last) {
    if (start.isFlow()) {
      return end.getEndMark().map(this::index).orElse(from);
    }
    return last == null ? from : last.span().end();
  }

  private void refuseTag(Event event, Optional<String> tag) throws YamlRefused {
    if (tag.isPresent()) {
      throw refused(event, "tags (!" + "name) are not supported; remove it");
    }
  }

  private int start(Event event) {
    return event.getStartMark().map(this::index).orElse(0);
  }

  private static Span span(Event event, int start, int end) {
    return new Span(start, end, event.getStartMark().map(YamlReader::place).orElse(Position.START));
  }

  private static YamlRefused refused(Event event, String message) {
    return new YamlRefused(
        event.getStartMark().map(YamlReader::place).orElse(Position.START), message);
  }

  /** Marks count code points; a text is indexed in UTF-16 units. */
  private int index(Mark mark) {
    if (mark.getIndex() < codePoints) {
      codePoints = 0;
      units = offset;
    }
    units = text.offsetByCodePoints(units, mark.getIndex() - codePoints);
    codePoints = mark.getIndex();
    return units;
  }

  private static Position place(Mark mark) {
    return new Position(mark.getLine() + 1, mark.getColumn() + 1);
  }

  private static Position placeOf(String text, int index) {
    int line = 1;
    int column = 1;
    for (int i = 0; i < Math.min(index, text.length()); i++) {
      column++;
      if (text.charAt(i) == '\n') {
        line++;
        column = 1;
      }
    }
    return new Position(line, column);
  }
}
