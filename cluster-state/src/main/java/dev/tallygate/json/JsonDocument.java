package dev.tallygate.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/**
 * A document together with where each value stands in its text, so that an error can name the
 * place.
 *
 * @param root the value; of two equal keys it holds the first
 * @param positions JSON Pointer (RFC 6901) of each value to the place of its key, or of the value
 *     itself where it has none
 * @param duplicates keys that occur again in the same object
 */
public record JsonDocument(
    JsonNode root, Map<String, Position> positions, List<DuplicateKey> duplicates) {

  /** A second key of the same name in one object. */
  public record DuplicateKey(String pointer, Position position) {}

  public JsonDocument {
    positions = Map.copyOf(positions);
    duplicates = List.copyOf(duplicates);
  }

  /** The place of the value at {@code pointer}, or of its nearest ancestor that is there. */
  public Position positionOf(String pointer) {
    String at = pointer;
    while (true) {
      Position found = positions.get(at);
      if (found != null) {
        return found;
      }
      int slash = at.lastIndexOf('/');
      if (slash < 0) {
        return Position.START;
      }
      at = at.substring(0, slash);
    }
  }
}
