package dev.tallygate.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallygate.json.JsonRefused.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads exactly one JSON value from UTF-8 bytes (RFC 8259), within bounds.
 *
 * <p>Refused: bytes that are not UTF-8, a byte order mark, zero bytes, comments and every other
 * extension, keys that occur twice in one object after unescaping, unpaired surrogates, numbers of
 * more than {@value #MAX_DIGITS} digits or an exponent beyond &plusmn;{@value #MAX_EXPONENT}, and
 * anything after the value. Numbers are kept as exact decimals. All methods are thread-safe.
 */
public final class StrictJson {
  /** Digits that a number may have. */
  public static final int MAX_DIGITS = 64;

  /** The largest exponent, either way, that a number may be written with. */
  public static final int MAX_EXPONENT = 64;

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          // Keys come from strangers: nothing of them may stay in a shared table.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(1_000)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxNumberLength(MAX_DIGITS * 4)
                  .build())
          .build();

  private StrictJson() {}

  /** Reads a value. The first thing that is wrong ends the reading. */
  public static JsonNode read(byte[] utf8, JsonBounds bounds) throws JsonRefused {
    return new Reading(utf8, bounds, false).run();
  }

  /** Reads a document with the place of every value; duplicate keys are listed, not refused. */
  public static JsonDocument readDocument(byte[] utf8, JsonBounds bounds) throws JsonRefused {
    Reading reading = new Reading(utf8, bounds, true);
    JsonNode root = reading.run();
    return new JsonDocument(root, reading.positions, reading.duplicates);
  }

  private static final class Reading {
    private final byte[] text;
    private final JsonBounds bounds;
    private final boolean keepsPlaces;
    private final Map<String, Position> positions = new HashMap<>();
    private final List<JsonDocument.DuplicateKey> duplicates = new ArrayList<>();
    private JsonParser parser;
    private int values;

    Reading(byte[] text, JsonBounds bounds, boolean keepsPlaces) {
      this.text = text;
      this.bounds = bounds;
      this.keepsPlaces = keepsPlaces;
    }

    JsonNode run() throws JsonRefused {
      if (text.length > bounds.maxBytes()) {
        throw refused(
            Kind.TOO_LARGE, "the text has " + text.length + " bytes, over " + bounds.maxBytes());
      }
      requireUtf8(text);
      try (JsonParser opened = FACTORY.createParser(text)) {
        parser = opened;
        if (parser.nextToken() == null) {
          throw refused(Kind.SYNTAX, "the text is empty");
        }
        JsonNode root = value("", 1);
        if (parser.nextToken() != null) {
          throw refused(Kind.SYNTAX, "something follows the JSON value");
        }
        return root;
      } catch (StreamConstraintsException e) {
        Kind kind = e.getMessage().contains("Number") ? Kind.NUMBER_OUT_OF_RANGE : Kind.TOO_DEEP;
        throw refused(kind, e.getOriginalMessage());
      } catch (JsonProcessingException e) {
        throw new JsonRefused(Kind.SYNTAX, pointer(), place(e.getLocation()), plain(e));
      } catch (IOException e) {
        throw new UncheckedIOException("reading from memory cannot fail", e);
      }
    }

    private JsonNode value(String pointer, int depth) throws IOException, JsonRefused {
      if (++values > bounds.maxValues()) {
        throw refused(Kind.TOO_MANY_VALUES, "more than " + bounds.maxValues() + " keys and values");
      }
      if (keepsPlaces) {
        positions.putIfAbsent(pointer, place(parser.currentTokenLocation()));
      }
      JsonToken token = parser.currentToken();
      if (token.isStructStart() && depth > bounds.maxDepth()) {
        throw refused(Kind.TOO_DEEP, "nested deeper than " + bounds.maxDepth() + " levels");
      }
      return switch (token) {
        case START_OBJECT -> object(pointer, depth);
        case START_ARRAY -> array(pointer, depth);
        case VALUE_STRING -> NODES.textNode(string(parser.getText()));
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getText(), token);
        case VALUE_TRUE -> NODES.booleanNode(true);
        case VALUE_FALSE -> NODES.booleanNode(false);
        case VALUE_NULL -> NODES.nullNode();
        default -> throw refused(Kind.SYNTAX, "unexpected " + token);
      };
    }

    private ObjectNode object(String pointer, int depth) throws IOException, JsonRefused {
      ObjectNode object = NODES.objectNode();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = string(parser.currentName());
        String at = keepsPlaces ? JsonPointers.child(pointer, key) : pointer;
        Position place = keepsPlaces ? place(parser.currentTokenLocation()) : null;
        boolean again = object.has(key);
        if (again && !keepsPlaces) {
          throw refused(Kind.DUPLICATE_KEY, "the key occurs twice in one object");
        }
        if (++values > bounds.maxValues()) {
          throw refused(
              Kind.TOO_MANY_VALUES, "more than " + bounds.maxValues() + " keys and values");
        }
        if (again) {
          duplicates.add(new JsonDocument.DuplicateKey(at, place));
        } else if (keepsPlaces) {
          positions.put(at, place);
        }
        parser.nextToken();
        JsonNode value = value(at, depth + 1);
        if (!again) {
          object.set(key, value);
        }
      }
      return object;
    }

    private ArrayNode array(String pointer, int depth) throws IOException, JsonRefused {
      ArrayNode array = NODES.arrayNode();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        String at = keepsPlaces ? JsonPointers.child(pointer, array.size()) : pointer;
        array.add(value(at, depth + 1));
      }
      return array;
    }

    private String string(String string) throws JsonRefused {
      if (string.length() > bounds.maxStringLength()) {
        throw refused(Kind.STRING_TOO_LONG, "a string is longer than " + bounds.maxStringLength());
      }
      for (int i = 0; i < string.length(); i++) {
        char c = string.charAt(i);
        if (!Character.isSurrogate(c)) {
          continue;
        }
        boolean paired =
            Character.isHighSurrogate(c)
                && i + 1 < string.length()
                && Character.isLowSurrogate(string.charAt(i + 1));
        if (!paired) {
          throw refused(Kind.LONE_SURROGATE, "a string holds half of a surrogate pair");
        }
        i++;
      }
      return string;
    }

    private JsonNode number(String written, JsonToken token) throws JsonRefused {
      if (!withinRange(written)) {
        throw refused(
            Kind.NUMBER_OUT_OF_RANGE,
            "a number has more than "
                + MAX_DIGITS
                + " digits or an exponent beyond "
                + MAX_EXPONENT);
      }
      if (token == JsonToken.VALUE_NUMBER_INT && written.length() <= 18) {
        return NODES.numberNode(Long.parseLong(written));
      }
      return NODES.numberNode(new BigDecimal(written));
    }

    private JsonRefused refused(Kind kind, String message) {
      Position position = parser == null ? Position.START : place(parser.currentTokenLocation());
      return new JsonRefused(kind, pointer(), position, message);
    }

    private String pointer() {
      return parser == null ? "" : parser.getParsingContext().pathAsPointer().toString();
    }
  }

  /** Whether a number as written stays within the digits and exponent that are accepted. */
  static boolean withinRange(String written) {
    int digits = 0;
    for (int i = 0; i < written.length(); i++) {
      char c = written.charAt(i);
      if (c == 'e' || c == 'E') {
        String exponent = written.substring(i + 1);
        return digits <= MAX_DIGITS
            && exponent.length() <= 4
            && Math.abs(Integer.parseInt(exponent)) <= MAX_EXPONENT;
      }
      if (c >= '0' && c <= '9') {
        digits++;
      }
    }
    return digits <= MAX_DIGITS;
  }

  private static void requireUtf8(byte[] bytes) throws JsonRefused {
    if (bytes.length >= 3
        && bytes[0] == (byte) 0xEF
        && bytes[1] == (byte) 0xBB
        && bytes[2] == (byte) 0xBF) {
      throw new JsonRefused(
          Kind.SYNTAX, "", Position.START, "the text begins with a byte order mark");
    }
    for (int i = 0; i < bytes.length; i++) {
      // Zero bytes at the front would make the parser take the text for UTF-16 or UTF-32.
      if (bytes[i] == 0) {
        throw new JsonRefused(Kind.SYNTAX, "", placeOf(bytes, i), "the text holds a zero byte");
      }
    }
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer scratch = CharBuffer.allocate(Math.min(Math.max(bytes.length, 1), 4096));
    while (true) {
      CoderResult result = decoder.decode(in, scratch, true);
      if (result.isError()) {
        throw new JsonRefused(
            Kind.NOT_UTF8, "", placeOf(bytes, in.position()), "the text is not UTF-8");
      }
      if (result.isUnderflow()) {
        return;
      }
      scratch.clear();
    }
  }

  private static Position placeOf(byte[] bytes, int offset) {
    int line = 1;
    int column = 1;
    for (int i = 0; i < offset; i++) {
      if (bytes[i] == '\n') {
        line++;
        column = 1;
      } else {
        column++;
      }
    }
    return new Position(line, column);
  }

  private static Position place(JsonLocation location) {
    return new Position(Math.max(1, location.getLineNr()), Math.max(1, location.getColumnNr()));
  }

  private static final Pattern PARSER_HINT =
      Pattern.compile(
          " ?\\((for Object|for root|enable|not recognized|start marker)[^)]*\\)"
              + "|: enable `[^`]*` to allow");

  /** The parser's message without its advice on its own settings. */
  private static String plain(JsonProcessingException e) {
    Matcher hint = PARSER_HINT.matcher(e.getOriginalMessage());
    return hint.replaceAll("").replaceAll("\\s*\\R\\s*", " ");
  }
}
