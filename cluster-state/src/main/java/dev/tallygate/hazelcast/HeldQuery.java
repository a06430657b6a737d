package dev.tallygate.hazelcast;

import com.hazelcast.map.EntryProcessor;
import java.util.Map;

/** Answers the keys of what a grant has. */
final class HeldQuery implements EntryProcessor<String, Held, String[]> {
  @Override
  public String[] process(Map.Entry<String, Held> entry) {
    return entry.getValue() == null
        ? new String[0]
        : entry.getValue().keys().toArray(String[]::new);
  }

  @Override
  public EntryProcessor<String, Held, String[]> getBackupProcessor() {
    return null;
  }
}
