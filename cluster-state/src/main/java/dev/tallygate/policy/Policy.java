package dev.tallygate.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;

/** A compiled policy. Immutable and thread-safe; every method is a pure function. */
public final class Policy {
  /** Reads, validates and compiles a document, UTF-8 JSON. Never throws for what it says. */
  public static PolicyReading read(byte[] utf8) {
    throw new UnsupportedOperationException();
  }

  /**
   * Judges one call.
   *
   * @param tool the name, byte for byte as called
   * @param arguments the call's arguments object, empty where the call has none
   */
  public Decision decide(String tool, JsonNode arguments) {
    throw new UnsupportedOperationException();
  }

  /** Whether {@code tools/list} shows the tool. One that it does not show answers as unknown. */
  public boolean lists(String tool) {
    throw new UnsupportedOperationException();
  }

  /** The tools that the document names. */
  public Set<String> namedTools() {
    throw new UnsupportedOperationException();
  }
}
