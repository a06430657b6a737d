package dev.tallygate.hazelcast;

import com.hazelcast.map.EntryProcessor;
import java.util.Map;

/** Binds a task to a grant, unless it is bound; answers whether this did. */
final class BindTaskProcessor implements EntryProcessor<String, String, Boolean> {
  final String grantId;
  private transient boolean changed;

  BindTaskProcessor(String grantId) {
    this.grantId = grantId;
  }

  @Override
  public Boolean process(Map.Entry<String, String> entry) {
    changed = entry.getValue() == null;
    if (changed) {
      entry.setValue(grantId);
    }
    return changed;
  }

  @Override
  public EntryProcessor<String, String, Boolean> getBackupProcessor() {
    return changed ? this : null;
  }
}
