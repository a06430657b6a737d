package dev.tallygate.hazelcast;

import com.hazelcast.map.EntryProcessor;
import java.util.Map;
import java.util.Set;

/** Counts things as a grant's no more; answers whether any was. */
final class ReleaseProcessor implements EntryProcessor<String, Held, Boolean> {
  final Set<String> keys;
  private transient boolean changed;

  ReleaseProcessor(Set<String> keys) {
    this.keys = keys;
  }

  @Override
  public Boolean process(Map.Entry<String, Held> entry) {
    Held held = entry.getValue();
    changed = held != null && held.keys().removeAll(keys);
    if (changed) {
      entry.setValue(held.keys().isEmpty() ? null : held);
    }
    return changed;
  }

  @Override
  public EntryProcessor<String, Held, Boolean> getBackupProcessor() {
    return changed ? this : null;
  }
}
