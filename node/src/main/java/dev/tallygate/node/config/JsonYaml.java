package dev.tallygate.node.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.Position;
import dev.tallygate.node.config.YamlNode.Entry;
import dev.tallygate.node.config.YamlNode.Mapping;
import dev.tallygate.node.config.YamlNode.Scalar;
import dev.tallygate.node.config.YamlNode.Sequence;
import dev.tallygate.node.config.YamlNode.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** JSON as if it stood in a YAML file, so that the same readers take both. */
final class JsonYaml {
  private static final Span NOWHERE = new Span(0, 0, Position.START);

  private JsonYaml() {}

  static YamlNode node(JsonNode json) {
    if (json.isObject()) {
      return new Mapping(entries(json), true, NOWHERE);
    }
    if (json.isArray()) {
      List<YamlNode> items = new ArrayList<>();
      json.forEach(item -> items.add(node(item)));
      return new Sequence(items, true, NOWHERE);
    }
    if (json.isNull()) {
      return new Scalar("null", true, NOWHERE);
    }
    Scalar plain = new Scalar(json.asText(), true, NOWHERE);
    return plain.isNull() ? text(plain.text()) : plain;
  }

  static List<Entry> entries(JsonNode object) {
    List<Entry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> member : object.properties()) {
      entries.add(new Entry(text(member.getKey()), node(member.getValue())));
    }
    return entries;
  }

  private static Scalar text(String text) {
    return new Scalar(text, false, NOWHERE);
  }
}
