package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.tallygate.json.JsonDocument;
import dev.tallygate.json.JsonPointers;
import dev.tallygate.json.Position;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Checks of single fields of a document; gathers what they find. */
final class DocumentCheck {
  static final int MAX_FINDINGS = 500;
  private static final int MAX_COMPARED = 100;
  private static final int MAX_COMPARED_LENGTH = 64;

  private final JsonDocument document;
  private final List<Finding> findings = new ArrayList<>();

  DocumentCheck(JsonDocument document) {
    this.document = document;
    for (JsonDocument.DuplicateKey again : document.duplicates()) {
      add(
          Finding.Severity.ERROR,
          again.pointer(),
          again.position(),
          "this key occurs twice in one object; remove one of the two");
    }
  }

  void error(String pointer, String message) {
    add(Finding.Severity.ERROR, pointer, document.positionOf(pointer), message);
  }

  void warn(String pointer, String message) {
    add(Finding.Severity.WARNING, pointer, document.positionOf(pointer), message);
  }

  private void add(Finding.Severity severity, String pointer, Position position, String message) {
    if (findings.size() < MAX_FINDINGS) {
      findings.add(new Finding(severity, pointer, position, message));
    } else if (severity == Finding.Severity.ERROR && !hasErrors()) {
      // Warnings never crowd out the error that stops the document.
      findings.set(
          MAX_FINDINGS - 1, new Finding(Finding.Severity.ERROR, pointer, position, message));
    }
  }

  boolean hasErrors() {
    return findings.stream().anyMatch(f -> f.severity() == Finding.Severity.ERROR);
  }

  /** Everything found, in the order of the document. */
  List<Finding> findings() {
    return findings.stream()
        .sorted(
            Comparator.<Finding>comparingInt(f -> f.position().line())
                .thenComparingInt(f -> f.position().column()))
        .toList();
  }

  /** Whether {@code node} is an object; its unknown fields are errors. */
  boolean object(JsonNode node, String pointer, String what, List<String> known) {
    if (!node.isObject()) {
      error(pointer, what + " must be an object, as in {}");
      return false;
    }
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!known.contains(name)) {
        error(JsonPointers.child(pointer, name), unknown("field", name, known));
      }
    }
    return true;
  }

  /** The elements of a list; none where the field is absent or wrong. */
  List<JsonNode> list(JsonNode parent, String pointer, String field, int max) {
    JsonNode node = parent.get(field);
    if (node == null) {
      return List.of();
    }
    String at = JsonPointers.child(pointer, field);
    if (!node.isArray()) {
      error(at, "\"" + field + "\" must be a list, as in []");
      return List.of();
    }
    if (node.size() > max) {
      error(at, "\"" + field + "\" has " + node.size() + " entries; at most " + max + " are read");
      return List.of();
    }
    List<JsonNode> elements = new ArrayList<>();
    node.forEach(elements::add);
    return elements;
  }

  Optional<String> text(JsonNode parent, String pointer, String field, int maxLength) {
    JsonNode node = parent.get(field);
    if (node == null) {
      return Optional.empty();
    }
    String at = JsonPointers.child(pointer, field);
    if (!node.isTextual()) {
      error(at, "\"" + field + "\" must be a text in quotes");
      return Optional.empty();
    }
    String text = node.textValue();
    if (text.isBlank()) {
      error(at, "\"" + field + "\" must not be empty; leave the field out instead");
      return Optional.empty();
    }
    if (text.codePointCount(0, text.length()) > maxLength) {
      error(at, "\"" + field + "\" is longer than " + maxLength + " characters");
      return Optional.empty();
    }
    return Optional.of(text);
  }

  /** One of a few words; the first of them where the field is absent. */
  String word(JsonNode parent, String pointer, String field, List<String> words) {
    JsonNode node = parent.get(field);
    if (node == null) {
      return words.get(0);
    }
    if (!node.isTextual() || !words.contains(node.textValue())) {
      error(
          JsonPointers.child(pointer, field),
          "\""
              + field
              + "\" must be "
              + either(words)
              + (node.isTextual() ? suggestion(node.textValue(), words) : ""));
      return words.get(0);
    }
    return node.textValue();
  }

  /** A constant of an enum, written in lower case; {@code otherwise} where the field is absent. */
  <E extends Enum<E>> E word(
      JsonNode parent, String pointer, String field, E otherwise, List<E> constants) {
    List<String> words = new ArrayList<>();
    words.add(lower(otherwise));
    constants.stream().filter(c -> c != otherwise).forEach(c -> words.add(lower(c)));
    String word = word(parent, pointer, field, words);
    return constants.stream().filter(c -> lower(c).equals(word)).findFirst().orElse(otherwise);
  }

  /** A decimal, zero or more, of the range and precision of costs. */
  Optional<BigDecimal> cost(JsonNode parent, String pointer, String field) {
    JsonNode node = parent.get(field);
    if (node == null) {
      return Optional.empty();
    }
    String at = JsonPointers.child(pointer, field);
    if (!node.isNumber()) {
      error(at, "\"" + field + "\" must be a number, without quotes");
      return Optional.empty();
    }
    BigDecimal number = node.decimalValue();
    if (number.signum() < 0) {
      error(at, "\"" + field + "\" must be zero or more");
      return Optional.empty();
    }
    if (number.compareTo(Costs.MOST) > 0) {
      error(at, "\"" + field + "\" must be at most " + Costs.MOST.toPlainString());
      return Optional.empty();
    }
    Optional<BigDecimal> cost = Costs.normalised(number);
    if (cost.isEmpty()) {
      error(at, "\"" + field + "\" may have at most " + Costs.MAX_DECIMALS + " decimal places");
    }
    return cost;
  }

  static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  static String unknown(String kind, String name, Collection<String> known) {
    return "unknown "
        + kind
        + " "
        + quoted(name)
        + suggestion(name, known)
        + "; known here: "
        + String.join(", ", known);
  }

  static String quoted(String text) {
    return Wording.of(TextNode.valueOf(text));
  }

  private static String either(List<String> words) {
    List<String> quoted = words.stream().map(w -> "\"" + w + "\"").toList();
    int last = quoted.size() - 1;
    return last == 0
        ? quoted.get(0)
        : String.join(", ", quoted.subList(0, last)) + " or " + quoted.get(last);
  }

  static String suggestion(String name, Collection<String> known) {
    if (name.length() > MAX_COMPARED_LENGTH || known.size() > MAX_COMPARED) {
      return "";
    }
    String folded = name.toLowerCase(Locale.ROOT).replace('-', '_');
    return known.stream()
        .filter(k -> Math.abs(k.length() - folded.length()) <= 2)
        .map(k -> Map.entry(k, distance(folded, k)))
        .filter(e -> e.getValue() <= Math.min(2, e.getKey().length() / 2))
        .min(Map.Entry.comparingByValue())
        .map(e -> "; did you mean \"" + e.getKey() + "\"?")
        .orElse("");
  }

  /** Edit distance (V. Levenshtein, 1966), by the usual two-row table. */
  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(change, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
