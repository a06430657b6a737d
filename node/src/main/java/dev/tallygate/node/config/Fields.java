package dev.tallygate.node.config;

import dev.tallygate.json.JsonPointers;
import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.node.config.YamlNode.Mapping;
import dev.tallygate.node.config.YamlNode.Scalar;
import dev.tallygate.node.config.YamlNode.Sequence;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Typed access to the keys of one mapping. What has the wrong type or range, and every unknown key,
 * becomes a finding; the value then counts as absent, so that reading goes on.
 */
final class Fields {
  private final Mapping mapping;
  private final String pointer;
  private final Findings findings;

  private Fields(Mapping mapping, String pointer, Findings findings) {
    this.mapping = mapping;
    this.pointer = pointer;
    this.findings = findings;
  }

  /** The fields of {@code node}; empty, and a finding, where it is not a mapping. */
  static Optional<Fields> of(
      YamlNode node, String pointer, Findings findings, List<String> knownKeys) {
    if (!(node instanceof Mapping mapping)) {
      findings.error(pointer, node, "must be keys and values: " + String.join(", ", knownKeys));
      return Optional.empty();
    }
    for (Entry entry : mapping.entries()) {
      String key = entry.key().text();
      if (!knownKeys.contains(key)) {
        String cure =
            Findings.nearest(key, knownKeys)
                .map(near -> "did you mean `" + near + "`?")
                .orElse("known keys are " + String.join(", ", knownKeys));
        findings.error(
            JsonPointers.child(pointer, key), entry.key(), "unknown key `" + key + "`; " + cure);
      }
    }
    return Optional.of(new Fields(mapping, pointer, findings));
  }

  String pointer(String key) {
    return JsonPointers.child(pointer, key);
  }

  Mapping mapping() {
    return mapping;
  }

  /** The value under a key; empty where the key is absent or its value is left out. */
  Optional<YamlNode> node(String key) {
    Optional<YamlNode> value = mapping.value(key);
    if (value.isPresent() && value.get() instanceof Scalar scalar && scalar.isNull()) {
      error(key, "has no value; give one or remove the key");
      return Optional.empty();
    }
    return value;
  }

  Optional<Fields> fields(String key, List<String> knownKeys) {
    return node(key).flatMap(node -> of(node, pointer(key), findings, knownKeys));
  }

  /** Single values are taken as they are written: {@code 42} is also a text. */
  Optional<String> text(String key) {
    Optional<YamlNode> node = node(key);
    if (node.isEmpty()) {
      return Optional.empty();
    }
    if (!(node.get() instanceof Scalar scalar)) {
      error(key, "must be a single piece of text");
      return Optional.empty();
    }
    if (scalar.text().isBlank()) {
      error(key, "must not be empty");
      return Optional.empty();
    }
    return Optional.of(scalar.text());
  }

  /**
   * A key without which the others do nothing. Empty where it is absent or says so, and where it is
   * wrong; others beside it are a finding then.
   *
   * @param off the choice that turns the others off
   * @param cure what to do where others are there nevertheless
   */
  Optional<String> unlessOff(String key, String off, List<String> choices, String cure) {
    Optional<String> written = text(key);
    if (written.isPresent() && !written.get().equals(off) && !choices.contains(written.get())) {
      List<String> allButLast = choices.subList(0, choices.size() - 1);
      error(
          key,
          "must be "
              + off
              + ", "
              + String.join(", ", allButLast)
              + " or "
              + choices.get(choices.size() - 1));
      return Optional.empty();
    }
    Optional<String> chosen = written.filter(choice -> !choice.equals(off));
    if (chosen.isEmpty() && mapping.entries().size() > (written.isEmpty() ? 0 : 1)) {
      error(key, "is " + off + ", so " + cure);
    }
    return chosen;
  }

  /** As {@link #text}, and a finding where the key is absent. */
  Optional<String> requiredText(String key, String cure) {
    require(key, cure);
    return text(key);
  }

  void require(String key, String cure) {
    if (mapping.value(key).isEmpty()) {
      findings.error(pointer, mapping, "`" + key + "` is missing; " + cure);
    }
  }

  Optional<Integer> wholeNumber(String key, int min, int max) {
    Optional<YamlNode> node = node(key);
    if (node.isEmpty()) {
      return Optional.empty();
    }
    if (node.get() instanceof Scalar scalar
        && scalar.plain()
        && scalar.text().matches("-?\\d{1,10}")) {
      long number = Long.parseLong(scalar.text());
      if (number >= min && number <= max) {
        return Optional.of((int) number);
      }
    }
    error(key, "must be a whole number from " + min + " to " + max);
    return Optional.empty();
  }

  Optional<Boolean> bool(String key) {
    Optional<YamlNode> node = node(key);
    if (node.isEmpty()) {
      return Optional.empty();
    }
    if (node.get() instanceof Scalar scalar && scalar.plain()) {
      if (scalar.text().equals("true") || scalar.text().equals("false")) {
        return Optional.of(Boolean.valueOf(scalar.text()));
      }
    }
    error(key, "must be true or false, without quotes");
    return Optional.empty();
  }

  Optional<Duration> duration(String key, Duration min, Duration max) {
    Optional<String> text = text(key);
    Optional<Duration> duration = text.flatMap(Units::duration);
    if (text.isPresent() && duration.isEmpty()) {
      error(key, "must be a duration such as 500ms, 5s, 2m, 1h or 30d");
    } else if (duration.isPresent()
        && (duration.get().compareTo(min) < 0 || duration.get().compareTo(max) > 0)) {
      error(key, "must be from " + Units.text(min) + " to " + Units.text(max));
      return Optional.empty();
    }
    return duration;
  }

  Optional<Long> bytes(String key, long min, long max) {
    Optional<String> text = text(key);
    Optional<Long> bytes = text.flatMap(Units::bytes);
    if (text.isPresent() && bytes.isEmpty()) {
      error(key, "must be a size such as 4096, 64KiB, 4MiB or 1GiB");
    } else if (bytes.isPresent() && (bytes.get() < min || bytes.get() > max)) {
      error(key, "must be from " + Units.text(min) + " to " + Units.text(max));
      return Optional.empty();
    }
    return bytes;
  }

  Optional<Instant> instant(String key) {
    Optional<String> text = text(key);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(OffsetDateTime.parse(text.get()).toInstant());
    } catch (DateTimeParseException e) {
      error(key, "must be a time with its offset, such as 2027-01-31T12:00:00Z");
      return Optional.empty();
    }
  }

  Optional<List<String>> texts(String key) {
    Optional<YamlNode> node = node(key);
    if (node.isEmpty()) {
      return Optional.empty();
    }
    if (!(node.get() instanceof Sequence sequence)) {
      error(key, "must be a list, such as [a, b]");
      return Optional.empty();
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < sequence.items().size(); i++) {
      if (sequence.items().get(i) instanceof Scalar scalar
          && !scalar.isNull()
          && !scalar.text().isBlank()) {
        texts.add(scalar.text());
      } else {
        findings.error(
            JsonPointers.child(pointer(key), i),
            sequence.items().get(i),
            "must be a single piece of text");
      }
    }
    return Optional.of(List.copyOf(texts));
  }

  /** A list's values; empty where the key is absent. */
  List<YamlNode> items(String key) {
    Optional<YamlNode> node = mapping.value(key);
    if (node.isEmpty() || node.get() instanceof Scalar scalar && scalar.isNull()) {
      return List.of();
    }
    if (node.get() instanceof Sequence sequence) {
      return sequence.items();
    }
    error(key, "must be a list");
    return List.of();
  }

  /** Entries of a mapping whose keys are names that the user chose. */
  List<Entry> named(String key) {
    Optional<YamlNode> node = mapping.value(key);
    if (node.isEmpty() || node.get() instanceof Scalar scalar && scalar.isNull()) {
      return List.of();
    }
    if (node.get() instanceof Mapping named) {
      return named.entries();
    }
    error(key, "must be names, each with its value");
    return List.of();
  }

  void error(String key, String message) {
    findings.error(pointer(key), mapping.value(key).orElse(mapping), "`" + key + "` " + message);
  }

  /** A finding about the fields as a whole. */
  void wrong(String message) {
    findings.error(pointer, mapping, message);
  }

  void warning(String key, String message) {
    findings.warning(pointer(key), mapping.value(key).orElse(mapping), "`" + key + "` " + message);
  }
}
