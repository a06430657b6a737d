package dev.tallygate.hazelcast;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;

/** Keys of what a grant has of one kind, the oldest first. */
final class Held {
  private final Set<String> keys;

  Held(Collection<String> keys) {
    this.keys = new LinkedHashSet<>(keys);
  }

  Set<String> keys() {
    return keys;
  }
}
