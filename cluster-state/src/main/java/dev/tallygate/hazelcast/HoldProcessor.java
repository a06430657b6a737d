package dev.tallygate.hazelcast;

import com.hazelcast.map.EntryProcessor;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Counts one more thing as a grant's. Answers an empty text where there was room, what had to go
 * for it where the oldest makes room, and null where nothing does.
 */
final class HoldProcessor implements EntryProcessor<String, Held, String> {
  final String key;
  final int max;
  final boolean oldestGoes;
  private transient boolean changed;

  HoldProcessor(String key, int max, boolean oldestGoes) {
    this.key = key;
    this.max = max;
    this.oldestGoes = oldestGoes;
  }

  @Override
  public String process(Map.Entry<String, Held> entry) {
    Held held = entry.getValue() == null ? new Held(List.of()) : entry.getValue();
    String gone = "";
    changed = false;
    if (held.keys().contains(key)) {
      return gone;
    }
    if (held.keys().size() >= max) {
      if (!oldestGoes) {
        return null;
      }
      Iterator<String> oldest = held.keys().iterator();
      gone = oldest.next();
      oldest.remove();
    }
    held.keys().add(key);
    entry.setValue(held);
    changed = true;
    return gone;
  }

  @Override
  public EntryProcessor<String, Held, String> getBackupProcessor() {
    return changed ? this : null;
  }
}
