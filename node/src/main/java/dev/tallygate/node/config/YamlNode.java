package dev.tallygate.node.config;

import dev.tallygate.json.Position;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A value of a YAML text together with the place where it is written. Immutable. */
sealed interface YamlNode {
  /** Where it stands in the text. */
  Span span();

  /** What it says, without how it is written: text, {@code null}, lists and maps. */
  Object data();

  /**
   * A stretch of the text.
   *
   * @param start index of its first UTF-16 unit
   * @param end index after its last one; what follows the last value, such as a comment, is outside
   * @param position line and column of the start
   */
  record Span(int start, int end, Position position) {}

  /**
   * A single value.
   *
   * @param text without quotes and escapes
   * @param plain whether it is written without quotes
   */
  record Scalar(String text, boolean plain, Span span) implements YamlNode {
    boolean isNull() {
      return plain
          && (text.isEmpty()
              || text.equals("~")
              || text.equals("null")
              || text.equals("NULL")
              || text.equals("Null"));
    }

    @Override
    public Object data() {
      return isNull() ? null : text;
    }
  }

  /**
   * A list.
   *
   * @param flow whether it is written in brackets
   */
  record Sequence(List<YamlNode> items, boolean flow, Span span) implements YamlNode {
    public Sequence {
      items = List.copyOf(items);
    }

    @Override
    public Object data() {
      List<Object> data = new ArrayList<>();
      items.forEach(item -> data.add(item.data()));
      return data;
    }
  }

  /**
   * Keys and values.
   *
   * @param flow whether it is written in braces
   */
  record Mapping(List<Entry> entries, boolean flow, Span span) implements YamlNode {
    public Mapping {
      entries = List.copyOf(entries);
    }

    Optional<Entry> entry(String key) {
      return entries.stream().filter(entry -> entry.key().text().equals(key)).findFirst();
    }

    Optional<YamlNode> value(String key) {
      return entry(key).map(Entry::value);
    }

    /** The text of a single value, where the key has one. */
    Optional<String> text(String key) {
      return value(key)
          .filter(Scalar.class::isInstance)
          .map(Scalar.class::cast)
          .filter(scalar -> !scalar.isNull())
          .map(Scalar::text);
    }

    @Override
    public Object data() {
      Map<String, Object> data = new LinkedHashMap<>();
      entries.forEach(entry -> data.putIfAbsent(entry.key().text(), entry.value().data()));
      return data;
    }
  }

  /** One key with its value. */
  record Entry(Scalar key, YamlNode value) {}
}
