package dev.tallygate.registry;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * The definitions of one server that are approved. A thing may have several: servers word it
 * otherwise in other versions of MCP. Immutable and thread-safe.
 */
public final class ServerPins {
  public static final ServerPins NONE = new ServerPins(Map.of());

  private final Map<PinKey, List<Definition>> pins;

  private ServerPins(Map<PinKey, List<Definition>> pins) {
    this.pins = Map.copyOf(pins);
  }

  /** Those definitions, in their order; a thing without any is left out. */
  public static ServerPins of(Map<PinKey, ? extends Collection<Definition>> definitions) {
    Map<PinKey, List<Definition>> pins = new HashMap<>();
    definitions.forEach(
        (key, all) -> {
          if (!all.isEmpty()) {
            pins.put(key, List.copyOf(new LinkedHashSet<>(all)));
          }
        });
    return new ServerPins(pins);
  }

  /** In no order. */
  public Collection<PinKey> keys() {
    return pins.keySet();
  }

  public boolean isEmpty() {
    return pins.isEmpty();
  }

  /** The approved definitions, the first approved first; none for what was never approved. */
  public List<Definition> of(PinKey key) {
    return pins.getOrDefault(key, List.of());
  }

  public boolean has(PinKey key) {
    return pins.containsKey(key);
  }

  /** With these definitions of a thing, in place of those that it has; none takes it out. */
  public ServerPins with(PinKey key, List<Definition> definitions) {
    Map<PinKey, List<Definition>> changed = new HashMap<>(pins);
    changed.put(key, definitions);
    return of(changed);
  }

  /** With those of {@code others} for what has none here. */
  public ServerPins withMissing(ServerPins others) {
    Map<PinKey, List<Definition>> merged = new HashMap<>(others.pins);
    merged.putAll(pins);
    return new ServerPins(merged);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ServerPins that && pins.equals(that.pins);
  }

  @Override
  public int hashCode() {
    return pins.hashCode();
  }

  @Override
  public String toString() {
    return "ServerPins[" + pins.size() + "]";
  }
}
