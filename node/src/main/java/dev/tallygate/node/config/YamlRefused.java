package dev.tallygate.node.config;

import dev.tallygate.json.Position;

/** A text that is not YAML within the bounds: what is wrong, and where. */
final class YamlRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Position position;

  YamlRefused(Position position, String message) {
    super(message, null, false, false);
    this.position = position;
  }

  Position position() {
    return position;
  }
}
