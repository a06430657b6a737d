package dev.tallygate.node.mcp;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Takes what a caller must not see out of the JSON-RPC response to a list request.
 *
 * <p>Hidden items are cut out of the server's bytes; what remains is as the server wrote it, down
 * to the digits of a number. Only tokens are read, with the place of each, and no tree is built. A
 * text that another parser could read differently is refused. Methods are thread-safe.
 */
public final class ListFilter {
  private static final int MAX_DEPTH = 200;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          // Keys come from strangers: nothing of them may stay in a shared table.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private static final KeyFolding MESSAGE_KEYS =
      new KeyFolding(Set.of("jsonrpc", "id", "result", "error", "method", "params"));

  private ListFilter() {}

  /** Says which items stay. */
  @FunctionalInterface
  public interface Judge {
    /**
     * Whether an item stays.
     *
     * @param name of the tool or prompt, or the resource's URI
     * @param item the whole item as the server wrote it: a JSON object in UTF-8
     */
    boolean keeps(String name, byte[] item);
  }

  /** Says whether a server's instructions stay. */
  @FunctionalInterface
  public interface Instructions {
    /** Whether they stay; where they do not, an empty text takes their place. */
    boolean keeps(String text);
  }

  /**
   * What became of a response.
   *
   * @param body the server's own array if nothing had to be changed
   * @param kept names of what stayed, in their order
   * @param dropped names of what was cut out, in their order; they may hold anything
   * @param isError whether the response is an error and so holds no list
   * @param hasNextCursor whether more pages follow
   */
  public record Filtered(
      byte[] body,
      List<String> kept,
      List<String> dropped,
      boolean isError,
      boolean hasNextCursor) {}

  /**
   * Filters the response to a list request. Tools whose names are not plain are cut out unasked.
   *
   * @param body the response: the body, or the data of an event
   * @param maxTtlMillis in the modern era how long the list may be kept by its reader, which is
   *     then also told to keep it to itself; absent in the legacy era
   * @throws ListRefused if the text is not one strict JSON-RPC response that holds the list
   */
  public static Filtered filter(ListKind kind, byte[] body, OptionalLong maxTtlMillis, Judge judge)
      throws ListRefused {
    return run(new Scan(kind, body, maxTtlMillis, judge));
  }

  /**
   * Judges the instructions in the result of {@code initialize} or {@code server/discover}.
   *
   * @param maxTtlMillis in the modern era how long the result may be kept by its reader, which is
   *     then also told to keep it to itself; absent in the legacy era
   * @throws ListRefused if the text is not one strict JSON-RPC response
   */
  public static byte[] filterOpening(
      byte[] body, OptionalLong maxTtlMillis, Instructions instructions) throws ListRefused {
    Scan scan = new Scan(null, body, maxTtlMillis, (name, item) -> true);
    scan.instructions = instructions;
    return run(scan).body();
  }

  private static Filtered run(Scan scan) throws ListRefused {
    try (JsonParser parser = FACTORY.createParser(scan.text.array(), 0, scan.text.length())) {
      scan.parser = parser;
      return scan.run();
    } catch (JsonProcessingException e) {
      throw new ListRefused("the list is not strict JSON");
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory cannot fail", e);
    }
  }

  /** Strictly, so that to encode it again gives the same bytes. */
  private static CharBuffer decoded(byte[] body) throws ListRefused {
    CharBuffer text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
    } catch (CharacterCodingException e) {
      throw new ListRefused("the list is not UTF-8");
    }
    if (text.length() > 0 && text.charAt(0) == '\uFEFF') {
      throw new ListRefused("the list begins with a byte order mark");
    }
    return text;
  }

  /** Characters {@code from} to {@code to} replaced by others. */
  private record Edit(int from, int to, String by) {}

  private static final class Scan {
    private final ListKind kind;
    private final byte[] body;
    private final CharBuffer text;
    private final OptionalLong maxTtlMillis;
    private final Judge judge;
    private final KeyFolding resultKeys;
    private final List<Edit> edits = new ArrayList<>();
    private final List<Runnable> judgements = new ArrayList<>();
    private final List<String> kept = new ArrayList<>();
    private final List<String> dropped = new ArrayList<>();
    private Instructions instructions;
    private JsonParser parser;
    private boolean hasNextCursor;
    private boolean listSeen;
    private boolean interim;

    Scan(ListKind kind, byte[] body, OptionalLong maxTtlMillis, Judge judge) throws ListRefused {
      this.kind = kind;
      this.body = body;
      this.text = decoded(body);
      this.maxTtlMillis = maxTtlMillis;
      this.judge = judge;
      Set<String> known =
          new HashSet<>(Set.of("resultType", "nextCursor", "ttlMs", "cacheScope", "instructions"));
      if (kind != null) {
        known.add(kind.arrayKey);
      }
      this.resultKeys = new KeyFolding(known);
    }

    Filtered run() throws IOException, ListRefused {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new ListRefused(
            parser.currentToken() == JsonToken.START_ARRAY
                ? "the response is a batch"
                : "the response is not a JSON object");
      }
      boolean result = false;
      boolean error = false;
      boolean id = false;
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        if (MESSAGE_KEYS.mistakable(key) != null) {
          throw new ListRefused("a key of the response can be mistaken for another");
        }
        parser.nextToken();
        switch (key) {
          case "result" -> {
            result = true;
            result();
          }
          case "error" -> {
            error = true;
            skip();
          }
          case "id" -> {
            id = true;
            skip();
          }
          case "method" -> throw new ListRefused("the message is not a response");
          default -> skip();
        }
      }
      if (parser.nextToken() != null) {
        throw new ListRefused("something follows the response");
      }
      if (!id || result == error) {
        throw new ListRefused("the message is not a response");
      }
      judgements.forEach(Runnable::run);
      return new Filtered(edited(), List.copyOf(kept), List.copyOf(dropped), error, hasNextCursor);
    }

    private void result() throws IOException, ListRefused {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new ListRefused("the result is not an object");
      }
      int start = tokenEnd();
      boolean empty = true;
      boolean ttl = false;
      boolean scope = false;
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        empty = false;
        String key = parser.currentName();
        if (resultKeys.mistakable(key) != null) {
          throw new ListRefused("a key of the result can be mistaken for another");
        }
        parser.nextToken();
        if (kind != null && key.equals(kind.arrayKey)) {
          listSeen = true;
          list();
        } else if (kind == null && key.equals("instructions")) {
          instructions();
        } else if (maxTtlMillis.isPresent() && key.equals("ttlMs")) {
          ttl = true;
          edits.add(scalar(ttl()));
        } else if (maxTtlMillis.isPresent() && key.equals("cacheScope")) {
          scope = true;
          edits.add(scalar("\"private\""));
        } else {
          hasNextCursor |=
              key.equals("nextCursor") && parser.currentToken() != JsonToken.VALUE_NULL;
          interim |= key.equals("resultType") && !"complete".equals(parser.getValueAsString());
          skip();
        }
      }
      if (kind != null && !listSeen) {
        throw new ListRefused("the result holds no list of " + kind.arrayKey);
      }
      // A result that is not final, such as one that asks for input, need not carry hints.
      if (maxTtlMillis.isPresent() && (kind != null || !interim)) {
        String missing = (ttl ? "" : "\"ttlMs\":0,") + (scope ? "" : "\"cacheScope\":\"private\",");
        String members =
            empty && !missing.isEmpty() ? missing.substring(0, missing.length() - 1) : missing;
        edits.add(new Edit(start, start, members));
      }
    }

    private void instructions() throws IOException, ListRefused {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw new ListRefused("the instructions are not a text");
      }
      int from = tokenStart();
      String said = parser.getText();
      int to = tokenEnd();
      judgements.add(
          () -> {
            if (!instructions.keeps(said)) {
              edits.add(new Edit(from, to, "\"\""));
            }
          });
    }

    private String ttl() throws IOException {
      long given = 0;
      if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
        String written = parser.getText();
        given = written.length() > 18 ? Long.MAX_VALUE : Long.parseLong(written);
        given = written.startsWith("-") ? 0 : given;
      }
      return Long.toString(Math.min(given, maxTtlMillis.getAsLong()));
    }

    private Edit scalar(String by) throws IOException, ListRefused {
      if (parser.currentToken().isStructStart()) {
        throw new ListRefused("a cache hint is not a single value");
      }
      int from = tokenStart();
      parser.finishToken();
      return new Edit(from, tokenEnd(), by);
    }

    private void list() throws IOException, ListRefused {
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        throw new ListRefused(kind.arrayKey + " is not an array");
      }
      Set<String> names = new HashSet<>();
      List<Item> items = new ArrayList<>();
      int start = tokenEnd();
      int before = start;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        Item item = item(before, tokenStart());
        if (kind.unique && !names.add(item.name)) {
          throw new ListRefused("a name occurs twice in " + kind.arrayKey);
        }
        items.add(item);
        before = item.end;
      }
      // Nothing is judged, and so seen, of a response that turns out to be refused.
      judgements.add(() -> judge(items, start));
    }

    private void judge(List<Item> items, int start) {
      List<CharSequence> staying = new ArrayList<>();
      for (Item item : items) {
        boolean stays =
            item.unmistakable
                && (kind != ListKind.TOOLS || ToolNames.isPlain(item.name))
                && judge.keeps(item.name, bytes(text.subSequence(item.start, item.end)));
        if (stays) {
          kept.add(item.name);
          staying.add(text.subSequence(afterComma(item.before), item.end));
        } else {
          dropped.add(item.name);
        }
      }
      if (!dropped.isEmpty()) {
        int end = items.get(items.size() - 1).end;
        edits.add(new Edit(start, end, String.join(",", staying)));
      }
    }

    /** From the end of one item past the comma that follows it, if one does. */
    private int afterComma(int from) {
      int i = from;
      while (Character.isWhitespace(text.charAt(i))) {
        i++;
      }
      return text.charAt(i) == ',' ? i + 1 : from;
    }

    /**
     * An item of the list.
     *
     * @param before where the item before it ends, or the list begins
     */
    private record Item(String name, boolean unmistakable, int before, int start, int end) {}

    private Item item(int before, int start) throws IOException, ListRefused {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new ListRefused("an item of " + kind.arrayKey + " is not an object");
      }
      KeyFolding nameKey = kind.itemKeys;
      String name = null;
      boolean unmistakable = true;
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        unmistakable &= nameKey.mistakable(key) == null;
        parser.nextToken();
        if (key.equals(kind.nameKey)) {
          if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw new ListRefused("an item of " + kind.arrayKey + " has a name that is no string");
          }
          name = parser.getText();
        } else {
          skip();
        }
      }
      if (name == null) {
        throw new ListRefused("an item of " + kind.arrayKey + " has no name");
      }
      return new Item(name, unmistakable, before, start, tokenEnd());
    }

    private void skip() throws IOException {
      parser.skipChildren();
      parser.finishToken();
    }

    private int tokenStart() {
      return (int) parser.currentTokenLocation().getCharOffset();
    }

    private int tokenEnd() {
      return (int) parser.currentLocation().getCharOffset();
    }

    private byte[] edited() {
      if (edits.isEmpty()) {
        return body;
      }
      edits.sort((a, b) -> Integer.compare(a.from, b.from));
      StringBuilder out = new StringBuilder(text.length() + 64);
      int at = 0;
      for (Edit edit : edits) {
        out.append(text, at, edit.from).append(edit.by);
        at = edit.to;
      }
      return bytes(out.append(text, at, text.length()));
    }

    private static byte[] bytes(CharSequence text) {
      return text.toString().getBytes(StandardCharsets.UTF_8);
    }
  }
}
