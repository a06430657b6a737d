package dev.tallygate.node.config;

import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.node.config.YamlNode.Mapping;
import dev.tallygate.node.config.YamlNode.Scalar;
import dev.tallygate.node.config.YamlNode.Sequence;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Small changes to a YAML text that leave every other character as it is: comments, order, quotes,
 * indentation and line ends. Each change is a replacement at a place that the parser gave, written
 * in the style of what stands around it. Whoever makes a change reads the result again.
 */
final class YamlEdit {
  private record Replacement(int start, int end, String with) {}

  private final String text;
  private final String lineEnd;
  private final boolean json;
  private final List<Replacement> replacements = new ArrayList<>();

  /**
   * @param root the document as read from {@code text}
   */
  YamlEdit(String text, Mapping root) {
    this.text = text;
    this.lineEnd = text.contains("\r\n") ? "\r\n" : "\n";
    this.json = root.flow() && root.entries().stream().noneMatch(entry -> entry.key().plain());
  }

  /** The text with the changes made. */
  String result() {
    List<Replacement> ordered = new ArrayList<>(replacements);
    ordered.sort(Comparator.comparingInt(Replacement::start));
    StringBuilder result = new StringBuilder();
    int from = 0;
    for (Replacement replacement : ordered) {
      result.append(text, from, replacement.start()).append(replacement.with());
      from = replacement.end();
    }
    return result.append(text, from, text.length()).toString();
  }

  /** Writes another single value in place of one. */
  void replace(Scalar scalar, String value) {
    replace(scalar.span().start(), scalar.span().end(), quoted(value));
  }

  /** Writes a list of mappings in place of the value of {@code entry}. */
  void replace(Entry entry, List<Map<String, String>> items) {
    YamlNode value = entry.value();
    if (value instanceof Sequence sequence && sequence.flow()) {
      replace(value.span().start(), value.span().end(), flow(items));
    } else {
      // A block may stand at the indentation of its key, where a bracket may not.
      replace(
          afterColon(entry), Math.max(afterColon(entry), value.span().end()), " " + flow(items));
    }
  }

  /** Adds a key with a single value at the end of a mapping that has some. */
  void add(Mapping mapping, String key, String value) {
    addWritten(mapping, key, quoted(value));
  }

  /** Adds a key with a list of mappings at the end of a mapping that has some. */
  void add(Mapping mapping, String key, List<Map<String, String>> items) {
    addWritten(mapping, key, flow(items));
  }

  private void addWritten(Mapping mapping, String key, String value) {
    if (mapping.flow()) {
      Entry last = mapping.entries().get(mapping.entries().size() - 1);
      addToFlow(
          mapping.span().end() - 1,
          lastOf(last),
          mapping.entries().get(0).key().span().start(),
          key(key) + ": " + value);
    } else {
      int column = column(mapping.entries().get(0).key().span().start());
      addLine(mapping.span().end(), column, key + ": " + value);
    }
  }

  /** Adds a mapping to the list under {@code key} of the root, which may be absent or empty. */
  void addItem(Mapping root, String key, Map<String, String> item) {
    Entry entry = root.entry(key).orElse(null);
    if (entry == null) {
      if (root.flow()) {
        add(root, key, List.of(item));
      } else {
        int column = column(root.entries().get(0).key().span().start());
        String indent = " ".repeat(column);
        addLine(root.span().end(), column, key + ":" + lineEnd + block(indent + "  - ", item));
      }
    } else if (entry.value() instanceof Sequence sequence && !sequence.items().isEmpty()) {
      addItem(sequence, item);
    } else if (root.flow()) {
      replace(entry, List.of(item));
    } else {
      startBlock(entry, item);
    }
  }

  private void addItem(Sequence sequence, Map<String, String> item) {
    YamlNode last = sequence.items().get(sequence.items().size() - 1);
    if (sequence.flow()) {
      addToFlow(
          sequence.span().end() - 1,
          last.span().end(),
          sequence.items().get(0).span().start(),
          flow(item));
      return;
    }
    int dash = sequence.span().start();
    String indent = " ".repeat(column(dash));
    boolean flow = last instanceof Mapping mapping && mapping.flow();
    addLine(
        sequence.span().end(), 0, flow ? indent + "- " + flow(item) : block(indent + "- ", item));
  }

  /** Gives a key whose list is empty, {@code []} or left out, its first item. */
  private void startBlock(Entry entry, Map<String, String> item) {
    YamlNode value = entry.value();
    int end = afterColon(entry);
    if (text.substring(value.span().start(), value.span().end()).contains("#")) {
      int close = value.span().end() - 1; // a comment between the brackets stays there
      replace(close, close, flow(item));
      return;
    }
    if (value.span().end() > value.span().start()) {
      end = value.span().end();
      int start = value.span().start();
      while (start > 0 && text.charAt(start - 1) == ' ' && isBlank(end)) {
        start--;
      }
      replace(start, end, "");
    }
    String indent = " ".repeat(column(entry.key().span().start()) + 2);
    addLine(end, 0, block(indent + "- ", item));
  }

  /** Adds whole lines after the line in which {@code after} lies, comments on it included. */
  private void addLine(int after, int column, String lines) {
    int end = after;
    while (end < text.length() && text.charAt(end) != '\n') {
      end++;
    }
    String written = " ".repeat(column) + lines;
    if (end < text.length()) {
      replace(end + 1, end + 1, written + lineEnd);
    } else {
      replace(end, end, lineEnd + written);
    }
  }

  /**
   * Adds something before a closing bracket: on a line of its own where the first thing inside
   * begins one, else behind the last thing.
   *
   * @param close the bracket
   * @param lastEnd where the last thing ends
   * @param first where the first thing begins
   */
  private void addToFlow(int close, int lastEnd, int first, String added) {
    int comma = comma(lastEnd, close);
    boolean ownLines = text.substring(lineStart(first), first).isBlank();
    int lineFeed = text.indexOf('\n', comma < 0 ? lastEnd : comma);
    if (ownLines && lineFeed >= 0 && lineFeed < close) {
      if (comma < 0) {
        replace(lastEnd, lastEnd, ",");
      }
      replace(
          lineFeed + 1, lineFeed + 1, text.substring(lineStart(first), first) + added + lineEnd);
    } else if (comma < 0) {
      replace(lastEnd, lastEnd, ", " + added);
    } else {
      replace(comma + 1, comma + 1, " " + added);
    }
  }

  /** The comma between the last thing and the closing bracket, if there is one. */
  private int comma(int from, int close) {
    boolean comment = false;
    for (int i = from; i < close; i++) {
      char c = text.charAt(i);
      if (c == '\n') {
        comment = false;
      } else if (c == '#') {
        comment = true;
      } else if (c == ',' && !comment) {
        return i;
      }
    }
    return -1;
  }

  private int lastOf(Entry entry) {
    return Math.max(entry.key().span().end(), entry.value().span().end());
  }

  private int afterColon(Entry entry) {
    return text.indexOf(':', entry.key().span().end()) + 1;
  }

  private boolean isBlank(int index) {
    return index == text.length() || Character.isWhitespace(text.charAt(index));
  }

  private int lineStart(int index) {
    // A carriage return by itself ends a line of YAML too.
    return Math.max(text.lastIndexOf('\n', index - 1), text.lastIndexOf('\r', index - 1)) + 1;
  }

  private int column(int index) {
    int start = lineStart(index);
    return index - start - (start == 0 && text.startsWith("\uFEFF") ? 1 : 0);
  }

  private void replace(int start, int end, String with) {
    replacements.add(new Replacement(start, end, with));
  }

  private String block(String firstIndent, Map<String, String> item) {
    String indent = " ".repeat(firstIndent.length());
    return firstIndent
        + item.entrySet().stream()
            .map(entry -> entry.getKey() + ": " + value(entry.getValue()))
            .collect(Collectors.joining(lineEnd + indent));
  }

  private String flow(List<Map<String, String>> items) {
    return items.stream().map(this::flow).collect(Collectors.joining(", ", "[", "]"));
  }

  private String flow(Map<String, String> item) {
    return item.entrySet().stream()
        .map(entry -> key(entry.getKey()) + ": " + value(entry.getValue()))
        .collect(Collectors.joining(", ", "{ ", " }"));
  }

  private String key(String key) {
    return json ? quoted(key) : key;
  }

  /** Names need no quotes; what YAML could take for something else gets them. */
  private String value(String value) {
    boolean name = value.matches("[A-Za-z][A-Za-z0-9_./-]{0,60}");
    boolean word = value.matches("(?i)null|true|false|yes|no|on|off|y|n");
    return name && !word && !json ? value : quoted(value);
  }

  /** Everything that is written is printable ASCII without quotes and backslashes. */
  private static String quoted(String value) {
    return '"' + value + '"';
  }
}
