package dev.tallygate.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallygate.json.CanonicalJson;
import dev.tallygate.json.JsonPointers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * One place in which two definitions differ.
 *
 * @param pointer JSON Pointer (RFC 6901) of the place; empty for the whole
 * @param before empty if the place is new
 * @param after empty if the place is gone
 */
public record DefinitionChange(
    String pointer, Optional<JsonNode> before, Optional<JsonNode> after) {
  /** Beyond this many places the rest is not listed: the definitions have little in common. */
  public static final int MAX_CHANGES = 100;

  /** Members of tools and prompts that MCP names; others may be anything, a sentence even. */
  private static final Set<String> KNOWN_MEMBERS =
      Set.of(
          "name",
          "title",
          "description",
          "inputSchema",
          "outputSchema",
          "annotations",
          "icons",
          "execution",
          "arguments",
          "_meta");

  private static final int MAX_PLACE_CHARS = 500;

  /** This without the values, and with the beginning of a very long pointer. */
  public DefinitionChange placeOnly() {
    String place = pointer.substring(0, Math.min(pointer.length(), MAX_PLACE_CHARS));
    return new DefinitionChange(place, Optional.empty(), Optional.empty());
  }

  /** Where {@code now} differs from the pin that is the most like it. */
  public static List<DefinitionChange> since(List<Definition> pins, Definition now) {
    return pins.stream()
        .map(pin -> between(pin.value(), now.value()))
        .min(Comparator.comparingInt(List::size))
        .orElse(List.of());
  }

  /** Where two values differ, in the order of keys; at most {@link #MAX_CHANGES} places. */
  public static List<DefinitionChange> between(JsonNode before, JsonNode after) {
    List<DefinitionChange> found = new ArrayList<>();
    compare("", before, after, found);
    return found;
  }

  /**
   * The outermost members that changed, in words that are safe to show to a model: only names that
   * MCP itself gives.
   */
  public static List<String> members(List<DefinitionChange> changes) {
    Set<String> members = new TreeSet<>();
    for (DefinitionChange change : changes) {
      String[] steps = change.pointer.split("/", 3);
      if (steps.length > 1) {
        members.add(KNOWN_MEMBERS.contains(steps[1]) ? steps[1] : "other members");
      }
    }
    return List.copyOf(members);
  }

  private static void compare(
      String pointer, JsonNode before, JsonNode after, List<DefinitionChange> found) {
    if (found.size() >= MAX_CHANGES) {
      return;
    }
    if (before.isObject() && after.isObject()) {
      Set<String> keys = new TreeSet<>(CanonicalJson.sortedKeys(before));
      keys.addAll(CanonicalJson.sortedKeys(after));
      for (String key : keys) {
        member(JsonPointers.child(pointer, key), before.get(key), after.get(key), found);
      }
    } else if (before.isArray() && after.isArray()) {
      for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
        member(JsonPointers.child(pointer, i), before.get(i), after.get(i), found);
      }
    } else if (!Definition.of(before).equals(Definition.of(after))) {
      found.add(new DefinitionChange(pointer, Optional.of(before), Optional.of(after)));
    }
  }

  private static void member(
      String pointer, JsonNode before, JsonNode after, List<DefinitionChange> found) {
    if (before == null || after == null) {
      if (found.size() < MAX_CHANGES) {
        found.add(
            new DefinitionChange(pointer, Optional.ofNullable(before), Optional.ofNullable(after)));
      }
    } else {
      compare(pointer, before, after, found);
    }
  }
}
